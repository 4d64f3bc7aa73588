import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from bascule.gateway.driver import ClusterTraffic
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.journal.store import Sample as Point
from bascule.probes.measuring import (
    ASKED_AT_ONCE_MAX,
    CHECK_POINT_EVERY_S,
    INTERVALS_MAX,
    LOOK_TIMEOUT_S,
    WITNESS_LAG_S,
    MeasuringDesk,
    Sources,
)
from bascule.report.samples import Sample, Samples
from bascule.routing.weights import Split, Weights
from bascule.upgrade.gates.model import Check, CheckOutcome, CheckResult, CheckType
from bascule.upgrade.ports import Measuring
from tests.support.virtual_clock import VirtualClock

HOLD = Measuring(run_id="run-1", key="shift-5-hold")
NEXT_HOLD = Measuring(run_id="run-1", key="shift-25-hold")


def check(name: str = "smoke", every_s: float = 10.0) -> Check:
    return Check(name=name, type=CheckType.COMMAND, every_s=every_s)


@dataclass
class World:
    """A gateway, checks, a witness and a store that do as a test says."""

    clock: VirtualClock
    total: int = 0
    per_look: int = 10
    is_broken: bool = False
    is_hanging: bool = False
    is_store_hanging: bool = False
    looking: int = 0
    looked: int = 0
    asked: list[str] = field(default_factory=list)
    asking: int = 0
    asking_max: int = 0
    outcome: CheckOutcome = CheckOutcome.PASSED
    check_error: Exception | None = None
    check_takes_s: float = 0.0
    soaks: list[bool] = field(default_factory=list)
    points: list[Mapping[str, Json]] = field(default_factory=list)

    async def look(self) -> Mapping[Cluster, ClusterTraffic]:
        self.looking += 1
        assert self.looking == 1, "two looks at a time"
        try:
            if self.is_hanging:
                await asyncio.Event().wait()
            if self.is_broken:
                raise RuntimeError("no gateway")
            self.looked += 1
            self.total += self.per_look
            traffic = ClusterTraffic(
                requests_total=self.total,
                requests_active=0,
                endpoints_healthy=1,
                failures_total=0,
                completed_total=self.total,
            )
            return {Cluster.GREEN: traffic}
        finally:
            self.looking -= 1

    async def ask(self, check: Check, preview_header: str) -> CheckResult:
        self.asked.append(check.name)
        self.asking += 1
        self.asking_max = max(self.asking, self.asking_max)
        try:
            await self.clock.sleep_until(self.clock.monotonic_s() + self.check_takes_s)
        finally:
            self.asking -= 1
        if self.check_error is not None:
            raise self.check_error
        return CheckResult(
            name=check.name, at=self.clock.now(), outcome=self.outcome, reason=preview_header
        )

    def soak(self, *, is_on: bool) -> None:
        self.soaks.append(is_on)

    def window(self, from_s: float, to_s: float) -> Samples:
        seen = Sample(target="t", scheduled_s=from_s, sent_s=from_s, done_s=from_s, status=200)
        return Samples(from_s=from_s, to_s=to_s, interval_s=0.5, samples=(seen,))

    async def add_samples(self, upgrade: str, samples: Sequence[Point]) -> None:
        assert upgrade == "run-1"
        if self.is_store_hanging:
            await asyncio.Event().wait()
        self.points.extend(sample.data for sample in samples)

    async def read_samples(self, upgrade: str) -> tuple[Point, ...]:
        raise NotImplementedError

    async def thin_samples(self, upgrade: str, *, samples_max: int) -> None:
        pass

    def of(self, kind: str) -> list[Mapping[str, Json]]:
        return [point for point in self.points if point["kind"] == kind]


@asynccontextmanager
async def at_work() -> AsyncIterator[tuple[MeasuringDesk, World]]:
    clock = VirtualClock()
    world = World(clock)
    sources = Sources(
        look=world.look,
        split=lambda: Split(Weights(9_500)),
        ask=world.ask,
        witness=world,
        samples=world,
    )
    desk = MeasuringDesk(sources, clock)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.run())
        await clock.settle()
        yield desk, world
        running.cancel()


async def test_nothing_is_measured_while_nothing_is_wanted() -> None:
    async with at_work() as (desk, world):
        await world.clock.advance(60)

        assert world.looked == 0
        assert desk.take().intervals == ()
        assert world.soaks == [False]


async def test_every_second_is_an_interval_that_follows_the_one_before() -> None:
    async with at_work() as (desk, world):
        desk.measure(HOLD)
        await world.clock.advance(3.5)
        found = desk.take().intervals
        await world.clock.advance(1)

        assert [i.counts[Cluster.GREEN].requests for i in found] == [10, 10, 10]
        assert [i.seq for i in found] == [1, 2, 3]
        assert found[0].to_at == found[1].from_at
        assert [i.seq for i in desk.take().intervals] == [4]


async def test_asking_for_the_same_again_changes_nothing() -> None:
    async with at_work() as (desk, world):
        for _ in range(5):
            desk.measure(replace(HOLD))
            await world.clock.advance(0.9)

        assert world.looked == 5
        assert len(desk.take().intervals) == 4


async def test_a_step_gets_no_interval_that_began_before_it() -> None:
    async with at_work() as (desk, world):
        desk.measure(HOLD)
        await world.clock.advance(2.6)
        desk.measure(NEXT_HOLD)
        begun_at = world.clock.now()
        await world.clock.advance(1.5)

        found = desk.take().intervals

        assert [i.from_at for i in found] == [begun_at]
        desk.measure(None)
        await world.clock.settle()
        spans = [(p["from"], p["to"]) for p in world.of("traffic")]
        assert [to for _, to in spans[:-1]] == [since for since, _ in spans[1:]]
        assert len(spans) == 4


async def test_a_restarted_gateway_leaves_a_hole_in_the_numbers() -> None:
    async with at_work() as (desk, world):
        desk.measure(HOLD)
        await world.clock.advance(1.5)
        world.total = 0
        await world.clock.advance(2)

        assert [i.seq for i in desk.take().intervals] == [1, 3]


async def test_a_look_that_breaks_is_made_up_for_by_a_longer_interval() -> None:
    async with at_work() as (desk, world):
        desk.measure(HOLD)
        await world.clock.advance(0.5)
        world.is_broken = True
        await world.clock.advance(3)
        world.is_broken = False
        world.total += 90
        await world.clock.advance(1)

        (interval,) = desk.take().intervals
        assert interval.counts[Cluster.GREEN].requests == 100
        assert (interval.to_at - interval.from_at).total_seconds() == 4


async def test_a_look_that_hangs_is_given_up_and_never_repeated_beside_itself() -> None:
    async with at_work() as (desk, world):
        world.is_hanging = True
        desk.measure(HOLD)
        await world.clock.advance(LOOK_TIMEOUT_S * 3.5)
        before = world.looked
        world.is_hanging = False
        await world.clock.advance(LOOK_TIMEOUT_S + 2)

        assert before == 0
        assert len(desk.take().intervals) >= 1


async def test_what_nobody_takes_is_bounded() -> None:
    async with at_work() as (desk, world):
        desk.measure(HOLD)
        await world.clock.advance(INTERVALS_MAX + 50.5)

        found = desk.take().intervals
        assert len(found) == INTERVALS_MAX
        assert found[-1].seq == INTERVALS_MAX + 50


async def test_each_check_is_asked_on_its_own_schedule() -> None:
    async with at_work() as (desk, world):
        checks = (check("often", 2.0), check("seldom", 7.0))
        desk.measure(replace(HOLD, checks=checks, preview_header="x-preview"))
        await world.clock.advance(8)

        assert world.asked.count("often") == 5
        assert world.asked.count("seldom") == 2
        assert {result.reason for result in desk.take().results} == {"x-preview"}


async def test_a_slow_check_is_not_asked_beside_itself_and_turns_are_not_made_up_for() -> None:
    async with at_work() as (desk, world):
        world.check_takes_s = 5.0
        desk.measure(replace(HOLD, checks=(check(every_s=2.0),)))
        await world.clock.advance(12.5)

        assert world.asking_max == 1
        assert len(world.asked) == 3


async def test_so_many_checks_are_asked_at_once_and_no_more() -> None:
    async with at_work() as (desk, world):
        world.check_takes_s = 1.0
        count = ASKED_AT_ONCE_MAX + 4
        checks = tuple(check(f"c{number}") for number in range(count))
        desk.measure(replace(HOLD, checks=checks))
        await world.clock.advance(2.5)

        assert world.asking_max == ASKED_AT_ONCE_MAX
        assert len(desk.take().results) == count


async def test_a_check_that_breaks_is_unknown_and_is_asked_again() -> None:
    async with at_work() as (desk, world):
        world.check_error = RuntimeError("a mistake of ours")
        desk.measure(replace(HOLD, checks=(check(every_s=1.0),)))
        await world.clock.advance(1.5)

        results = desk.take().results
        assert [r.outcome for r in results] == [CheckOutcome.UNKNOWN] * 2
        assert "a mistake of ours" in results[0].reason


async def test_answers_for_an_earlier_step_are_dropped() -> None:
    async with at_work() as (desk, world):
        world.check_takes_s = 3.0
        desk.measure(replace(HOLD, checks=(check("old"),)))
        await world.clock.advance(1)
        desk.measure(replace(NEXT_HOLD, checks=(check("new"),)))
        await world.clock.advance(4)

        assert [r.name for r in desk.take().results] == ["new"]


async def test_a_check_is_kept_as_a_point_when_its_outcome_changes_and_now_and_then() -> None:
    async with at_work() as (desk, world):
        desk.measure(replace(HOLD, checks=(check(every_s=1.0),)))
        await world.clock.advance(10.5)
        world.outcome = CheckOutcome.FAILED
        await world.clock.advance(CHECK_POINT_EVERY_S + 2)
        desk.measure(None)
        await world.clock.settle()

        assert [p["outcome"] for p in world.of("check")] == ["passed", "failed", "failed"]


async def test_the_witness_asks_for_as_long_as_something_is_measured() -> None:
    async with at_work() as (desk, world):
        desk.measure(HOLD)
        await world.clock.advance(WITNESS_LAG_S + 2.1)
        desk.measure(None)
        await world.clock.settle()

        assert world.soaks == [False, True, False]
        spans = [(p["from"], p["to"]) for p in world.of("witness")]
        assert [to for _, to in spans[:-1]] == [since for since, _ in spans[1:]]
        assert spans[-1][1] == world.clock.now().isoformat()
        assert world.of("traffic")[0]["split"] == {"blue_bp": 9_500, "green_bp": 500}


async def test_a_store_that_never_answers_delays_no_measurement() -> None:
    async with at_work() as (desk, world):
        world.is_store_hanging = True
        desk.measure(HOLD)
        await world.clock.advance(20.5)

        assert len(desk.take().intervals) == 20
