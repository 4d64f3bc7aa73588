from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.arrangement import Arrangement
from bascule.upgrade.gates.model import Check, CheckOutcome, CheckType, Counts, Gates
from bascule.upgrade.plan.model import Plan, Step
from bascule.upgrade.run.events import GateJudged
from bascule.upgrade.run.holding import (
    AGAIN_S,
    BASELINE_MAX,
    RECORD_EVERY_S,
    RECORD_EVERY_SHARE,
    Holding,
)
from bascule.upgrade.run.results import Done, Failed, Result, Waits
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from tests.support.fake_run import CountsOf, FakeMetrics
from tests.support.plans import PREVIEW, build_plan, hold
from tests.support.runs import after, at_step, begun, signal, started
from tests.support.virtual_clock import VirtualClock

GATES = Gates(requests_min=100, success_min=0.99, alpha=0.001, wait_max_s=60.0)
KEY = "shift-5-hold"


def traffic(green: int, failures: int = 0) -> CountsOf:
    """Green gets so many requests a second, and so many fail."""

    def counts(at: datetime) -> dict[Cluster, Counts]:
        del at
        return {
            Cluster.BLUE: Counts(requests=100, started=100),
            Cluster.GREEN: Counts(requests=green, started=green, failures=failures),
        }

    return counts


class Desk:
    """A hold in a world with a clock."""

    def __init__(self, counts_of: CountsOf, *, gates: Gates = GATES, hold_s: float = 10.0) -> None:
        self.clock = VirtualClock()
        self.arrangement = Arrangement()
        self.metrics = FakeMetrics(self.clock, counts_of=counts_of)
        self.holding = Holding(self.metrics, lambda: self.arrangement)
        plan = build_plan([hold(KEY, Stage.PREFLIGHT, hold_s, gates)])
        self.state = after(begun(plan), started(KEY))
        self.step = plan.steps[0]

    async def look(self, after_s: float = 0.0, state: UpgradeState | None = None) -> Result:
        await self.clock.advance(after_s)
        return self.holding.look(state or self.state, self.step, self.clock.now())

    def keep(self, result: Result) -> None:
        """Record the verdict, as the runner does."""
        judged = getattr(result, "judged", None)
        assert isinstance(judged, GateJudged)
        self.state = after(self.state, judged)


async def test_a_hold_waits_for_its_time_and_then_passes() -> None:
    desk = Desk(traffic(50))

    early = await desk.look()
    late = await desk.look(11.0)

    assert isinstance(early, Waits)
    assert early.reason == "holds"
    assert early.until == desk.clock.now() - timedelta(seconds=1)
    assert isinstance(late, Done)
    assert late.judged is not None
    assert late.judged.verdict == "pass"


async def test_a_verdict_says_who_counted_where_there_is_more_than_one_who_may() -> None:
    def counts(at: datetime) -> dict[Cluster, Counts]:
        return {c: replace(found, source="access log") for c, found in traffic(50)(at).items()}

    async def judge(desk: Desk) -> Mapping[str, Json]:
        await desk.look()
        found = await desk.look(11.0)
        assert isinstance(found, Done)
        assert found.judged is not None
        return found.judged.evidence

    assert (await judge(Desk(counts)))["counted_by"] == "access log"
    assert "counted_by" not in await judge(Desk(traffic(50)))


async def test_silence_is_not_success() -> None:
    desk = Desk(traffic(0))
    await desk.look()

    found = await desk.look(11.0)

    assert isinstance(found, Waits)
    assert found.reason.startswith("waits for its gates")
    assert found.until is None


async def test_what_does_not_come_in_time_is_left_to_a_person() -> None:
    desk = Desk(traffic(0))
    await desk.look()

    found = await desk.look(80.0)

    assert isinstance(found, Waits)
    assert "waits for an approval" in found.reason


async def test_a_person_lets_a_hold_pass() -> None:
    desk = Desk(traffic(0))
    desk.keep(await desk.look())

    found = await desk.look(1.0, after(desk.state, signal("approve", gate=KEY, key=KEY)))

    assert found == Done(reason="ada@desk let it pass", judged=getattr(found, "judged", None))


async def test_a_broken_green_fails_long_before_the_hold_is_over() -> None:
    desk = Desk(traffic(50, failures=10), hold_s=600.0)
    await desk.look()

    found = await desk.look(8.0)

    assert isinstance(found, Failed)
    assert "success rate is broken" in found.reason
    assert found.judged is not None
    assert found.judged.verdict == "fail"


def is_recorded(found: Result) -> bool:
    """Return whether a hold that goes on has something to record."""
    assert isinstance(found, Waits)
    return found.judged is not None


async def test_numbers_are_recorded_first_then_now_and_then() -> None:
    desk = Desk(traffic(1), hold_s=1_000.0)
    first = await desk.look()
    desk.keep(first)

    soon = await desk.look(RECORD_EVERY_S / 2)
    later = await desk.look(RECORD_EVERY_S / 2)

    assert not is_recorded(soon)
    assert is_recorded(later)


async def test_the_longer_a_hold_the_rarer_its_records() -> None:
    desk = Desk(traffic(1), hold_s=1e6)
    desk.keep(await desk.look())
    desk.keep(await desk.look(10_000.0))

    soon = await desk.look(RECORD_EVERY_SHARE * 10_000.0 / 2)
    later = await desk.look(RECORD_EVERY_SHARE * 10_000.0)

    assert not is_recorded(soon)
    assert is_recorded(later)


async def test_a_record_without_a_time_is_followed_by_one_with_it() -> None:
    desk = Desk(traffic(1), hold_s=1_000.0)
    bare = GateJudged(upgrade="up", key=KEY, verdict="hold")

    found = await desk.look(1.0, after(desk.state, bare))

    assert isinstance(found, Waits)
    assert found.judged is not None


async def test_after_a_restart_a_hold_goes_on_from_what_was_recorded() -> None:
    desk = Desk(traffic(50), hold_s=RECORD_EVERY_S + 5.0)
    desk.keep(await desk.look())
    desk.keep(await desk.look(RECORD_EVERY_S))
    desk.holding = Holding(desk.metrics, lambda: desk.arrangement)
    desk.metrics.counts_of = traffic(0)

    soon, later = await desk.look(6.0), await desk.look(AGAIN_S)

    assert isinstance(soon, Waits)
    assert soon.reason == "waits for its gates: fresh measurements"
    assert isinstance(later, Done)


async def test_what_another_version_recorded_of_a_hold_makes_it_begin_anew() -> None:
    desk = Desk(traffic(50), hold_s=60.0)
    strange = GateJudged(upgrade="up", key=KEY, verdict="hold", evidence={"progress": {"seen": 1}})
    state = after(desk.state, strange)

    first, last = await desk.look(0.0, state), await desk.look(61.0, state)

    assert isinstance(first, Waits)
    assert isinstance(last, Done)


async def test_nothing_passes_by_what_an_earlier_life_saw_before_it_ended() -> None:
    desk = Desk(traffic(50), hold_s=RECORD_EVERY_S + 5.0)
    desk.keep(await desk.look())
    desk.keep(await desk.look(RECORD_EVERY_S))
    desk.metrics = FakeMetrics(desk.clock, counts_of=lambda _: {})
    desk.holding = Holding(desk.metrics, lambda: desk.arrangement)
    await desk.clock.advance(3_600.0)

    found = [await desk.look(after_s) for after_s in (0.0, AGAIN_S, 60.0)]

    assert all(isinstance(waits, Waits) for waits in found)


async def test_nothing_passes_by_what_was_measured_long_ago() -> None:
    desk = Desk(traffic(50), hold_s=60.0)
    await desk.look()
    await desk.look(20.0)
    desk.metrics.counts_of = lambda _: {}

    late, later = await desk.look(41.0), await desk.look(90.0)
    person = await desk.look(0.0, after(desk.state, signal("approve", gate=KEY, key=KEY)))
    desk.metrics.counts_of = traffic(1)
    again = await desk.look(1.0)

    assert isinstance(late, Waits)
    assert late.judged is not None
    assert late.judged.reasons == ("green has not been measured for 15 s",)
    assert isinstance(later, Waits)
    assert "waits for an approval" in later.reason
    assert isinstance(person, Done)
    assert isinstance(again, Done)


async def test_who_asks_for_no_requests_gets_by_where_none_are_counted() -> None:
    desk = Desk(lambda _: {}, gates=replace(GATES, requests_min=0))
    await desk.look()

    assert isinstance(await desk.look(11.0), Done)


async def test_nothing_passes_by_a_check_that_has_fallen_silent() -> None:
    check = Check(name="slo", type=CheckType.PROMETHEUS, every_s=10.0)
    desk = Desk(traffic(0), gates=Gates(has_traffic=False, checks=(check,)), hold_s=600.0)
    await desk.look()
    await desk.look(5.0)
    desk.metrics.outcome_of = lambda _: CheckOutcome.UNKNOWN

    silent = await desk.look(600.0)
    desk.metrics.outcome_of = lambda _: CheckOutcome.PASSED
    heard = await desk.look(1.0)

    assert isinstance(silent, Waits)
    assert silent.judged is not None
    assert silent.judged.reasons == ("check slo gives no answer any more",)
    assert isinstance(heard, Done)


async def test_what_is_measured_while_a_hold_is_paused_counts_when_it_goes_on() -> None:
    desk = Desk(traffic(50, failures=10), hold_s=600.0)
    await desk.look()
    await desk.clock.advance(60.0)
    desk.holding.keep_up(desk.state, desk.step, desk.clock.now())
    desk.metrics.counts_of = traffic(50)

    assert isinstance(await desk.look(1.0), Failed)


async def test_what_an_earlier_attempt_measured_is_dropped() -> None:
    desk = Desk(traffic(50, failures=50), hold_s=600.0)
    await desk.look()
    await desk.clock.advance(300.0)
    desk.metrics.counts_of = traffic(50)

    found = await desk.look(0.0, after(desk.state, started(KEY, 2)))

    assert isinstance(found, Waits)


async def test_another_attempt_begins_with_nothing_seen() -> None:
    desk = Desk(traffic(50))
    await desk.look()
    await desk.look(5.0)
    desk.metrics.counts_of = traffic(0)

    found = await desk.look(6.0, after(desk.state, started(KEY, 2)))

    assert isinstance(found, Waits)


async def test_the_hold_before_retire_is_as_long_as_it_was_made() -> None:
    desk = Desk(traffic(50), gates=Gates(has_traffic=False))
    plan = build_plan([hold("retire-hold", Stage.PREFLIGHT, 10.0)])
    desk.step = plan.steps[0]
    state = after(begun(plan), started("retire-hold"), signal("extend", by_s=3_600))

    found = await desk.look(11.0, state)

    assert isinstance(found, Waits)
    assert found.until == state.started.at + timedelta(seconds=3_610)


async def test_a_hold_without_a_time_or_a_start_passes_at_once() -> None:
    desk = Desk(traffic(0))
    step = Step(key=KEY, stage=Stage.PREFLIGHT, kind="hold", args={"gates": {"has_traffic": False}})
    desk.step = step

    assert isinstance(
        await desk.look(0.0, begun(Plan(name="up", gateway="g", steps=(step,)))), Done
    )


async def test_it_says_what_is_to_be_measured_and_stops_when_nothing_is() -> None:
    check = Check(name="home", type=CheckType.HTTP)
    desk = Desk(traffic(1), gates=Gates(checks=(check,)))
    await desk.look()

    wanted = desk.metrics.wanted
    assert wanted is not None
    assert (wanted.run_id, wanted.key, wanted.checks) == ("run-1", KEY, (check,))
    assert wanted.preview_header == ""
    desk.holding.rest()
    assert desk.metrics.asked[-1] is None


async def test_checks_go_through_the_preview_that_stands_now() -> None:
    desk = Desk(traffic(1))
    desk.arrangement = Arrangement(preview=PREVIEW)

    await desk.look()

    assert desk.metrics.wanted is not None
    assert desk.metrics.wanted.preview_header == "x-bascule-preview"


async def test_what_is_measured_beside_the_holds_is_a_baseline_too() -> None:
    desk = Desk(traffic(1))
    shift = hold("shift", Stage.PREFLIGHT, 1.0)

    desk.holding.watch(desk.state, shift)
    await desk.clock.advance(3.0)
    desk.holding.watch(desk.state, shift)

    assert len(desk.holding._baseline) == 3


async def test_the_baseline_of_a_hold_is_what_came_before_it() -> None:
    desk = Desk(traffic(1), hold_s=1_000.0)
    await desk.look()

    await desk.look(BASELINE_MAX + 5.0)

    assert len(desk.holding._baseline) == BASELINE_MAX


@pytest.mark.parametrize("key", ["verify", KEY])
async def test_each_hold_has_a_verdict_of_its_own(key: str) -> None:
    state = after(at_step(key), started(key))
    desk = Desk(traffic(1))
    step = state.current
    assert step is not None
    desk.step = step

    found = await desk.look(0.0, state)

    assert isinstance(found, Waits)
    assert found.judged is not None
    assert found.judged.key == key
