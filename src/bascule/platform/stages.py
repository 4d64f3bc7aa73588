"""Carries out what an upgrade asks of its platform: green made, blue stopped, started, removed.

An act is worked on in the background while the upgrade looks how far it is. Whoever comes after a
kill sees by Azure what is done; what was begun is waited for, and never begun twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, assert_never

from bascule.azure.document import Document, text_at
from bascule.azure.resource_id import ResourceId
from bascule.errors import (
    BasculeError,
    DriverError,
    JournalError,
    OutcomeUnknownError,
    ThrottledError,
    TransportError,
)
from bascule.journal.record import Json
from bascule.platform.apply import apply_resources
from bascule.platform.desired.model import Resource
from bascule.platform.effects import Effects
from bascule.platform.observe import observe_resource
from bascule.platform.plan.encoding import find_cluster, parse_resources
from bascule.platform.plan.step import Leave, decide, is_busy, is_stopped
from bascule.platform.ports import Progress
from bascule.platform.power import start_cluster, stop_cluster
from bascule.platform.removing import Removing, RequireRemovable
from bascule.upgrade.ports import PlatformAct, PlatformProgress, PlatformSeen, PlatformVerb

TRIES_MAX = 30
"""So often an act is taken up again after Azure could not be reached."""
PAUSE_S = 20.0

_ABSENT = PlatformSeen(progress=PlatformProgress.ABSENT)


@dataclass(slots=True)
class _Work:
    """An act that is worked on; `failure` is why it ended badly."""

    task: asyncio.Task[None]
    cluster: ResourceId
    last: str = ""
    failure: BasculeError | None = None


class AzurePlatform:
    """Implements `bascule.upgrade.ports.Platform`. An async context manager.

    Leaving it ends the work in the background; Azure's own operations go on.
    """

    def __init__(
        self, effects: Effects, *, owner: str, require_removable: RequireRemovable | None = None
    ) -> None:
        self._effects = effects
        self._owner = owner
        self._removing = Removing(owner=owner, require_removable=require_removable)
        self._work: dict[str, _Work] = {}
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for work in self._work.values():
            work.task.cancel()
        await self._group.__aexit__(kind, error, trace)

    async def observe(self, act: PlatformAct) -> PlatformSeen:
        """Return how far `act` is, whoever began it; never raises for what it finds."""
        work = self._work.get(act.key)
        if work is not None and not work.task.done():
            return PlatformSeen(progress=PlatformProgress.BUSY, reason=work.last)
        self._work.pop(act.key, None)
        if work is not None and work.failure is not None:
            return PlatformSeen(
                progress=PlatformProgress.FAILED,
                reason=str(work.failure),
                remedy=work.failure.remedy,
            )
        try:
            return await self._look(act)
        except JournalError as error:
            return PlatformSeen(progress=PlatformProgress.FAILED, reason=str(error))
        except BasculeError as error:
            return PlatformSeen(progress=PlatformProgress.UNKNOWN, reason=str(error))

    async def begin(self, act: PlatformAct) -> None:
        """Begin `act` and return; begun twice is begun once.

        Raises DriverError when it is refused.
        """
        work = self._work.get(act.key)
        if work is not None and not work.task.done():
            return
        try:
            body = self._body(act)
        except JournalError as error:
            raise DriverError(str(error), remedy="plan the upgrade again") from error
        cluster = find_cluster(act.platform)
        await self._give_way(cluster)
        task = self._group.create_task(self._run(act.key, body))
        self._work[act.key] = _Work(task, cluster)

    async def _give_way(self, cluster: ResourceId) -> None:
        """End the work on a cluster that something else is wanted of now; Azure's part goes on."""
        others = [w.task for w in self._work.values() if w.cluster == cluster and not w.task.done()]
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)

    async def _run(self, key: str, body: Callable[[Effects], Awaitable[None]]) -> None:
        def tell(progress: Progress) -> None:
            detail = f" ({progress.detail})" if progress.detail else ""
            self._work[key].last = f"{progress.what} {progress.resource}{detail}"
            self._effects.on_progress(progress)

        effects = replace(self._effects, on_progress=tell)
        for attempt in range(1, TRIES_MAX + 1):
            try:
                return await body(effects)
            except (TransportError, ThrottledError, OutcomeUnknownError) as error:
                self._work[key].last = str(error)
                if attempt == TRIES_MAX:
                    self._work[key].failure = error
                    return None
                await effects.pause(PAUSE_S)
            except BasculeError as error:
                self._work[key].failure = error
                return None
        return None

    def _body(self, act: PlatformAct) -> Callable[[Effects], Awaitable[None]]:
        match act.verb:
            case PlatformVerb.MAKE:
                resources = parse_resources(act.platform)
                return lambda effects: self._make(effects, resources)
            case PlatformVerb.STOP:
                cluster = find_cluster(act.platform)
                return lambda effects: stop_cluster(effects, cluster)
            case PlatformVerb.START:
                cluster = find_cluster(act.platform)
                return lambda effects: start_cluster(effects, cluster)
            case PlatformVerb.REMOVE:
                platform = act.platform
                find_cluster(platform)
                return lambda effects: self._removing.remove(effects, platform)
            case _:
                assert_never(act.verb)

    async def _make(self, effects: Effects, resources: tuple[Resource, ...]) -> None:
        await apply_resources(effects, resources, owner=self._owner)

    async def _look(self, act: PlatformAct) -> PlatformSeen:
        if act.verb is PlatformVerb.MAKE:
            return await self._look_at_made(act.platform)
        if act.verb is PlatformVerb.REMOVE:
            return await self._removing.observe(self._effects.arm, act.platform)
        cluster = find_cluster(act.platform)
        found = await self._effects.arm.get(cluster)
        output: dict[str, Json] = {"id": str(cluster)}
        if found is None:
            reason = f"there is no cluster {cluster.name}"
            return PlatformSeen(progress=PlatformProgress.FAILED, reason=reason)
        wanted = act.verb is PlatformVerb.STOP
        is_so = is_stopped(found) is wanted and not is_busy(found)
        return _done(output) if is_so else _ABSENT

    async def _look_at_made(self, platform: Mapping[str, Json]) -> PlatformSeen:
        cluster = find_cluster(platform)
        known: dict[str, Document] = {}
        for resource in parse_resources(platform):
            found = await observe_resource(self._effects.arm, resource, known)
            decision = decide(resource, found, known, owner=self._owner)
            if found is None or not isinstance(decision, Leave):
                return _ABSENT
            known[resource.id.key] = found
        return _done(_tell(known.get(cluster.key, {})))


def _done(output: Mapping[str, Json]) -> PlatformSeen:
    return PlatformSeen(progress=PlatformProgress.DONE, output=output)


def _tell(cluster: Document) -> dict[str, Json]:
    return {
        "id": text_at(cluster, "id"),
        "name": text_at(cluster, "name"),
        "version": text_at(cluster, "properties", "currentKubernetesVersion"),
        "server": text_at(cluster, "properties", "fqdn"),
        "node_resource_group": text_at(cluster, "properties", "nodeResourceGroup"),
    }
