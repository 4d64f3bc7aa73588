"""The answers about node pools."""

import copy
from collections.abc import Mapping
from typing import Any

from bascule.lab.arm.answers import answer_begun
from bascule.lab.arm.containers import changes
from bascule.lab.arm.containers.desk import ClusterDesk, find_profile, refuse_if_match
from bascule.lab.arm.containers.lifecycle import Lifecycle
from bascule.lab.arm.containers.pools import changed_profile, render_pool
from bascule.lab.arm.containers.refusals import bad_request, pool_not_found
from bascule.lab.arm.containers.subnets import check_room
from bascule.lab.arm.containers.upgrades import render_pool_profile, render_pool_versions
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.requests import ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld


class PoolPages:
    """Answers requests below `agentPools`."""

    def __init__(
        self, world: ArmWorld, desk: ClusterDesk, lifecycle: Lifecycle, quotas: Quotas
    ) -> None:
        self._world = world
        self._desk = desk
        self._lifecycle = lifecycle
        self._quotas = quotas

    async def answer(self, request: ArmRequest) -> ArmReply:
        """Answer for one pool, or for all of a cluster."""
        document = self._desk.find(request.path)
        profiles = document["properties"]["agentPoolProfiles"]
        if request.path.is_collection:
            value = [render_pool(document["id"], profile) for profile in profiles]
            return ArmReply(body={"value": value})
        name = request.path.name.lower()
        profile = next((each for each in profiles if each["name"] == name), None)
        match request.method:
            case "GET" | "HEAD" if profile is not None:
                return ArmReply(body=render_pool(document["id"], profile))
            case "PUT":
                return self._put_pool(request, document, profile)
            case "DELETE":
                return self._delete_pool(request, document, profile)
            case _:
                raise pool_not_found(name, document["name"])

    def _put_pool(
        self, request: ArmRequest, document: Document, profile: dict[str, Any] | None
    ) -> ArmReply:
        self._desk.refuse_unready(document)
        refuse_if_match(request, profile)
        name = request.path.name
        body = {**((request.body or {}).get("properties") or {}), "name": name}
        if profile is None:
            change, after = changes.POOL_ADD, changes.pool_of(document, body, self._desk.new_tag())
            document["properties"]["agentPoolProfiles"].append(after)
        else:
            before = copy.deepcopy(profile)
            changed = changed_profile(profile, body)
            after = changes.upgraded_pool(document, changed, before)
            change = _pool_change(before, after)
            profiles = document["properties"]["agentPoolProfiles"]
            document["properties"]["agentPoolProfiles"] = [
                after if each["name"] == name else each for each in profiles
            ]
        check_room(self._world.resources, document)
        self._quotas.check(document)
        after |= {"provisioningState": change.state, "eTag": self._desk.new_tag()}
        self._world.resources.put(document)
        replaced = name if change is changes.POOL_UPGRADE else ""
        operation = self._lifecycle.begin(change, document, pool=name, replaced=replaced)
        status = 201 if profile is None else 200
        shown = render_pool(document["id"], after)
        return answer_begun(self._world, request, operation, status=status, body=shown)

    def _delete_pool(
        self, request: ArmRequest, document: Document, profile: dict[str, Any] | None
    ) -> ArmReply:
        if profile is None:
            return ArmReply(status=204)
        self._desk.refuse_unready(document)
        refuse_if_match(request, profile)
        others = [
            each
            for each in document["properties"]["agentPoolProfiles"]
            if each is not profile and each["mode"] == "System"
        ]
        if not others:
            raise bad_request("There has to be at least one system agent pool.")
        profile["provisioningState"] = "Deleting"
        self._world.resources.put(document)
        operation = self._lifecycle.begin_pool_delete(
            changes.POOL_DELETE, document, profile["name"]
        )
        return self._desk.accepted(request, operation)

    async def upgrade_image(self, request: ArmRequest) -> ArmReply:
        """Begin to renew the image of a pool's machines."""
        document = self._desk.find(request.path)
        self._desk.refuse_unready(document)
        name = request.path.names[1].lower()
        profile = find_profile(document, name)
        profile["provisioningState"] = "UpgradingNodeImageVersion"
        self._world.resources.put(document)
        operation = self._lifecycle.begin(changes.POOL_UPGRADE, document, pool=name, replaced=name)
        return self._desk.accepted(request, operation)

    async def upgrades(self, request: ArmRequest) -> ArmReply:
        """Say to which versions a pool may go."""
        document = self._desk.find(request.path)
        profile = find_profile(document, request.path.names[1].lower())
        return ArmReply(body=render_pool_profile(document, profile))

    async def versions(self, request: ArmRequest) -> ArmReply:
        """Say which versions a new pool may have."""
        return ArmReply(body=render_pool_versions(self._desk.find(request.path)))


def _pool_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> changes.Change:
    if before["currentOrchestratorVersion"] != after["currentOrchestratorVersion"]:
        return changes.POOL_UPGRADE
    return changes.POOL_SCALE if before["count"] != after["count"] else changes.POOL_UPDATE
