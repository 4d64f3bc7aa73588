"""Keeps the gateway at what both clusters ask for, under the split that it is told.

It never chooses weights, and it is the only caller of the driver's `apply`.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.controller.cache import Change, ClusterCache
from bascule.controller.feed import ClusterFeed
from bascule.controller.holdoff import HoldOff, Pending, due_s, note_change
from bascule.controller.ports import ControllerPorts
from bascule.controller.pusher import Pusher
from bascule.controller.view import ControllerView
from bascule.gateway.driver import Applied
from bascule.ids import Cluster
from bascule.manifest.objects import Kind
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.build import collect_certificates
from bascule.routing.certificates import EMPTY_STORE, CertificateStore
from bascule.routing.incremental import Builder
from bascule.routing.model import RouteSet
from bascule.routing.options import BuildOptions
from bascule.routing.weights import Split
from bascule.storage.last_good import LastGood


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerOptions:
    """How the controller builds tables, and how it paces itself."""

    build: BuildOptions = field(default_factory=BuildOptions)
    hold_off: HoldOff = field(default_factory=HoldOff)
    cold_start_s: float = 10.0
    """How long the first table waits for a cluster that has weight and was never known.

    Without end where a gateway may be serving already: a table without that cluster would take
    its traffic away.
    """


class Controller:
    """Two caches, one table. `run` it in a task; `set_split` and `view` may be called meanwhile."""

    def __init__(
        self,
        ports: ControllerPorts,
        *,
        split: Split,
        clock: Clock,
        rng: random.Random,
        options: ControllerOptions | None = None,
    ) -> None:
        self._ports = ports
        self._clock = clock
        self._options = options or ControllerOptions()
        self._caches = {cluster: ClusterCache(clock.now()) for cluster in ports.feeds}
        self._pending: Pending | None = None
        self._changed = Bell()
        self._hurry = Bell()
        self._builder = Builder(self._options.build)
        self._active = split.default.only or self._options.build.active
        self._routes: RouteSet | None = None
        self._certificates = EMPTY_STORE
        self._pusher = Pusher(ports, split=split, clock=clock, rng=rng)

    async def run(self) -> None:
        """Work until cancelled. Only our own mistakes end it."""
        await self._load_last_good()
        async with asyncio.TaskGroup() as group:
            for cluster, feed in self._ports.feeds.items():
                for kind in Kind:
                    group.create_task(self._follow(cluster, feed, kind))
            group.create_task(self._keep_built())
            group.create_task(self._pusher.keep_pushed())
            group.create_task(self._pusher.keep_stored())
            for reporter in self._ports.reporters:
                group.create_task(reporter.keep_reported())

    async def set_split(self, split: Split) -> Applied:
        """Make `split` live, at once, and return when the gateway has acknowledged it.

        Nothing is rebuilt for it and it goes before waiting routes. Before the first table is known
        it waits for that one. Raises DriverError when the gateway refuses it: the former split then
        stays wanted. Raises OutcomeUnknownError when it is not known: the new one stays wanted and
        is tried again.
        """
        self._changed.ring()  # a start that waits for the cluster that is left need not any more
        try:
            return await self._pusher.set_split(split)
        finally:
            self._changed.ring()  # the settings of the cluster that is active now are to win

    @property
    def certificates(self) -> CertificateStore:
        """The certificates that the newest routes name."""
        return self._certificates

    def view(self) -> ControllerView:
        """Return what is known and done now."""
        clusters = {cluster: cache.knowledge() for cluster, cache in self._caches.items()}
        return self._pusher.view(MappingProxyType(clusters), self._routes)

    async def _load_last_good(self) -> None:
        found = await asyncio.to_thread(self._ports.last_good.load)
        if isinstance(found, LastGood):
            # Ports are told by the file of this run, not of an earlier one.
            listeners = tuple(sorted(self._options.build.listeners, key=lambda item: item.name))
            self._routes = replace(found.table.routes, listeners=listeners)
            self._builder = Builder(self._options.build, self._routes)
            self._certificates = found.certificates
            self._pusher.offer(self._routes, self._certificates)

    async def _follow(self, cluster: Cluster, feed: ClusterFeed, kind: Kind) -> None:
        cache = self._caches[cluster]
        async with aclosing(feed.follow(kind)) as events:
            async for event in events:
                change = cache.take(kind, event, self._clock.now())
                if change:
                    self._note(change)

    def _note(self, change: Change) -> None:
        is_urgent = change is Change.URGENT
        now_s = self._clock.monotonic_s()
        self._pending = note_change(self._pending, now_s, is_urgent=is_urgent)
        self._changed.ring()
        if is_urgent:
            self._hurry.ring()

    async def _keep_built(self) -> None:
        await self._wait_for_start()
        while True:
            await self._changed.wait()
            await self._hold_off()
            await self._pusher.wait_for_switches()
            snapshots = {cluster: cache.snapshot for cluster, cache in self._caches.items()}
            self._pending = None
            routes = await asyncio.to_thread(self._build, snapshots)
            self._pusher.offer(routes, self._certificates)
            for reporter in self._ports.reporters:
                reporter.tell_problems(routes.problems)

    def _build(self, snapshots: Mapping[Cluster, ClusterSnapshot]) -> RouteSet:
        """Rebuild in a thread; the digest is made here because it costs time for every route."""
        self._active = self._pusher.wanted_split.default.only or self._active
        self._builder.follow(self._active)
        routes = self._builder.build(snapshots)
        self._certificates = collect_certificates(
            routes, snapshots.values(), previous=self._certificates
        )
        self._routes = routes
        _ = routes.digest
        return routes

    async def _wait_for_start(self) -> None:
        """Return when a table can be built that loses nothing, or when it has been waited enough.

        A cluster that gets requests must have been listed, or be known from the last good table.
        """
        deadline_s = self._clock.monotonic_s() + self._options.cold_start_s
        while self._routes is None and self._clock.monotonic_s() < deadline_s:
            if all(self._caches[cluster].snapshot.is_complete for cluster in self._needed()):
                break
            await self._changed.wait_until(self._clock, deadline_s)
        self._changed.ring()

    def _needed(self) -> list[Cluster]:
        split = self._pusher.wanted_split
        weights = (split.default, *split.by_host.values())
        return [cluster for cluster in self._caches if any(w.of(cluster) for w in weights)]

    async def _hold_off(self) -> None:
        while self._pending is not None:
            due = due_s(self._pending, self._options.hold_off)
            if due <= self._clock.monotonic_s():
                return
            await self._hurry.wait_until(self._clock, due)
