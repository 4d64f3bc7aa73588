"""Carries changes of clusters out: documents, machines and processes, as an operation goes on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from bascule.lab.arm.authorization.authorizer import Authorizer
from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.containers.access import build_access
from bascule.lab.arm.containers.changes import ABORT, Change
from bascule.lab.arm.containers.machines import (
    NoNodeAddressError,
    Record,
    record_id,
    with_machines,
)
from bascule.lab.arm.containers.plans import block_of, build_plan
from bascule.lab.arm.containers.starter import ClusterStarter
from bascule.lab.arm.containers.surroundings import Surroundings
from bascule.lab.arm.operations import Operation, OperationFailedError
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

_ENDS: Final = frozenset({"Succeeded", "Failed", "Canceled"})
_PREEMPTED: Final = {
    "code": "OperationPreempted",
    "message": "This operation has been preempted by Deleting operation.",
}
_ABORTED: Final = {
    "code": "OperationAborted",
    "message": "The operation was aborted at the request of the user.",
}

_log = logging.getLogger(__name__)


class Lifecycle:
    """Begins operations on clusters and brings them about."""

    def __init__(
        self,
        world: ArmWorld,
        starter: ClusterStarter,
        principals: Principals,
        sign_in_key: dict[str, str],
    ) -> None:
        self._world = world
        self._authorizer = Authorizer(world)
        self._sign_in_key = sign_in_key
        self._starter = starter
        self._surroundings = Surroundings(world, principals)

    def record(self, document: Document) -> Record:
        """Return what is kept beside a cluster's document."""
        found = self._world.resources.find(record_id(document["id"]))
        if found is None:
            raise KeyError(document["id"])
        return found

    def running_on(self, document: Document) -> Operation | None:
        """Return the operation that runs on a cluster or on one of its pools."""
        operations = self._world.operations
        ids = [document["id"]]
        ids += [
            f"{document['id']}/agentPools/{each['name']}"
            for each in document["properties"]["agentPoolProfiles"]
        ]
        return next((found for each in ids if (found := operations.running_on(each))), None)

    def begin(
        self, change: Change, document: Document, *, pool: str = "", replaced: str = ""
    ) -> Operation:
        """Begin to make a cluster as its document says; `pool` if only that one is concerned.

        `replaced` names the pool (or `*`) whose machines are replaced one by one.
        """

        async def work(operation: Operation) -> None:
            if change.kind == "aks.create":
                self._surroundings.make(self._find(document["id"]))
            await self._apply(document["id"], replaced)
            await self._pass_stages(operation, change)

        return self._begin(change, document, pool, work)

    def begin_delete(self, change: Change, document: Document) -> Operation:
        """Begin to delete a cluster; whatever else runs on it is preempted."""
        while (running := self.running_on(document)) is not None:
            self._world.operations.cancel(running, _PREEMPTED)

        async def work(operation: Operation) -> None:
            record = self._world.resources.find(record_id(document["id"]))
            if record is not None:
                await self._starter.remove(record["key"])
            await self._pass_stages(operation, change)
            self._surroundings.remove(document)

        return self._begin(change, document, "", work, is_kept=False)

    def begin_pool_delete(self, change: Change, document: Document, pool: str) -> Operation:
        """Begin to delete a pool with its machines."""

        async def work(operation: Operation) -> None:
            current = self._find(document["id"])
            profiles = current["properties"]["agentPoolProfiles"]
            current["properties"]["agentPoolProfiles"] = [
                each for each in profiles if each["name"] != pool
            ]
            await self._apply(document["id"], "", wanted=current)
            await self._pass_stages(operation, change)
            self._drop_pool(document["id"], pool)

        return self._begin(change, document, pool, work)

    def begin_power(self, change: Change, document: Document, code: str) -> Operation:
        """Begin to stop or start a cluster; its data stay."""

        async def work(operation: Operation) -> None:
            if code == "Stopped":
                await self._starter.stop(self.record(document)["key"])
            else:
                await self._apply(document["id"], "")
            await self._pass_stages(operation, change)
            self._set_power(document["id"], code)

        return self._begin(change, document, "", work)

    def begin_abort(self, document: Document, running: Operation) -> Operation:
        """Cancel the operation that runs, and begin the one that says so."""
        self._set_states(document["id"], "Canceled", "")
        self._world.operations.cancel(running, _ABORTED)

        async def work(operation: Operation) -> None:
            await self._pass_stages(operation, ABORT)

        return self._world.operations.begin(
            ABORT.name,
            document["id"],
            duration_s=self._world.durations.draw_s(ABORT.kind),
            work=work,
            kind=ABORT.kind,
        )

    async def recover(self) -> None:
        """Have all clusters run that should, after the lab was started again.

        What was under way then has failed.
        """
        for record in tuple(self._world.resources.of_type("Lab/clusters")):
            document = self._world.resources.find(record["cluster"])
            if document is None:
                await self._starter.remove(record["key"])
                self._world.resources.remove(record["id"])
                continue
            for pool in ("", *(each["name"] for each in _profiles(document))):
                if _state(document, pool) not in _ENDS:
                    self._set_states(document["id"], "Failed", pool)
            if document["properties"]["powerState"]["code"] == "Running":
                try:
                    await self._apply(document["id"], "")
                except OperationFailedError as failure:
                    _log.warning("cluster %s did not start: %s", document["name"], failure)
                    self._set_states(document["id"], "Failed", "")

    # One operation.

    def _begin(
        self,
        change: Change,
        document: Document,
        pool: str,
        work: Callable[[Operation], Awaitable[None]],
        *,
        is_kept: bool = True,
    ) -> Operation:
        async def guarded(operation: Operation) -> None:
            await self._guard(change, document["id"], pool, lambda: work(operation))
            if is_kept:
                self._set_states(document["id"], "Succeeded", pool)

        target = f"{document['id']}/agentPools/{pool}" if pool else document["id"]
        return self._world.operations.begin(
            change.name,
            target,
            duration_s=self._world.durations.draw_s(change.kind),
            work=guarded,
            kind=change.kind,
        )

    async def _guard(
        self, change: Change, cluster_id: str, pool: str, work: Callable[[], Awaitable[None]]
    ) -> None:
        """Have the document say `Failed` where the work ends before its time."""
        try:
            await work()
        except OperationFailedError:
            self._set_states(cluster_id, "Failed", pool)
            raise
        except asyncio.CancelledError:
            current = self._world.resources.find(cluster_id)
            if current is not None and _state(current, pool) == change.state:
                self._set_states(cluster_id, "Failed", pool)
            raise

    async def _pass_stages(self, operation: Operation, change: Change) -> None:
        """Let the rest of an operation's time pass, saying meanwhile what is being done."""
        clock = self._world.clock
        end_s = operation.begun_s + operation.duration_s
        left_s = end_s - clock.monotonic_s()
        parts = len(change.stages) + 1
        for number, stage in enumerate(change.stages):
            await clock.sleep_until(end_s - left_s * (parts - 1 - number) / parts)
            operation.status = stage
        await clock.sleep_until(end_s)

    # The cluster behind it.

    async def _apply(
        self, cluster_id: str, replaced: str, *, wanted: Document | None = None
    ) -> None:
        document = wanted or self._find(cluster_id)
        record = self.record(document)
        profiles = document["properties"]["agentPoolProfiles"]
        try:
            record = with_machines(record, profiles, block_of(record), spare_for=replaced)
        except NoNodeAddressError:
            raise OperationFailedError(
                "SubnetIsFull", f"The subnet of cluster {document['name']} has no free address."
            ) from None
        self._world.resources.put(record)
        plan = build_plan(document, record, self._sign_in_key)
        await self._starter.apply(record["key"], document["name"], plan)
        self._allow(document, record)
        self._surroundings.fill(document, record)

    def allow_all(self) -> None:
        """Tell all clusters who may do what, after roles were given or taken."""
        for record in tuple(self._world.resources.of_type("Lab/clusters")):
            document = self._world.resources.find(record["cluster"])
            if document is not None:
                self._allow(document, record)

    def _allow(self, document: Document, record: Record) -> None:
        if document["properties"].get("aadProfile"):
            access = build_access(document, self._authorizer.grants())
            self._starter.allow(record["key"], access)

    # The document.

    def _find(self, cluster_id: str) -> Document:
        found = self._world.resources.find(cluster_id)
        if found is None:
            raise OperationFailedError("NotFound", f"The cluster {cluster_id} is gone.")
        return found

    def _set_states(self, cluster_id: str, state: str, pool: str) -> None:
        document = self._world.resources.find(cluster_id)
        if document is None:
            return
        if not pool:
            document["properties"]["provisioningState"] = state
        for profile in document["properties"]["agentPoolProfiles"]:
            if pool in {"", profile["name"]}:
                profile["provisioningState"] = state
        self._world.resources.put(document)

    def _set_power(self, cluster_id: str, code: str) -> None:
        document = self._find(cluster_id)
        document["properties"]["powerState"] = {"code": code}
        for profile in document["properties"]["agentPoolProfiles"]:
            profile["powerState"] = {"code": code}
        self._world.resources.put(document)

    def _drop_pool(self, cluster_id: str, pool: str) -> None:
        document = self._find(cluster_id)
        profiles = document["properties"]["agentPoolProfiles"]
        document["properties"]["agentPoolProfiles"] = [
            each for each in profiles if each["name"] != pool
        ]
        self._world.resources.put(document)


def _profiles(document: Document) -> list[dict[str, Any]]:
    profiles: list[dict[str, Any]] = document["properties"]["agentPoolProfiles"]
    return profiles


def _state(document: Document, pool: str) -> str:
    if not pool:
        return str(document["properties"]["provisioningState"])
    named = [each for each in _profiles(document) if each["name"] == pool]
    return str(named[0]["provisioningState"]) if named else ""
