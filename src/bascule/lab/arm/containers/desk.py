"""What all answers about clusters share: finding one, and refusing what may not be done now."""

from collections.abc import Mapping
from typing import Any

from bascule.lab.arm.answers import answer_begun
from bascule.lab.arm.containers.lifecycle import Lifecycle
from bascule.lab.arm.containers.refusals import busy, etag_mismatch, pool_not_found, stopped
from bascule.lab.arm.dispatch import resource_not_found
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.requests import ArmReply, ArmRequest
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld


class ClusterDesk:
    """Clusters as requests find them."""

    def __init__(self, world: ArmWorld, lifecycle: Lifecycle) -> None:
        self._world = world
        self._lifecycle = lifecycle

    def find(self, path: ArmPath) -> Document:
        """Return the cluster that a path is about. Raises ArmRefusal 404."""
        found = self._world.resources.find(cluster_id_of(path))
        if found is None:
            raise resource_not_found(path)
        return found

    def mark(self, document: Document, state: str) -> None:
        """Show a cluster and all its pools in a state, under new eTags."""
        document["eTag"] = self.new_tag()
        document["properties"]["provisioningState"] = state
        for profile in document["properties"]["agentPoolProfiles"]:
            profile |= {"provisioningState": state, "eTag": self.new_tag()}
        self._world.resources.put(document)

    def new_tag(self) -> str:
        """Return an eTag that nothing had before."""
        return str(self._world.make_id())

    def refuse_unready(self, document: Document) -> None:
        """Raise ArmRefusal 409 if a cluster is busy or stopped."""
        self.refuse_busy(document)
        if document["properties"]["powerState"]["code"] != "Running":
            raise stopped(document["name"])

    def refuse_busy(self, document: Document) -> None:
        """Raise ArmRefusal 409 if something is done to a cluster already."""
        running = self._lifecycle.running_on(document)
        if running is None:
            return
        name = running.resource_id.rpartition("/")[2]
        properties: dict[str, Any] = document["properties"]
        states = {
            each["name"]: each["provisioningState"]
            for each in document["properties"]["agentPoolProfiles"]
        }
        raise busy(name, states.get(name, properties["provisioningState"]))

    def accepted(self, request: ArmRequest, operation: Operation) -> ArmReply:
        """Answer 202 to what has begun."""
        return answer_begun(self._world, request, operation, status=202, has_location=True)


def cluster_id_of(path: ArmPath) -> str:
    """Return the id of the cluster that a path is of, or below."""
    return (
        f"/subscriptions/{path.subscription}/resourcegroups/{path.group}/providers/"
        f"Microsoft.ContainerService/managedClusters/{path.names[0]}"
    )


def find_profile(document: Document, name: str) -> dict[str, Any]:
    """Return a pool of a cluster. Raises ArmRefusal 404."""
    profiles: list[dict[str, Any]] = document["properties"]["agentPoolProfiles"]
    for profile in profiles:
        if profile["name"] == name:
            return profile
    raise pool_not_found(name, document["name"])


def refuse_if_match(request: ArmRequest, existing: Mapping[str, Any] | None) -> None:
    """Raise ArmRefusal 409 if a request is about another state than the one there is."""
    wanted = request.headers.get("if-match", "").strip()
    if wanted and wanted != "*":
        current = str((existing or {}).get("eTag", ""))
        if wanted.removeprefix("W/").strip('"') != current:
            raise etag_mismatch()
    if request.headers.get("if-none-match", "").strip() == "*" and existing is not None:
        raise etag_mismatch()
