"""A whole upgrade in one process on a virtual clock: a world that outlives any number of runners.

Every journal write and every effect has a point before and one after it, numbered in the order in
which they are passed. At a chosen point the runner is killed: nothing of it goes on. The next one
starts from the journal alone, as after kill -9.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from typing_extensions import override

from bascule.gateway.driver import Applied, ClusterTraffic, Convergence, Observation
from bascule.ids import Cluster
from bascule.journal.record import Entry, Record
from bascule.journal.store import Command
from bascule.routing.arrangement import Arrangement
from bascule.routing.weights import Split
from bascule.upgrade.gates.model import Check, CheckOutcome, Counts
from bascule.upgrade.ports import HookRun, PlatformAct, PlatformSeen
from bascule.upgrade.readiness import TrafficView
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.run.steps import Steps
from bascule.upgrade.signals import Order, build_command
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.fake_platform import FakePlatform
from tests.support.fake_run import INTERVAL_S, FakeHooks, FakeMetrics
from tests.support.fake_traffic import ClockBell, FakeTraffic, Life, begin_life
from tests.support.virtual_clock import VirtualClock

TICK_S = 0.5
TICKS_MAX = 20_000


class Killed(BaseException):
    """The process is gone: no handler of ours may see it."""


class JumpingClock(VirtualClock):
    """A virtual clock whose wall time can be set; the monotonic time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = timedelta(0)

    @override
    def now(self) -> datetime:
        return super().now() + self.offset


async def _nothing() -> None:
    """Nothing happens meanwhile."""


@dataclass(slots=True)
class Points:
    """Counts the points that a runner passes, and kills it at one of them."""

    kill_at: int = 0
    """0 kills never."""
    passed: int = 0
    names: list[str] = field(default_factory=list)

    def pass_by(self, name: str) -> None:
        self.passed += 1
        self.names.append(name)
        if self.passed == self.kill_at:
            raise Killed(name)


class PointedJournal(FakeJournal):
    """A journal with a point before and after each write."""

    def __init__(self, disk: FakeDisk, points: Points) -> None:
        super().__init__(disk)
        self._points = points

    @override
    async def append(self, entries: Sequence[Entry], *, expected_seq: int) -> tuple[Record, ...]:
        name = "+".join(entry.kind for entry in entries)
        self._points.pass_by(f"before {name}")
        records = await super().append(entries, expected_seq=expected_seq)
        self._points.pass_by(f"after {name}")
        return records


@dataclass(slots=True)
class Far:
    """The far ends: the gateway and what hooks did. Nobody's restart touches it."""

    live: Split
    arrangement: Arrangement
    retired: frozenset[Cluster] = frozenset()
    splits: list[Split] = field(default_factory=list)
    """Every split that became live and differed from the one before."""
    hooks: list[str] = field(default_factory=list)
    platform: FakePlatform = field(default_factory=FakePlatform)
    effects: int = 0
    wanted: Split | None = None
    """The split of the last table that was sent; a foreign change is gone with the next one."""
    stolen_by: str = ""
    """Set when a foreign writer has changed the gateway; the next effect of ours mends it."""

    def __post_init__(self) -> None:
        self.wanted = self.live


class PointedTraffic(FakeTraffic):
    """The gateway as one runner reaches it: with points, faults, and a fence."""

    def __init__(self, far: Far, clock: VirtualClock, points: Points) -> None:
        super().__init__(clock, far.live)
        self._far = far
        self._points = points
        self.fence: Callable[[], None] = lambda: None
        self.faults: Callable[[str], None] = lambda _: None
        """Called before an effect; raises to refuse it."""
        self.lost: Callable[[str], None] = lambda _: None
        """Called after an effect; raises to lose its answer."""
        self.delay_s: Callable[[], float] = lambda: 0.0
        self.meanwhile: Callable[[], Awaitable[None]] = _nothing
        """Awaited between the two looks at the fence: what happens while we were asleep."""
        self.watch: Callable[[str], None] = lambda _: None

    async def _effect(self, name: str, change: Callable[[], None]) -> None:
        self.fence()
        self._points.pass_by(f"before effect {name}")
        await self._clock.sleep_until(self._clock.monotonic_s() + self.delay_s())
        await self.meanwhile()
        self.fence()
        self.faults(name)
        change()
        self._far.effects += 1
        if self._far.stolen_by and self._far.wanted is not None:
            self._far.live = self._far.wanted
        self._far.stolen_by = ""
        self.watch(name)
        self._points.pass_by(f"after effect {name}")
        self.lost(name)

    @override
    async def set_split(self, split: Split, cancels: tuple[str, ...] = ()) -> Applied:
        del cancels

        def change() -> None:
            if self._far.live != split:
                self._far.splits.append(split)
            self._far.live = self._far.wanted = split

        sent_s = self._clock.monotonic_s()
        await self._effect("split", change)
        return Applied(
            table_digest="d",
            sent_s=sent_s,
            acknowledged_s=self._clock.monotonic_s(),
            instances=1,
            is_split_only=True,
        )

    @override
    async def set_arrangement(self, arrangement: Arrangement) -> None:
        def change() -> None:
            self._far.arrangement = arrangement

        await self._effect("arrangement", change)

    @override
    async def set_retired(self, retired: frozenset[Cluster]) -> None:
        def change() -> None:
            self._far.retired = retired

        await self._effect("retired", change)

    @override
    async def observe(self) -> Observation:
        if self._far.stolen_by:
            return Observation(
                convergence=Convergence.FOREIGN_CHANGE,
                reason=f"changed by {self._far.stolen_by}",
                split=None,
                instances=1,
            )
        idle = ClusterTraffic(
            requests_total=0, requests_active=0, endpoints_healthy=1, failures_total=0
        )
        return Observation(
            convergence=Convergence.CONVERGED,
            split=self._far.live,
            instances=1,
            traffic=dict.fromkeys(Cluster, idle),
        )


class PointedHooks(FakeHooks):
    """Hooks whose effect stays in the world."""

    far: Far
    points: Points

    @override
    async def run(self, hook: HookRun, is_called_back: Callable[[], Awaitable[bool]]) -> str:
        self.points.pass_by(f"before hook {hook.key}")
        self.far.hooks.append(" ".join(hook.argv))
        words = await super().run(hook, is_called_back)
        self.points.pass_by(f"after hook {hook.key}")
        return words


@dataclass(frozen=True, slots=True)
class PointedPlatform:
    """The platform as one runner reaches it, with a point before and after each beginning."""

    far: Far
    points: Points

    async def observe(self, act: PlatformAct) -> PlatformSeen:
        return await self.far.platform.observe(act)

    async def begin(self, act: PlatformAct) -> None:
        self.points.pass_by(f"before {act.key}")
        await self.far.platform.begin(act)
        self.points.pass_by(f"after {act.key}")


@dataclass(slots=True)
class SimWorld:
    """What stays when a runner dies, and how the next one is begun."""

    far: Far
    clock: JumpingClock = field(default_factory=JumpingClock)
    disk: FakeDisk = field(default_factory=FakeDisk)
    known: TrafficView | None = None
    counts_of: Callable[[datetime], dict[Cluster, Counts]] | None = None
    outcome_of: Callable[[Check], CheckOutcome] | None = None
    prepare: Callable[[Life, PointedTraffic], None] = lambda _life, _traffic: None
    """Called with each new life, for faults and fences."""
    build_steps: Callable[[Life], Steps] | None = None
    """Gives a life other hands: for mutants."""
    interval_s: float = INTERVAL_S
    """How much time one interval of the metrics takes."""

    async def begin(self, points: Points) -> Life:
        """Begin a runner from the journal."""
        traffic = PointedTraffic(self.far, self.clock, points)
        if self.known is not None:
            traffic.known = self.known
        hooks = PointedHooks()
        hooks.far, hooks.points = self.far, points
        life = await begin_life(
            self.disk,
            traffic,
            self.clock,
            journal=PointedJournal(self.disk, points),
            hooks=hooks,
            metrics=FakeMetrics(self.clock, self.interval_s),
            platform=PointedPlatform(self.far, points),
        )
        if self.counts_of is not None:
            life.metrics.counts_of = self.counts_of
        if self.outcome_of is not None:
            life.metrics.outcome_of = self.outcome_of
        self.prepare(life, traffic)
        if self.build_steps is not None:
            life.executor._runner._steps = self.build_steps(life)
        return life

    def tell(self, *orders: Order) -> None:
        """Put orders into the inbox, dated now."""
        for order in orders:
            dated = Order(
                id=order.id,
                at=self.clock.now(),
                actor=order.actor,
                signal=order.signal,
                reason=order.reason,
            )
            command: Command = build_command(dated)
            self.disk.inbox.setdefault(command.id, command)


async def run_until(
    life: Life,
    is_enough: Callable[[UpgradeState], bool],
    *,
    on_tick: Callable[[], None] = lambda: None,
    ticks_max: int = TICKS_MAX,
    tick_s: float = TICK_S,
) -> UpgradeState:
    """Tick until the newest upgrade is as wanted."""
    bell = ClockBell(life.clock)
    for _ in range(ticks_max):
        on_tick()
        await life.executor.tick()
        found = life.executor.state.upgrade
        if found is not None and is_enough(found):
            return found
        await bell.wait(life.clock.monotonic_s() + tick_s)
    raise AssertionError(f"no end in {ticks_max} ticks")
