"""A week of bake and days of waiting, on the virtual clock, with a new runner each day.

It begins on Thursday, 1 January 2026. The wall clock is set back by an hour on the fourth day, and
stays so: what runs on it alone, as freeze windows do, is an hour later from then on.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bascule.ids import Cluster, CommandId
from bascule.journal.rows import render_row
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.upgrade.gates.model import Counts
from bascule.upgrade.plan.planner import plan_upgrade
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import StepStatus, UpgradeState
from bascule.upgrade.signals import Order, SteerUpgrade, UpgradeVerb
from bascule.upgrade.state import fold
from tests.support.fake_traffic import ClockBell, Life
from tests.support.orders import BLUE, START
from tests.support.planning import KNOWN
from tests.support.plans import start_order
from tests.support.sim_world import Far, Points, SimWorld
from tests.support.specs import read_upgrade

TICK_S = 300.0
DAY_S = 86_400.0
DEAD_S = 600.0
"""How long nobody is there before the next runner."""
SET_BACK_AT_S = 3.6 * DAY_S
HOUR = timedelta(hours=1)
DAYS_MAX = 15
PER_TICK = 3_000
"""How many requests green gets in one tick; one in a thousand fails, in all of them."""
KEPT_MIN = 0.8
"""A runner that dies takes what it has not recorded with it: at most a twentieth of the time."""
RECORDS_MAX = 400
BYTES_MAX = 400_000
MONDAY = datetime(2026, 1, 12, tzinfo=UTC)

_SPEC = """\
steps:
  - {weight: 100, hold: 1h}
analysis: {successRate: {min: 99.5}, latency: []}
bake: {hold: 7d}
retire: {hold: 24h}
freeze:
  - {name: weekend, days: [sat, sun], timeZone: UTC}
"""


@dataclass(slots=True)
class Week:
    """What is seen of the steps, by the clock that nobody sets."""

    world: SimWorld
    begun_s: dict[str, float] = field(default_factory=dict)
    done_s: dict[str, float] = field(default_factory=dict)
    lives: int = 0

    @property
    def upgrade(self) -> UpgradeState:
        """What the journal says at last."""
        state = fold(self.world.disk.records)
        assert state is not None
        assert state.upgrade is not None
        return state.upgrade

    async def run(self) -> None:
        start_s = self.world.clock.monotonic_s()
        for day in range(1, DAYS_MAX + 1):
            state = await self._live(start_s + day * DAY_S)
            if state.is_over:
                return
            await self.world.clock.sleep_until(self.world.clock.monotonic_s() + DEAD_S)
        raise AssertionError(f"it goes on for more than {DAYS_MAX} days")

    async def _live(self, until_s: float) -> UpgradeState:
        """Live until `until_s`, or to the end of the upgrade."""
        self.lives += 1
        life = await self.world.begin(Points())
        clock, bell = life.clock, ClockBell(life.clock)
        while True:
            self._speak()
            await life.executor.tick()
            self._look(life)
            state = life.executor.state.upgrade
            assert state is not None
            if state.is_over or clock.monotonic_s() >= until_s:
                return state
            await bell.wait(min(clock.monotonic_s() + TICK_S, until_s))

    def _speak(self) -> None:
        """Let the wall clock be wrong, and the operator speak, when their time has come."""
        clock = self.world.clock
        if clock.monotonic_s() >= 1_000.0 + SET_BACK_AT_S:
            clock.offset = -HOUR
        if "retire-hold" in self.begun_s:
            self.world.tell(
                _say("x", UpgradeVerb.EXTEND, by_s=DAY_S),
                _say("y", UpgradeVerb.APPROVE, gate="retire", typed="old"),
            )

    def _look(self, life: Life) -> None:
        state = life.executor.state.upgrade
        assert state is not None
        for key, step in state.steps.items():
            if step.status is not StepStatus.PENDING:
                self.begun_s.setdefault(key, life.clock.monotonic_s())
            if step.is_over:
                self.done_s.setdefault(key, life.clock.monotonic_s())

    def took_s(self, key: str) -> float:
        return self.done_s[key] - self.begun_s[key]


def _say(order_id: str, verb: UpgradeVerb, **data: str | float) -> Order:
    signal = SteerUpgrade(name="shop-1-36", verb=verb, data=dict(data))
    return Order(id=CommandId(order_id), at=START, actor="ada@desk", signal=signal)


def _count(at: datetime) -> dict[Cluster, Counts]:
    del at
    failures = PER_TICK // 1_000
    green = Counts(requests=PER_TICK, failures=failures, started=PER_TICK)
    return {Cluster.BLUE: Counts(), Cluster.GREEN: green}


@pytest.fixture(scope="module")
def week() -> Week:
    """Play it once; a fault of the week is a fault of every test."""
    far = Far(live=BLUE, arrangement=NOTHING_ARRANGED)
    world = SimWorld(far=far, interval_s=TICK_S, counts_of=_count)
    world.tell(start_order(plan_upgrade(read_upgrade(_SPEC), KNOWN)))
    played = Week(world)
    asyncio.run(world.clock.drive(played.run()))
    return played


def test_the_upgrade_is_completed_though_no_runner_lives_for_longer_than_a_day(week: Week) -> None:
    assert week.upgrade.stage is Stage.COMPLETED
    assert week.world.far.retired == {Cluster.BLUE}
    assert week.lives > 10


def test_no_hold_is_cut_short_and_none_is_drawn_out_by_more_than_the_clock_was_wrong(
    week: Week,
) -> None:
    wrong_s = HOUR.total_seconds()

    assert 3_600.0 <= week.took_s("shift-100-hold") <= 3_600.0 + TICK_S
    assert 7 * DAY_S <= week.took_s("bake") <= 7 * DAY_S + wrong_s + TICK_S
    # A day as it was planned, and one by which it was extended, wholly under the wrong clock.
    assert 2 * DAY_S <= week.took_s("retire-hold") <= 2 * DAY_S + DEAD_S + TICK_S


def test_nothing_is_retired_on_the_weekend_and_blue_is_seen_to_be_idle_after_it(
    week: Week,
) -> None:
    finished = week.upgrade.step("retire-idle").finished
    retired = week.upgrade.step("retire-blue").finished

    assert finished is not None
    assert retired is not None
    assert MONDAY <= finished.at <= retired.at <= MONDAY + timedelta(minutes=15)


def test_the_gate_gets_its_numbers_all_week_and_goes_on_from_them_in_each_life(week: Week) -> None:
    judged = week.upgrade.step("bake").judged
    assert judged is not None
    (told,) = [reason for reason in judged.reasons if "requests failed on green" in reason]
    failed, of = (int(word.replace(",", "")) for word in told.split()[0:3:2])

    assert judged.verdict == "pass"
    assert of * 1_000 == failed * 1_000 * 1_000
    assert PER_TICK * 7 * DAY_S / TICK_S * KEPT_MIN <= of <= PER_TICK * 7 * DAY_S / TICK_S


def test_the_journal_of_it_all_is_small(week: Week) -> None:
    records = week.world.disk.records

    assert len(records) <= RECORDS_MAX
    assert sum(len(render_row(record).data) for record in records) <= BYTES_MAX
