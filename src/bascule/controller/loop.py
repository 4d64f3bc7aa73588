"""Keeps the gateway at what both clusters ask for, under the split that it is told.

It never chooses weights, and it is the only caller of the driver's `apply`.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.controller.cache import Change
from bascule.controller.followers import Followers
from bascule.controller.holdoff import HoldOff, Pending, due_s, note_change
from bascule.controller.ports import ControllerPorts
from bascule.controller.pusher import BACKOFF, Pusher, Wanted
from bascule.controller.view import ControllerView
from bascule.errors import DriverError, PlanError
from bascule.gateway.driver import Applied
from bascule.ids import Cluster
from bascule.kube.backoff import Backoff
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.build import collect_certificates
from bascule.routing.certificates import EMPTY_STORE, CertificateStore
from bascule.routing.incremental import Builder
from bascule.routing.model import RouteSet
from bascule.routing.options import BuildOptions
from bascule.routing.preview import refuse_preview, with_preview_problems
from bascule.routing.weights import Split
from bascule.storage.last_good import LastGood


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerOptions:
    """How the controller builds tables, and how it paces itself."""

    build: BuildOptions = field(default_factory=BuildOptions)
    hold_off: HoldOff = field(default_factory=HoldOff)
    retry: Backoff = BACKOFF
    """How long to wait before a table is sent again that the gateway did not take."""
    cold_start_s: float = 10.0
    """How long the first table waits for a cluster that has weight and was never known.

    Without end where a gateway may be serving already: a table without that cluster would take
    its traffic away.
    """
    arrangement: Arrangement = NOTHING_ARRANGED
    """What stands around the split when the controller begins."""
    retired: frozenset[Cluster] = frozenset()
    """The clusters that are out of the gateway when the controller begins."""


class Controller:
    """Two caches, one table. `run` it in a task; all the rest may be called meanwhile."""

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
        self._followers = Followers(
            ports.feeds,
            self._options.retired,
            clock,
            self._note,
            kinds=self._options.build.kinds,
        )
        self._pending: Pending | None = None
        self._changed = Bell()
        self._hurry = Bell()
        self._builder = Builder(self._options.build)
        self._active = split.default.only or self._options.build.active
        self._routes: RouteSet | None = None
        self._made_of: frozenset[Cluster] = frozenset()
        """The clusters whose whole lists are in the newest routes."""
        self._certificates = EMPTY_STORE
        self._building = asyncio.Lock()
        wanted = Wanted(split=split, arrangement=self._options.arrangement)
        self._pusher = Pusher(ports, wanted, clock=clock, rng=rng, retry=self._options.retry)

    async def run(self) -> None:
        """Work until cancelled. Only our own mistakes end it."""
        await self._load_last_good()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._followers.keep_followed())
            group.create_task(self._keep_built())
            group.create_task(self._pusher.keep_pushed())
            group.create_task(self._pusher.keep_stored())
            for reporter in self._ports.reporters:
                group.create_task(reporter.keep_reported())

    @property
    def arrangement(self) -> Arrangement:
        """The arrangement that is wanted now."""
        return self._pusher.wanted_arrangement

    async def set_split(self, split: Split) -> Applied:
        """Make `split` live, at once, and return when the gateway has acknowledged it.

        Nothing is rebuilt for it and it goes before waiting routes. Before the first table is known
        it waits for that one. Raises DriverError when the gateway refuses it: the former split then
        stays wanted. Raises OutcomeUnknownError when it is not known: the new one stays wanted and
        is tried again.
        """
        weighty = _weighty(split) & self._followers.retired
        if weighty:
            raise DriverError(
                f"{_name_all(weighty)} is retired and takes no traffic",
                remedy="a retired cluster comes back by a new upgrade only",
            )
        self._changed.ring()  # a start that waits for the cluster that is left need not any more
        try:
            return await self._pusher.set_split(split)
        finally:
            self._changed.ring()  # the settings of the cluster that is active now are to win

    async def set_arrangement(self, arrangement: Arrangement) -> None:
        """Make `arrangement` live and return when the gateway has acknowledged it.

        It may take as long as routes do, and a switch goes before it. Raises DriverError and
        OutcomeUnknownError as `set_split` does; an arrangement that cannot stand is a DriverError
        before anything is sent.
        """
        if self._routes is not None:
            refuse_preview(self._routes, arrangement)
        try:
            await self._pusher.set_arrangement(arrangement)
        finally:
            self._changed.ring()  # what stands against it is a Problem of the next table

    async def set_retired(self, retired: frozenset[Cluster]) -> None:
        """Take these clusters out of the gateway, and follow them no more; return when it is so.

        Raises PlanError, and nothing is changed, when one of them is still needed. Raises
        DriverError and OutcomeUnknownError as `set_split` does.
        """
        former = self._followers.retired
        self._require_dispensable(retired - former)
        self._followers.set_retired(retired)
        try:
            await self._push_remaining()
        except DriverError:
            self._followers.set_retired(former)
            raise
        finally:
            await self._followers.forget_retired()
            self._changed.ring()

    async def _push_remaining(self) -> None:
        """Push the routes of the clusters that are not retired; these are offered once it is so."""
        if self._routes is None:  # The first table is not built yet; it leaves the others out.
            self._changed.ring()
            await self._pusher.push_offered()
            return
        async with self._building:
            routes = await asyncio.to_thread(self._build, self._followers.snapshots())
            await self._pusher.push_routes(routes, self._certificates)

    def _require_dispensable(self, leaving: frozenset[Cluster]) -> None:
        weighty = _weighty(self._pusher.wanted_split) & leaving
        if weighty:
            raise PlanError(
                f"{_name_all(weighty)} still gets requests, so it cannot be retired",
                remedy="move all traffic to the other cluster first",
            )
        hosts = self._routes.hosts if self._routes is not None else ()
        borrowing = [h.name for h in hosts if h.certificate and h.certificate.cluster in leaving]
        if borrowing:
            raise PlanError(
                f"{_name_all(leaving)} holds the only good certificate of {borrowing[0]}"
                + (f" and {len(borrowing) - 1} more hosts" if len(borrowing) > 1 else ""),
                remedy="give the other cluster a Secret with a certificate for it first",
            )

    @property
    def certificates(self) -> CertificateStore:
        """The certificates that the newest routes name."""
        return self._certificates

    def snapshots(self) -> Mapping[Cluster, ClusterSnapshot]:
        """Return the objects of each cluster that is not retired, as they are known now."""
        return self._followers.snapshots()

    def view(self) -> ControllerView:
        """Return what is known and done now.

        A cluster counts as known whole only once the routes are made of its lists: between the two
        they would say that it serves nothing. A cluster that the first routes do not wait for, but
        for the other one, is known by its lists alone: somebody may have to switch to it.
        """
        known = self._followers.knowledge()
        if self._can_build():
            known = {
                cluster: replace(knows, is_complete=knows.is_complete and cluster in self._made_of)
                for cluster, knows in known.items()
            }
        return self._pusher.view(known, self._routes)

    async def _load_last_good(self) -> None:
        found = await asyncio.to_thread(self._ports.last_good.load)
        if isinstance(found, LastGood):
            # Ports are told by the file of this run, not of an earlier one.
            listeners = tuple(sorted(self._options.build.listeners, key=lambda item: item.name))
            self._routes = replace(found.table.routes, listeners=listeners)
            self._builder = Builder(self._options.build, self._routes)
            self._certificates = found.certificates
            if self._followers.retired:  # It may be of a time before that.
                await self._rebuild()
            else:
                self._pusher.offer(self._routes, self._certificates)

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
            await self._rebuild()

    async def _rebuild(self) -> None:
        """Build the table of what is known now, and offer it to the gateway."""
        async with self._building:
            snapshots = self._followers.snapshots()
            self._pending = None
            routes = await asyncio.to_thread(self._build, snapshots)
            self._pusher.offer(routes, self._certificates)
        for reporter in self._ports.reporters:
            reporter.tell_problems(routes.problems)

    def _build(self, snapshots: Mapping[Cluster, ClusterSnapshot]) -> RouteSet:
        """Rebuild in a thread; the digest is made here because it costs time for every route."""
        self._active = self._pusher.wanted_split.default.only or self._active
        self._builder.follow(self._active)
        routes = with_preview_problems(
            self._builder.build(snapshots), self._pusher.wanted_arrangement
        )
        self._certificates = collect_certificates(
            routes, snapshots.values(), previous=self._certificates
        )
        _ = routes.digest
        self._routes = routes
        self._made_of = frozenset(c for c in snapshots if snapshots[c].is_complete)
        return routes

    async def _wait_for_start(self) -> None:
        """Return when a table can be built that loses nothing, or when it has been waited enough.

        A cluster that gets requests must have been listed, or be known from the last good table.
        """
        deadline_s = self._clock.monotonic_s() + self._options.cold_start_s
        while not self._can_build() and self._clock.monotonic_s() < deadline_s:
            await self._changed.wait_until(self._clock, deadline_s)
        self._changed.ring()

    def _can_build(self) -> bool:
        if self._routes is not None:
            return True
        snapshots = self._followers.snapshots()
        needed = _weighty(self._pusher.wanted_split) & snapshots.keys()
        return all(snapshots[cluster].is_complete for cluster in needed)

    async def _hold_off(self) -> None:
        while self._pending is not None:
            due = due_s(self._pending, self._options.hold_off)
            if due <= self._clock.monotonic_s():
                return
            await self._hurry.wait_until(self._clock, due)


def _weighty(split: Split) -> frozenset[Cluster]:
    """Return the clusters that get requests of any host."""
    weights = (split.default, *split.by_host.values())
    return frozenset(c for c in Cluster if any(w.of(c) for w in weights))


def _name_all(clusters: Iterable[Cluster]) -> str:
    return " and ".join(sorted(clusters))
