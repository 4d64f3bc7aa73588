"""The executor's world in memory: traffic that moves when told, a witness, and a bell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bascule.errors import BasculeError
from bascule.gateway.driver import Applied, Capabilities, Convergence, Observation
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.weights import Split
from bascule.upgrade.executor import Executor, Ports
from bascule.upgrade.ledger import open_history
from bascule.upgrade.ports import Platform
from bascule.upgrade.readiness import TrafficView
from bascule.upgrade.signals import Order, build_command
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.fake_platform import FakePlatform
from tests.support.fake_run import FakeChecks, FakeHooks, FakeMetrics
from tests.support.orders import BLUE, view
from tests.support.virtual_clock import VirtualClock

ACKNOWLEDGED_AFTER_S = 0.004


class FakeTraffic:
    """Implements `bascule.upgrade.ports.Traffic`; `live` is what the gateway has."""

    def __init__(self, clock: VirtualClock, live: Split = BLUE) -> None:
        self._clock = clock
        self.live = live
        self.known = view()
        self.failures: list[BasculeError] = []
        self.sent: list[Split] = []
        self.cancels: list[tuple[str, ...]] = []
        """Of each that was sent: whose operations it may cancel."""
        self.arrangement = NOTHING_ARRANGED
        self.retired: frozenset[Cluster] = frozenset()
        self.instances = 1
        self.is_deaf = False
        """Whether what is sent does not become live."""
        self.when_sent: Callable[[], None] = lambda: None
        """Called whenever a split is sent, as a way to break something right then."""
        self.updates: int | None = None

    def capabilities(self) -> Capabilities:
        return Capabilities(
            weight_step_bp=1,
            has_sticky_sessions=True,
            has_mirroring=False,
            has_preview_by_header=False,
            has_drain=True,
            is_switch_atomic=True,
            traffic_kinds=frozenset({"http1"}),
        )

    def view(self) -> TrafficView:
        return self.known

    def count_updates(self) -> int | None:
        return self.updates

    async def set_split(self, split: Split, cancels: tuple[str, ...] = ()) -> Applied:
        self.sent.append(split)
        self.cancels.append(cancels)
        self.when_sent()
        if self.failures:
            raise self.failures.pop(0)
        sent_s = self._clock.monotonic_s()
        await self._clock.sleep_until(sent_s + ACKNOWLEDGED_AFTER_S)
        if not self.is_deaf:
            self.live = split
        return Applied(
            table_digest="d",
            sent_s=sent_s,
            acknowledged_s=self._clock.monotonic_s(),
            instances=self.instances,
            is_split_only=True,
        )

    async def set_arrangement(self, arrangement: Arrangement) -> None:
        self.when_sent()
        if self.failures:
            raise self.failures.pop(0)
        self.arrangement = arrangement

    async def set_retired(self, retired: frozenset[Cluster]) -> None:
        self.when_sent()
        if self.failures:
            raise self.failures.pop(0)
        self.retired = retired

    async def observe(self) -> Observation:
        return Observation(
            convergence=Convergence.PENDING if self.is_deaf else Convergence.CONVERGED,
            reason="waiting" if self.is_deaf else "",
            split=self.live,
            instances=max(self.instances, 1),
        )


@dataclass(slots=True)
class FakeWitness:
    """Implements `bascule.upgrade.ports.Witness`; tells `ready` when it is taken."""

    begun: list[CommandId] = field(default_factory=list)
    ended: list[CommandId] = field(default_factory=list)
    ready: dict[CommandId, Mapping[str, Json]] = field(default_factory=dict)

    def begin(self, order_id: CommandId, wanted: Split) -> None:
        del wanted
        self.begun.append(order_id)

    def end(self, order_id: CommandId) -> None:
        self.ended.append(order_id)

    def take(self) -> Mapping[CommandId, Mapping[str, Json]]:
        ready, self.ready = self.ready, {}
        return ready


@dataclass(frozen=True, slots=True)
class ClockBell:
    """Implements `bascule.upgrade.ports.Wakeup`: nobody ever rings."""

    clock: VirtualClock

    async def wait(self, deadline_s: float) -> None:
        await self.clock.sleep_until(deadline_s)


@dataclass(slots=True)
class Life:
    """One life of an executor on a disk that outlives it."""

    clock: VirtualClock
    journal: FakeJournal
    traffic: FakeTraffic
    witness: FakeWitness
    executor: Executor
    metrics: FakeMetrics
    checks: FakeChecks
    hooks: FakeHooks

    async def give(self, *orders: Order) -> None:
        """Put orders into the inbox, dated now."""
        for order in orders:
            await self.journal.put(build_command(replace(order, at=self.clock.now())))


async def begin_life(
    disk: FakeDisk,
    traffic: FakeTraffic,
    clock: VirtualClock,
    *,
    journal: FakeJournal | None = None,
    hooks: FakeHooks | None = None,
    metrics: FakeMetrics | None = None,
    platform: Platform | None = None,
) -> Life:
    """Return an executor that takes over `disk`, as a runtime that starts does."""
    journal = journal or FakeJournal(disk)
    witness = FakeWitness()
    state = await open_history(journal, BLUE, clock)
    metrics, checks, hooks = metrics or FakeMetrics(clock), FakeChecks(), hooks or FakeHooks()
    ports = Ports(
        journal=journal,
        inbox=journal,
        traffic=traffic,
        witness=witness,
        clock=clock,
        checks=checks,
        metrics=metrics,
        hooks=hooks,
        platform=platform or FakePlatform(),
    )
    return Life(
        clock=clock,
        journal=journal,
        traffic=traffic,
        witness=witness,
        executor=Executor(ports, state),
        metrics=metrics,
        checks=checks,
        hooks=hooks,
    )
