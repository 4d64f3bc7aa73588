"""Microsoft.ContainerService: answers each request, and begins what takes long."""

import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from typing_extensions import override

from bascule.lab.arm.answers import answer_begun
from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.containers import changes, versions
from bascule.lab.arm.containers.births import Births
from bascule.lab.arm.containers.clusters import changed_cluster, derive
from bascule.lab.arm.containers.credentials import build_credentials
from bascule.lab.arm.containers.lifecycle import Lifecycle
from bascule.lab.arm.containers.pools import changed_profile, render_pool
from bascule.lab.arm.containers.refusals import (
    bad_request,
    busy,
    etag_mismatch,
    no_static_credential,
    pool_not_found,
    stopped,
)
from bascule.lab.arm.containers.starter import ClusterStarter
from bascule.lab.arm.containers.subnets import CLUSTERS, check_room
from bascule.lab.arm.containers.upgrades import (
    render_pool_profile,
    render_pool_versions,
    render_profile,
)
from bascule.lab.arm.dispatch import resource_not_found
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld, Provider

MAINTENANCE: Final = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations"
Answer = Callable[[ArmRequest], Awaitable[ArmReply]]


class ContainerServiceProvider(Provider):
    """Managed clusters and their pools; `starter` runs what they stand for."""

    namespace = "Microsoft.ContainerService"

    def __init__(
        self,
        world: ArmWorld,
        starter: ClusterStarter,
        principals: Principals,
        quotas: Quotas,
        *,
        sign_in_key: Mapping[str, str] | None = None,
    ) -> None:
        self._world = world
        self._starter = starter
        self._quotas = quotas
        self._lifecycle = Lifecycle(world, starter, principals, dict(sign_in_key or {}))
        self._births = Births(world, principals, quotas)
        self._answers: Mapping[str, Answer] = {
            "managedclusters": self._cluster,
            "managedclusters/agentpools": self._pool,
            "managedclusters/agentpools/abort": self._abort_pool,
            "managedclusters/agentpools/upgradenodeimageversion": self._upgrade_image,
            "managedclusters/agentpools/upgradeprofiles": self._pool_upgrades,
            "managedclusters/availableagentpoolversions": self._pool_versions,
            "managedclusters/upgradeprofiles": self._upgrades,
            "managedclusters/listclusteradmincredential": self._admin_credential,
            "managedclusters/listclusterusercredential": self._user_credential,
            "managedclusters/start": self._start,
            "managedclusters/stop": self._stop,
            "managedclusters/abort": self._abort,
            "managedclusters/maintenanceconfigurations": self._maintenance,
            "locations/kubernetesversions": self._versions,
        }

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        kind = request.path.kind.partition("/")[2]
        answer = self._answers.get(kind)
        if answer is None:
            raise ArmRefusal(
                404,
                "InvalidResourceType",
                f"The resource type '{kind}' could not be found in the namespace "
                "'Microsoft.ContainerService'.",
                headers={"x-ms-failure-cause": "gateway"},
            )
        return await answer(request)

    async def start(self) -> None:
        """Have the clusters of before run again, after the lab was started again."""
        await self._lifecycle.recover()

    def on_roles_changed(self) -> None:
        """Have Entra clusters know who may do what in them now."""
        self._lifecycle.allow_all()

    async def stop(self) -> None:
        """End the processes of all clusters; their data stay."""
        await self._starter.close()

    # Clusters.

    async def _cluster(self, request: ArmRequest) -> ArmReply:
        if request.path.is_collection:
            found = self._world.resources.of_type(CLUSTERS, request.path.scope)
            return ArmReply(body={"value": list(found)})
        match request.method:
            case "GET" | "HEAD":
                return ArmReply(body=self._find(request.path))
            case "PUT":
                return self._put(request)
            case "PATCH":
                return self._patch(request)
            case "DELETE":
                return self._delete(request)
            case _:
                raise _not_allowed(request)

    def _put(self, request: ArmRequest) -> ArmReply:
        body: dict[str, Any] = request.body if isinstance(request.body, dict) else {}
        existing = self._world.resources.find(_cluster_id(request.path))
        if existing is not None:
            return self._change(request, existing, body)
        _refuse_if_match(request, None)
        document = self._births.bear(request, body)
        self._world.resources.put(document)
        operation = self._lifecycle.begin(changes.CREATE, document)
        return answer_begun(self._world, request, operation, status=201, body=document)

    def _change(self, request: ArmRequest, existing: Document, body: dict[str, Any]) -> ArmReply:
        self._refuse_unready(existing)
        _refuse_if_match(request, existing)
        properties: Mapping[str, Any] = body.get("properties") or {}
        document = changed_cluster(existing, body)
        document = changes.with_version(document, properties.get("kubernetesVersion") or "")
        listed = properties.get("agentPoolProfiles") or []
        document = changes.with_changed_pools(document, listed, self._tag)
        record = self._lifecycle.record(document)
        derive(document, self._world.settings.tenant_id, record["issuer"])
        check_room(self._world.resources, document)
        self._quotas.check(document)
        change = changes.change_between(existing, document)
        self._mark(document, change.state)
        replaced = changes.pools_to_replace(existing, document)
        operation = self._lifecycle.begin(
            change, document, replaced="*" if len(replaced) > 1 else "".join(replaced)
        )
        return answer_begun(self._world, request, operation, status=200, body=document)

    def _patch(self, request: ArmRequest) -> ArmReply:
        document = self._find(request.path)
        self._refuse_busy(document)
        document["tags"] = dict((request.body or {}).get("tags") or {})
        document["eTag"] = self._tag()
        self._world.resources.put(document)
        return ArmReply(body=document)

    def _delete(self, request: ArmRequest) -> ArmReply:
        document = self._world.resources.find(_cluster_id(request.path))
        if document is None:
            return ArmReply(status=204)
        _refuse_if_match(request, document)
        if document["properties"]["provisioningState"] == "Deleting":
            self._refuse_busy(document)
        operation = self._lifecycle.begin_delete(changes.DELETE, document)
        self._mark(document, "Deleting")
        return self._accepted(request, operation)

    # Pools.

    async def _pool(self, request: ArmRequest) -> ArmReply:
        document = self._find(request.path)
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
        self._refuse_unready(document)
        _refuse_if_match(request, profile)
        name = request.path.name
        body = {**((request.body or {}).get("properties") or {}), "name": name}
        if profile is None:
            change, after = changes.POOL_ADD, changes.pool_of(document, body, self._tag())
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
        after |= {"provisioningState": change.state, "eTag": self._tag()}
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
        self._refuse_unready(document)
        _refuse_if_match(request, profile)
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
        return self._accepted(request, operation)

    async def _upgrade_image(self, request: ArmRequest) -> ArmReply:
        document = self._find(request.path)
        self._refuse_unready(document)
        name = request.path.names[1].lower()
        profile = _profile(document, name)
        profile["provisioningState"] = "UpgradingNodeImageVersion"
        self._world.resources.put(document)
        operation = self._lifecycle.begin(changes.POOL_UPGRADE, document, pool=name, replaced=name)
        return self._accepted(request, operation)

    async def _pool_upgrades(self, request: ArmRequest) -> ArmReply:
        document = self._find(request.path)
        profile = _profile(document, request.path.names[1].lower())
        return ArmReply(body=render_pool_profile(document, profile))

    async def _pool_versions(self, request: ArmRequest) -> ArmReply:
        return ArmReply(body=render_pool_versions(self._find(request.path)))

    # Versions.

    async def _upgrades(self, request: ArmRequest) -> ArmReply:
        return ArmReply(body=render_profile(self._find(request.path)))

    async def _versions(self, _request: ArmRequest) -> ArmReply:
        return ArmReply(body=versions.render_versions())

    # Credentials.

    async def _admin_credential(self, request: ArmRequest) -> ArmReply:
        return self._credential(request, is_admin=True)

    async def _user_credential(self, request: ArmRequest) -> ArmReply:
        return self._credential(request, is_admin=False)

    def _credential(self, request: ArmRequest, *, is_admin: bool) -> ArmReply:
        document = self._find(request.path)
        if is_admin and document["properties"]["disableLocalAccounts"]:
            raise no_static_credential()
        key = self._lifecycle.record(document)["key"]
        body = build_credentials(
            document,
            self._starter.kubeconfig(key),
            is_admin=is_admin,
            tenant_id=self._world.settings.tenant_id,
        )
        return ArmReply(body=body)

    # Power.

    async def _stop(self, request: ArmRequest) -> ArmReply:
        return self._power(request, changes.STOP, "Stopped")

    async def _start(self, request: ArmRequest) -> ArmReply:
        return self._power(request, changes.START, "Running")

    def _power(self, request: ArmRequest, change: changes.Change, code: str) -> ArmReply:
        document = self._find(request.path)
        self._refuse_busy(document)
        self._mark(document, change.state)
        operation = self._lifecycle.begin_power(change, document, code)
        return self._accepted(request, operation)

    async def _abort(self, request: ArmRequest) -> ArmReply:
        document = self._find(request.path)
        running = self._lifecycle.running_on(document)
        if running is None:
            raise bad_request("There is no operation in progress that could be aborted.")
        return self._accepted(request, self._lifecycle.begin_abort(document, running))

    async def _abort_pool(self, request: ArmRequest) -> ArmReply:
        return await self._abort(request)

    # Maintenance windows.

    async def _maintenance(self, request: ArmRequest) -> ArmReply:
        document = self._find(request.path)
        resources = self._world.resources
        place = f"{document['id']}/maintenanceConfigurations/{request.path.name}"
        if request.path.is_collection:
            value = list(resources.of_type(MAINTENANCE, document["id"]))
            return ArmReply(body={"value": value})
        existing = resources.find(place)
        match request.method:
            case "PUT":
                made = {
                    "id": place,
                    "name": request.path.name,
                    "type": MAINTENANCE,
                    "properties": (request.body or {}).get("properties") or {},
                }
                resources.put(made)
                return ArmReply(status=200 if existing else 201, body=made)
            case "DELETE":
                resources.remove(place)
                return ArmReply(status=200 if existing else 204)
            case _ if existing is not None:
                return ArmReply(body=existing)
            case _:
                raise resource_not_found(request.path)

    # What all share.

    def _find(self, path: ArmPath) -> Document:
        found = self._world.resources.find(_cluster_id(path))
        if found is None:
            raise resource_not_found(path)
        return found

    def _mark(self, document: Document, state: str) -> None:
        """Show a cluster and all its pools in a state, under new eTags."""
        document["eTag"] = self._tag()
        document["properties"]["provisioningState"] = state
        for profile in document["properties"]["agentPoolProfiles"]:
            profile |= {"provisioningState": state, "eTag": self._tag()}
        self._world.resources.put(document)

    def _tag(self) -> str:
        return str(self._world.make_id())

    def _refuse_unready(self, document: Document) -> None:
        self._refuse_busy(document)
        if document["properties"]["powerState"]["code"] != "Running":
            raise stopped(document["name"])

    def _refuse_busy(self, document: Document) -> None:
        running = self._lifecycle.running_on(document)
        if running is None:
            return
        name = running.resource_id.rpartition("/")[2]
        properties: dict[str, Any] = document["properties"]
        states = {each["name"]: each["provisioningState"] for each in _profiles(document)}
        raise busy(name, states.get(name, properties["provisioningState"]))

    def _accepted(self, request: ArmRequest, operation: Operation) -> ArmReply:
        return answer_begun(self._world, request, operation, status=202, has_location=True)


def _cluster_id(path: ArmPath) -> str:
    return (
        f"/subscriptions/{path.subscription}/resourcegroups/{path.group}/providers/"
        f"Microsoft.ContainerService/managedClusters/{path.names[0]}"
    )


def _profiles(document: Document) -> list[dict[str, Any]]:
    profiles: list[dict[str, Any]] = document["properties"]["agentPoolProfiles"]
    return profiles


def _profile(document: Document, name: str) -> dict[str, Any]:
    for profile in _profiles(document):
        if profile["name"] == name:
            return profile
    raise pool_not_found(name, document["name"])


def _pool_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> changes.Change:
    if before["currentOrchestratorVersion"] != after["currentOrchestratorVersion"]:
        return changes.POOL_UPGRADE
    return changes.POOL_SCALE if before["count"] != after["count"] else changes.POOL_UPDATE


def _refuse_if_match(request: ArmRequest, existing: Mapping[str, Any] | None) -> None:
    wanted = request.headers.get("if-match", "").strip()
    if wanted and wanted != "*":
        current = str((existing or {}).get("eTag", ""))
        if wanted.removeprefix("W/").strip('"') != current:
            raise etag_mismatch()
    if request.headers.get("if-none-match", "").strip() == "*" and existing is not None:
        raise etag_mismatch()


def _not_allowed(request: ArmRequest) -> ArmRefusal:
    return ArmRefusal(
        405, "MethodNotAllowed", f"{request.method} is not allowed on {request.path.text}."
    )
