"""Runs the product's own witness around orders and turns what it saw into summaries.

It is idle until an order is near: `prepare` is called when an operator begins to ask for one, so
that there is a baseline by the time the order comes. While an upgrade is unfinished it asks now and
then as well. It never delays an order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.gateway.driver import ClusterTraffic, Observation
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.probes.targets import Target
from bascule.probes.witness import INTERVAL_S, Witness
from bascule.report.samples import Samples
from bascule.report.summary import summarise
from bascule.report.verdict import GatewayCounts, judge
from bascule.routing.weights import Split

BASELINE_S = 5.0
AFTER_S = 3.0
"""How long an order is watched after it has ended."""

WARM_S = 60.0
"""How long the witness asks on after the last order, so that the next one has a baseline."""

POLL_S = 0.05

TARGETS_S = 2.0
"""How often the targets are chosen anew: that looks at every host of the table."""

SOAK_INTERVAL_S = 0.5
"""How often each target is asked while an upgrade is unfinished and no order is near."""
SOAK_BASELINE_S = 60.0
"""So much of the asking now and then belongs to the baseline of an order."""
SOAK_SAMPLES_MAX = 2_000
SOAK_TARGETS_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where the witness finds its targets and the gateway's counters."""

    targets: Callable[[], tuple[Target, ...]]
    observe: Callable[[], Awaitable[Observation]]
    on_summary: Callable[[], None]
    """Told when a summary waits to be taken."""
    is_previewed: Callable[[], bool] = lambda: False
    """Whether requests may reach a cluster past the split."""


@dataclass(slots=True, kw_only=True)
class _Watch:
    """One order that is being watched; the counters are None until they are read."""

    begun_s: float
    idle: Cluster | None
    """The cluster that gets nothing after the order; None when both may get requests."""
    ended_s: float | None = None
    closed_s: float | None = None
    """When the next order began, which ends this one's time."""
    counts: GatewayCounts | None = None
    has_settled: bool = False

    def close(self, now_s: float) -> None:
        """Judge up to now: from here on another order decides who answers."""
        self.closed_s = self.closed_s or now_s
        self.idle = None


@dataclass(slots=True)
class _Desk:
    watches: dict[CommandId, _Watch] = field(default_factory=dict)
    summaries: dict[CommandId, Mapping[str, Json]] = field(default_factory=dict)


class WitnessDesk:
    """Implements `bascule.upgrade.ports.Witness` and `bascule.probes.measuring.Watcher`.

    `run` it in a task.
    """

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._desk = _Desk()
        self._witness = Witness((), clock)
        self._soaker = Witness((), clock, interval_s=SOAK_INTERVAL_S, samples_max=SOAK_SAMPLES_MAX)
        self._is_soaking = False
        self._soak_bell = Bell()
        self._warm_until_s = clock.monotonic_s()
        self._bell = Bell()

    def prepare(self) -> None:
        """Begin to ask now, for a baseline of the order that will come."""
        self._warm_until_s = self._clock.monotonic_s() + WARM_S
        self._bell.ring()

    def begin(self, order_id: CommandId, wanted: Split) -> None:
        """Say that the split is about to change; returns at once."""
        now_s = self._clock.monotonic_s()
        for watch in self._desk.watches.values():
            watch.close(now_s)
        self._desk.watches[order_id] = _Watch(begun_s=now_s, idle=_idle(wanted))
        self.prepare()

    def end(self, order_id: CommandId) -> None:
        """Say that the change has ended."""
        watch = self._desk.watches.get(order_id)
        if watch is not None:
            watch.ended_s = self._clock.monotonic_s()

    def take(self) -> Mapping[CommandId, Mapping[str, Json]]:
        """Return the summaries that are ready and were not taken before."""
        ready, self._desk.summaries = self._desk.summaries, {}
        return ready

    def soak(self, *, is_on: bool) -> None:
        """Ask now and then beside the orders, for as long as this lasts, or stop that."""
        if is_on is not self._is_soaking:
            self._is_soaking = is_on
            self._soak_bell.ring()

    def window(self, from_s: float, to_s: float) -> Samples:
        """Return what was asked around orders and now and then, from `from_s` to before `to_s`.

        Its interval is that around orders only if the witness asked so from its start to its end.
        """
        near, now_and_then = (w.window(from_s, to_s) for w in (self._witness, self._soaker))
        edges = (self._witness.window(at_s - 2 * INTERVAL_S, at_s) for at_s in (from_s, to_s))
        is_near = all(edge.samples for edge in edges)
        together = sorted((*near.samples, *now_and_then.samples), key=lambda s: s.scheduled_s)
        return Samples(
            from_s=from_s,
            to_s=to_s,
            interval_s=(near if is_near else now_and_then).interval_s,
            samples=tuple(together),
            dropped=near.dropped + now_and_then.dropped,
        )

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_orders())
            group.create_task(self._soak())

    async def _soak(self) -> None:
        while True:
            await self._soak_bell.wait()
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(self._soaker.run())
                while self._is_soaking:
                    self._soaker.set_targets(self._world.targets())
                    deadline_s = self._clock.monotonic_s() + SOAK_TARGETS_S
                    await self._soak_bell.wait_until(self._clock, deadline_s)
                asking.cancel()

    async def _follow_orders(self) -> None:
        while True:
            await self._bell.wait()
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(self._witness.run())
                await self._attend()
                asking.cancel()

    async def _attend(self) -> None:
        due_s = self._clock.monotonic_s()
        while self._desk.watches or self._clock.monotonic_s() < self._warm_until_s:
            if self._clock.monotonic_s() >= due_s:
                self._witness.set_targets(self._world.targets())
                due_s = self._clock.monotonic_s() + TARGETS_S
            for order_id, watch in tuple(self._desk.watches.items()):
                await self._look_after(order_id, watch)
            await self._bell.wait_until(self._clock, self._clock.monotonic_s() + POLL_S)

    async def _look_after(self, order_id: CommandId, watch: _Watch) -> None:
        if watch.counts is None:
            before = await self._read_counters()
            watch.counts = GatewayCounts(before=before)
        if watch.ended_s is None:
            return
        now_s = self._clock.monotonic_s()
        if not watch.has_settled:
            watch.has_settled = True
            watch.counts = _with_settled(
                watch.counts, await self._read_counters(), is_previewed=self._world.is_previewed()
            )
        elif watch.closed_s is not None or now_s >= watch.ended_s + AFTER_S:
            counts = _with_after(watch.counts, await self._read_counters(), watch.idle)
            summary = self._summarise(watch, counts, watch.closed_s or now_s)
            self._desk.summaries[order_id] = summary
            del self._desk.watches[order_id]
            self._world.on_summary()

    def _summarise(self, watch: _Watch, counts: GatewayCounts, end_s: float) -> dict[str, Json]:
        begun_s = watch.begun_s
        near = self._witness.window(begun_s - BASELINE_S, begun_s)
        before = self._soaker.window(begun_s - SOAK_BASELINE_S, begun_s)
        baseline = replace(near, samples=(*before.samples, *near.samples))
        during = self._witness.window(watch.begun_s, end_s)
        return summarise(judge(baseline, during, counts=counts))

    async def _read_counters(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what is counted by now; nothing where it is counted late."""
        seen = (await self._world.observe()).traffic
        return seen if all(each.is_of_now for each in seen.values()) else {}


def _idle(wanted: Split) -> Cluster | None:
    """Return the cluster that gets nothing any more, if the whole of the traffic has one home."""
    taker = wanted.default.only
    if taker is None or any(w.only is not taker for w in wanted.by_host.values()):
        return None
    return taker.other


def _with_settled(
    counts: GatewayCounts, settled: Mapping[Cluster, ClusterTraffic], *, is_previewed: bool
) -> GatewayCounts:
    return GatewayCounts(before=counts.before, settled=settled, is_previewed=is_previewed)


def _with_after(
    counts: GatewayCounts, after: Mapping[Cluster, ClusterTraffic], idle: Cluster | None
) -> GatewayCounts:
    return replace(counts, after=after, takes_nothing=idle)
