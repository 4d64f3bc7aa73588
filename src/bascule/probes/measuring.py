"""Measures while an upgrade is unfinished: the gateway's totals, the user's checks, the witness.

Nothing here is waited for by an upgrade. What is slow or fails is missing, and said to be.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bascule.clock import Clock
from bascule.gateway.driver import ClusterTraffic
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.journal.store import SampleStore
from bascule.probes.checks.asking import describe_fault
from bascule.probes.intervals import Look, build_interval
from bascule.probes.keeping import Keeper, order_points
from bascule.probes.points import render_check, render_traffic, summarise_witness
from bascule.probes.witness import TIMEOUT_S as WITNESS_TIMEOUT_S
from bascule.report.samples import Samples
from bascule.routing.weights import Split
from bascule.upgrade.gates.model import Check, CheckResult, Interval
from bascule.upgrade.ports import Measured, Measuring

LOOK_EVERY_S = 1.0
LOOK_TIMEOUT_S = 5.0
"""The gateway has so long to answer; then this look is missing."""
INTERVALS_MAX = 600
"""Intervals that nobody took; the oldest are dropped, which leaves a gap in their numbers."""
RESULTS_MAX = 1_000
ASKED_AT_ONCE_MAX = 8
"""So many checks are asked at the same time; others wait for their turn."""
CHECK_POINT_EVERY_S = 60.0
"""How often a check whose outcome stays the same is kept as a point."""
WITNESS_LAG_S = WITNESS_TIMEOUT_S + 0.5
"""By then every request of the witness has ended."""
WITNESS_POINT_MIN_S = 0.5
WITNESS_POINT_MAX_S = 10.0
"""A point of the witness covers no shorter and no longer time than this."""


class Watcher(Protocol):
    """The product's own witness, as far as a long upgrade needs it."""

    def soak(self, *, is_on: bool) -> None:
        """Ask now and then for as long as this lasts, or stop that."""
        ...

    def window(self, from_s: float, to_s: float) -> Samples:
        """Return what was scheduled from one monotonic time to before another."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is measured, and where it is kept."""

    look: Callable[[], Awaitable[Mapping[Cluster, ClusterTraffic]]]
    """The gateway's totals; empty when they are not known."""
    split: Callable[[], Split]
    ask: Callable[[Check, str], Awaitable[CheckResult]]
    """Ask a check; the text is the preview header, empty without one."""
    witness: Watcher
    samples: SampleStore


@dataclass(slots=True)
class _Course:
    """What a run has come to, over all its steps."""

    run_id: str
    witnessed_s: float
    before: Look | None = None
    successes: Mapping[str, float] = field(default_factory=dict)
    count: int = 0


class MeasuringDesk:
    """Implements `bascule.upgrade.ports.Metrics`; `run` it in a task."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._wanted: Measuring | None = None
        self._since_s = clock.monotonic_s()
        self._seq = 0
        self._intervals: deque[Interval] = deque(maxlen=INTERVALS_MAX)
        self._results: deque[CheckResult] = deque(maxlen=RESULTS_MAX)
        self._changed = asyncio.Event()
        self._keeper = Keeper(sources.samples, clock)
        self._turn = asyncio.Semaphore(ASKED_AT_ONCE_MAX)

    def measure(self, wanted: Measuring | None) -> None:
        """Measure so from now on; see the port."""
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._since_s = self._clock.monotonic_s()
        self._intervals.clear()
        self._results.clear()
        self._changed.set()

    def take(self) -> Measured:
        """Return what was measured since it was last taken."""
        measured = Measured(intervals=tuple(self._intervals), results=tuple(self._results))
        self._intervals.clear()
        self._results.clear()
        return measured

    async def run(self) -> None:
        """Work until cancelled; idle while nothing is to be measured."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keeper.run())
            course: _Course | None = None
            while True:
                self._changed.clear()
                wanted = self._wanted
                self._sources.witness.soak(is_on=wanted is not None)
                if wanted is None:
                    self._close(course)
                    course = None
                    await self._changed.wait()
                    continue
                if course is None or course.run_id != wanted.run_id:
                    witnessed_s = self._clock.monotonic_s() - WITNESS_LAG_S
                    course = _Course(wanted.run_id, witnessed_s)
                await self._measure(wanted, course)

    async def _measure(self, wanted: Measuring, course: _Course) -> None:
        """Measure until something else is wanted."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._watch(course, self._since_s))]
            tasks += [group.create_task(self._repeat(check, wanted)) for check in wanted.checks]
            await self._changed.wait()
            for task in tasks:
                task.cancel()

    async def _watch(self, course: _Course, since_s: float) -> None:
        """Look once a second, never twice at a time; turn looks into intervals and points."""
        due_s = self._clock.monotonic_s()
        while True:
            look = await self._look()
            interval = self._compare(course, look)
            if look is not None:
                if interval is not None and course.before and course.before.begun_s >= since_s:
                    self._intervals.append(interval)
                course.before = look
            self._keep(course, interval)
            due_s = max(due_s + LOOK_EVERY_S, self._clock.monotonic_s())
            await self._clock.sleep_until(due_s)

    async def _look(self) -> Look | None:
        """Return what the gateway says now; None when it does not, or not in time."""
        begun_s = self._clock.monotonic_s()
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(_gather(self._sources.look))
            late = group.create_task(self._clock.sleep_until(begun_s + LOOK_TIMEOUT_S))
            await asyncio.wait((asking, late), return_when=asyncio.FIRST_COMPLETED)
            traffic = asking.result() if asking.done() else {}
            asking.cancel()
            late.cancel()
        return Look(at=self._clock.now(), begun_s=begun_s, traffic=traffic) if traffic else None

    def _compare(self, course: _Course, look: Look | None) -> Interval | None:
        if look is None or course.before is None:
            return None
        self._seq += 1
        return build_interval(course.before, look, seq=self._seq)

    def _keep(self, course: _Course, interval: Interval | None) -> None:
        documents: list[dict[str, Json]] = []
        if interval is not None:
            documents.append(render_traffic(interval, self._sources.split()))
        witnessed = self._witness(course, lag_s=WITNESS_LAG_S)
        if witnessed is not None:
            documents.append(witnessed)
        self._keeper.keep(course.run_id, self._clock.now(), *order_points(course.count, *documents))
        course.count += 1

    def _close(self, course: _Course | None) -> None:
        """Keep what the witness saw last, of what has ended by now, and have it written."""
        document = None if course is None else self._witness(course, lag_s=0.0)
        if course is not None and document is not None:
            self._keeper.keep(course.run_id, self._clock.now(), document)
        self._keeper.hurry()

    def _witness(self, course: _Course, *, lag_s: float) -> dict[str, Json] | None:
        """Return a point for what the witness saw since the last one; None: not yet, or nothing."""
        now_s, now = self._clock.monotonic_s(), self._clock.now()
        to_s = now_s - lag_s
        from_s = max(course.witnessed_s, to_s - WITNESS_POINT_MAX_S)
        if to_s - from_s < WITNESS_POINT_MIN_S:
            return None
        course.witnessed_s = to_s
        seen = summarise_witness(
            self._sources.witness.window(from_s, to_s),
            course.successes,
            from_at=now - timedelta(seconds=now_s - from_s),
            to_at=now - timedelta(seconds=lag_s),
        )
        if seen is None:
            return None
        course.successes = seen.successes
        return seen.document

    async def _repeat(self, check: Check, wanted: Measuring) -> None:
        """Ask one check on its schedule; a turn that it sleeps through is not made up for."""
        due_s = self._clock.monotonic_s()
        kept: CheckResult | None = None
        kept_s = due_s
        while True:
            async with self._turn:
                result = await self._ask(check, wanted.preview_header)
            self._results.append(result)
            now_s = self._clock.monotonic_s()
            if kept is None or kept.outcome is not result.outcome or now_s >= kept_s:
                kept, kept_s = result, now_s + CHECK_POINT_EVERY_S
                self._keeper.keep(wanted.run_id, result.at, render_check(result))
            while due_s <= now_s:
                due_s += check.every_s
            await self._clock.sleep_until(due_s)

    async def _ask(self, check: Check, preview_header: str) -> CheckResult:
        try:
            return await self._sources.ask(check, preview_header)
        except Exception as error:  # noqa: BLE001 — supervises: a broken check ends no upgrade
            return describe_fault(check, error, self._clock)


async def _gather(
    look: Callable[[], Awaitable[Mapping[Cluster, ClusterTraffic]]],
) -> Mapping[Cluster, ClusterTraffic]:
    try:
        return await look()
    except Exception:  # noqa: BLE001 — supervises: a look that breaks is a look that is missing
        return {}
