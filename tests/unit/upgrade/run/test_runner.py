"""The runner as its executor drives it: each rule by itself; whole upgrades are in tests/sim."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import pytest

from bascule.checks.findings import Finding, Severity
from bascule.errors import DriverError, OutcomeUnknownError
from bascule.ids import Cluster, CommandId
from bascule.journal.record import Json
from bascule.upgrade.events import ClustersNamed
from bascule.upgrade.gates.model import Counts, Gates
from bascule.upgrade.names import Identity
from bascule.upgrade.plan.model import Policy, Step, StepKind
from bascule.upgrade.readiness import ClusterLists
from bascule.upgrade.run.events import StepResult
from bascule.upgrade.run.rollback import TRAFFIC_KEY
from bascule.upgrade.run.runner import BACK_QUICK_MAX, TRIES_MAX
from bascule.upgrade.run.stages import Posture, Stage
from bascule.upgrade.run.state import StepStatus
from bascule.upgrade.signals import SteerUpgrade, UpgradeVerb
from tests.support.orders import BLUE, GREEN, percent, shop_routes, view
from tests.support.plans import (
    approval,
    build_plan,
    build_step,
    by_host,
    hold,
    hook,
    set_split,
    start_order,
    weights,
)
from tests.support.run_desk import FAST, begin, is_over
from tests.support.runs import begin_event, steer

BLOCKER = Finding(
    severity=Severity.BLOCKER, code="Other", subject="green", message="is on fire", remedy="water"
)


async def test_a_healthy_upgrade_goes_through_all_stages_and_completes() -> None:
    desk = await begin()

    ended = await desk.until(is_over)

    assert ended.stage is Stage.COMPLETED
    assert desk.traffic.live == GREEN
    assert desk.traffic.retired == {Cluster.BLUE}
    assert [h.argv for h in desk.life.hooks.ran] == [("do", "warm"), ("do", "move-data")]


async def test_the_order_that_starts_it_names_the_run() -> None:
    desk = await begin(*FAST)

    state = await desk.tick()

    assert state.run_id == "run-1"
    assert state.started.actor == "ada@desk"


async def test_a_second_upgrade_is_refused_while_the_first_is_under_way() -> None:
    desk = await begin(*FAST)
    await desk.tick()
    other = build_plan(FAST[:1], name="other")

    await desk.say(start_order(other, "run-2"))
    await desk.say(start_order(build_plan(FAST), "run-3"))

    outcomes = [desk.life.executor.state.outcome_of(CommandId(f"run-{n}")) for n in (2, 3)]
    assert [o.reason if o else "" for o in outcomes] == [
        "the upgrade up (of another plan) is under way on this gateway",
        "the upgrade up (of the same plan) is under way on this gateway",
    ]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((replace(weights(5), kind="teleport"),), "teleport"),
        ((), "no steps"),
        ((weights(5), weights(5)), "two steps"),
    ],
    ids=["unknown kind", "empty", "one key"],
)
async def test_a_plan_that_this_version_cannot_run_is_not_begun(
    steps: tuple[Step, ...], reason: str
) -> None:
    desk = await begin(plan=build_plan(steps))

    await desk.clock.drive(desk.life.executor.tick())

    outcome = desk.life.executor.state.outcome_of(CommandId("run-1"))
    assert outcome is not None
    assert reason in outcome.reason
    assert desk.life.executor.state.upgrade is None


async def test_a_plan_for_other_clusters_than_the_gateway_s_is_not_begun() -> None:
    meant: dict[str, Json] = {"blue": {"server": "https://b"}, "green": {"server": "https://c"}}
    known = {c: Identity(server=f"https://{s}:443") for c, s in zip(Cluster, "ab", strict=True)}
    desk = await begin(plan=replace(build_plan(FAST), clusters=meant))
    await desk.life.executor._ledger.append(ClustersNamed(clusters=known))

    await desk.clock.drive(desk.life.executor.tick())

    outcome = desk.life.executor.state.outcome_of(CommandId("run-1"))
    assert outcome is not None
    assert "another cluster than blue of the gateway" in outcome.reason
    assert desk.life.executor.state.upgrade is None


async def test_a_step_kind_that_vanished_halts_loudly_at_that_step() -> None:
    plan = build_plan([weights(5), replace(weights(100), kind="teleport")])
    desk = await begin(*FAST)
    desk.disk.inbox.clear()
    await desk.life.executor._ledger.append(begin_event(plan))

    state = await desk.tick()

    assert state.halted is not None
    assert "'teleport'" in state.halted.reason
    assert state.step("shift-5").status is StepStatus.DONE
    assert (await desk.tick()).posture is Posture.HALTED


async def test_blockers_in_preflight_end_the_upgrade_before_anything_is_changed() -> None:
    desk = await begin()
    desk.life.checks.findings = (BLOCKER, *[BLOCKER] * 6)

    state = await desk.until(is_over)

    assert state.stage is Stage.ROLLED_BACK
    assert "green: is on fire" in state.end_reason
    assert "and 2 more" in state.end_reason
    assert desk.traffic.sent == []


async def test_a_blocker_before_a_shift_is_waited_out() -> None:
    desk = await begin(*FAST)
    desk.life.checks.findings = (BLOCKER,)

    state = await desk.tick()
    assert state.posture is Posture.WAITING
    desk.life.checks.findings = ()

    assert (await desk.until(is_over)).stage is Stage.COMPLETED


async def test_weights_wait_for_endpoints() -> None:
    desk = await begin(*FAST)
    desk.traffic.known = view(shop_routes(green=False))

    state = await desk.tick()

    assert state.posture is Posture.WAITING
    assert desk.traffic.sent == []
    desk.traffic.known = view()
    assert (await desk.until(is_over)).stage is Stage.COMPLETED


async def test_a_freeze_window_is_waited_out() -> None:
    window: dict[str, Json] = {
        "name": "holidays",
        "dates": {"from": "2026-01-01", "to": "2026-01-01"},
        "timeZone": "UTC",
    }
    desk = await begin(*FAST, policy=Policy(freeze=(window,)))

    state = await desk.tick()

    waits = state.step("shift-5").waits
    assert waits is not None
    assert waits.reason == "freeze window holidays"
    assert len(desk.disk.records) == len((await desk.tick(), desk.disk.records)[1])
    await desk.clock.advance(86_400.0)
    assert (await desk.until(is_over)).stage is Stage.COMPLETED


async def test_a_freeze_window_that_cannot_be_read_halts_the_upgrade() -> None:
    desk = await begin(*FAST, policy=Policy(freeze=({"name": "night"},)))

    state = await desk.tick()

    assert state.halted is not None
    assert "cannot be read" in state.halted.reason
    assert desk.traffic.sent == []


async def test_what_is_refused_is_tried_again_later_and_given_up_at_last() -> None:
    desk = await begin(*FAST)
    desk.traffic.failures = [DriverError("no")] * (TRIES_MAX - 1)

    state = await desk.tick()

    waits = state.step("shift-5").waits
    assert waits is not None
    assert waits.reason == "no; it is tried again"
    assert len(desk.traffic.sent) == len((await desk.tick(), desk.traffic.sent)[1])
    assert (await desk.until(is_over)).stage is Stage.COMPLETED


async def test_what_is_refused_for_good_is_rolled_back() -> None:
    desk = await begin(*FAST)
    desk.traffic.failures = [DriverError("no")] * TRIES_MAX

    state = await desk.until(is_over)

    assert state.stage is Stage.ROLLED_BACK
    assert f"given up after {TRIES_MAX} tries: no" in state.end_reason


async def test_the_way_back_for_traffic_is_tried_for_ever() -> None:
    desk = await begin(*FAST)
    await desk.until(lambda s: s.step("shift-5-hold").attempt > 0)
    desk.traffic.failures = [OutcomeUnknownError("silence")] * (TRIES_MAX + 5)

    await desk.say(steer(UpgradeVerb.ROLLBACK))
    state = await desk.until(is_over)

    assert state.stage is Stage.ROLLED_BACK
    assert state.step(TRAFFIC_KEY).attempt > TRIES_MAX
    assert desk.traffic.live == BLUE


async def test_a_rollback_without_any_endpoint_waits_for_one() -> None:
    desk = await begin(*FAST)
    await desk.until(lambda s: s.step("shift-5-hold").attempt > 0)
    desk.traffic.known = view(shop_routes(blue=False))

    state = await desk.say(steer(UpgradeVerb.ROLLBACK))

    waits = state.step(TRAFFIC_KEY).waits
    assert waits is not None
    assert "blue has no ready endpoint" in waits.reason


async def test_a_hook_that_fails_rolls_the_upgrade_back_and_is_undone() -> None:
    desk = await begin(weights(5), hook("move", Stage.SHIFT))
    desk.life.hooks.failures = [DriverError("it ended with 3")]

    state = await desk.until(is_over)

    assert state.end_reason == "hook-move: it ended with 3"
    assert [h.argv for h in desk.life.hooks.ran] == [("do", "move"), ("undo", "move")]
    assert desk.life.hooks.ran[0].environment["BASCULE_STEP"] == "hook-move"


async def test_a_hook_in_doubt_waits_for_a_persons_answer() -> None:
    desk = await begin(weights(5), hook("move", Stage.SHIFT))
    desk.life.hooks.failures = [OutcomeUnknownError("its time was over")]

    state = await desk.tick()
    assert state.halted is not None
    assert state.halted.is_in_doubt
    await desk.say(steer(UpgradeVerb.RETRY))
    assert "is not known" in desk.refusal("s1")

    state = await desk.say(steer(UpgradeVerb.ANSWER, "s2", answer="done"))

    assert state.stage is Stage.COMPLETED
    assert len(desk.life.hooks.ran) == 1


@pytest.mark.parametrize(("is_repeatable", "runs"), [(True, 2), (False, 1)])
async def test_a_hook_that_was_begun_before_a_restart_runs_again_only_if_it_may(
    is_repeatable: bool,  # noqa: FBT001 — a case of the table
    runs: int,
) -> None:
    desk = await begin(weights(5), hook("move", Stage.SHIFT, is_repeatable=is_repeatable))
    desk.life.hooks.when_run = _die

    with pytest.raises(ExceptionGroup) as dead:
        await desk.tick()
    assert dead.group_contains(_DeadError)
    desk.life.hooks.when_run = lambda _: None
    await desk.restart()
    state = await desk.tick()

    assert len(desk.life.hooks.ran) == runs
    assert (state.halted is not None) is not is_repeatable


class _DeadError(Exception):
    """The process is gone."""


def _die(_: object) -> None:
    raise _DeadError


async def test_a_retirement_that_waits_for_a_freeze_to_end_can_still_be_rolled_back() -> None:
    window: dict[str, Json] = {"from": "00:10", "to": "00:20", "timeZone": "UTC"}
    retire = build_step("retire-blue", Stage.RETIRE, StepKind.RETIRE, cluster="blue")
    bake = hold("bake", Stage.BAKE, 700.0)
    desk = await begin(weights(100), bake, retire, policy=Policy(freeze=(window,)))
    await desk.tick()
    frozen = await desk.tick(after_s=701.0)
    assert (frozen.stage, desk.traffic.retired) == (Stage.RETIRE, frozenset())

    await desk.say(steer(UpgradeVerb.ROLLBACK))

    assert (await desk.until(is_over)).stage is Stage.ROLLED_BACK
    assert desk.traffic.live == BLUE


async def test_without_automatic_rollback_a_failure_halts_and_says_both_ways_on() -> None:
    gates = Gates(requests_min=10, success_min=0.99, alpha=0.001)
    steps = (weights(5), hold("shift-5-hold", Stage.SHIFT, 60.0, gates), weights(100))
    desk = await begin(*steps, policy=Policy(is_rollback_automatic=False))
    bad = Counts(requests=100, started=100, failures=30)
    desk.life.metrics.counts_of = lambda _: {Cluster.BLUE: Counts(requests=100), Cluster.GREEN: bad}

    state = await desk.until(lambda s: s.halted is not None)

    assert state.halted is not None
    assert "success rate is broken" in state.halted.reason
    assert "retry up`, or `bascule upgrade rollback up" in state.halted.remedy
    assert state.step("shift-5-hold").status.value == StepResult.FAILED.value
    assert desk.traffic.live == percent(5)


async def test_after_the_point_of_no_return_a_failure_halts() -> None:
    policy = Policy(unsafe_after="shift-5", unsafe_reason="data moved")
    desk = await begin(weights(5), hook("move", Stage.SHIFT, undo=False), policy=policy)
    desk.life.hooks.failures = [DriverError("no")]

    state = await desk.until(lambda s: s.halted is not None)

    assert state.halted is not None
    assert "it cannot be rolled back: shift-5 has begun: data moved" in state.halted.reason
    await desk.say(steer(UpgradeVerb.ROLLBACK))
    assert "data moved" in desk.refusal("s1")
    assert (await desk.say(steer(UpgradeVerb.RETRY, "s2"))).stage is Stage.COMPLETED


async def test_a_rollback_that_fails_halts_and_goes_on_with_retry() -> None:
    desk = await begin(weights(5), hook("move", Stage.SHIFT), hold("h", Stage.SHIFT, 60.0))
    await desk.tick()
    desk.life.hooks.failures = [DriverError("stuck")]

    state = await desk.say(steer(UpgradeVerb.ROLLBACK))

    assert state.halted is not None
    assert state.halted.reason == "stuck"
    assert desk.traffic.live == BLUE
    assert (await desk.say(steer(UpgradeVerb.RETRY, "s2"))).stage is Stage.ROLLED_BACK


async def test_weights_by_hand_pause_and_those_of_the_plan_come_back_with_resume() -> None:
    desk = await begin(*FAST)
    await desk.until(lambda s: s.step("shift-5-hold").attempt > 0)

    state = await desk.say(steer(UpgradeVerb.WEIGHTS, blue_bp=7_000))
    assert state.posture is Posture.PAUSED
    assert desk.traffic.live == percent(30)
    desk.traffic.known = view(green=ClusterLists(is_complete=True, is_stale=True))
    desk.traffic.failures = [DriverError("not now")]
    state = await desk.say(steer(UpgradeVerb.RESUME, "s2"))
    assert desk.traffic.live == percent(30)
    assert state.step("shift-5-hold").waits is not None

    desk.traffic.known = view()
    await desk.until(lambda s: desk.traffic.live == percent(5) or s.is_over)
    assert (await desk.until(is_over)).stage is Stage.COMPLETED


async def test_weights_that_cannot_be_brought_back_are_tried_more_and_more_rarely() -> None:
    desk = await begin(weights(5), hold("shift-5-hold", Stage.SHIFT, 3_600.0), weights(100))
    await desk.tick()
    await desk.say(steer(UpgradeVerb.WEIGHTS, blue_bp=7_000))
    desk.traffic.failures = [DriverError("not now")] * 1_000
    await desk.say(steer(UpgradeVerb.RESUME, "s2"))
    before = len(desk.disk.records)

    await desk.tick(600, after_s=0.5)

    assert 20 < len(desk.disk.records) - before < 60
    desk.traffic.failures = []
    await desk.until(lambda _: desk.traffic.live == percent(5))


async def test_a_way_back_that_is_refused_for_minutes_is_tried_more_rarely() -> None:
    desk = await begin(weights(5), approval("go", Stage.SHIFT), weights(100))
    await desk.tick()
    desk.traffic.failures = [DriverError("no")] * 10_000
    await desk.say(steer(UpgradeVerb.ROLLBACK))

    await desk.tick(BACK_QUICK_MAX + 20, after_s=2.5)
    quick = desk.state.step(TRAFFIC_KEY).attempt
    await desk.tick(100, after_s=2.5)

    assert quick > BACK_QUICK_MAX
    assert 20 <= desk.state.step(TRAFFIC_KEY).attempt - quick <= 25


@pytest.mark.parametrize("what", ["not ready", "too fine"])
async def test_weights_by_hand_are_refused_where_they_cannot_be(what: str) -> None:
    desk = await begin(*FAST)
    await desk.until(lambda s: s.step("shift-5-hold").attempt > 0)
    if what == "not ready":
        desk.traffic.known = view(shop_routes(green=False))
    else:
        coarse = replace(desk.traffic.capabilities(), weight_step_bp=1_000)
        desk.traffic.capabilities = lambda: coarse  # type: ignore[method-assign]  # another gateway

    await desk.say(steer(UpgradeVerb.WEIGHTS, blue_bp=5_050))

    assert desk.refusal("s1")
    assert desk.traffic.live == percent(5)


async def test_a_signal_that_comes_twice_is_one_signal() -> None:
    desk = await begin(*FAST)
    await desk.tick()
    await desk.say(steer(UpgradeVerb.PAUSE))
    desk.disk.done.clear()

    await desk.say(steer(UpgradeVerb.RESUME, "s2"))
    state = await desk.tick()

    assert [s.signal_id for s in state.signals] == ["s1", "s2"]
    assert state.paused is None
    assert (
        await desk.life.executor._runner.steer(
            steer(UpgradeVerb.PAUSE), steer_signal(), desk.traffic
        )
        is None
    )


def steer_signal() -> SteerUpgrade:
    return SteerUpgrade(name="up", verb=UpgradeVerb.PAUSE)


@pytest.mark.parametrize("name", ["up", "other"])
async def test_a_signal_to_what_is_not_under_way_is_refused(name: str) -> None:
    desk = await begin(weights(5))
    await desk.until(is_over)

    await desk.say(steer(UpgradeVerb.PAUSE, name=name))

    outcome = desk.life.executor.state.outcome_of(CommandId("s1"))
    assert outcome is not None
    assert ("is over" if name == "up" else "there is no upgrade 'other'") in outcome.reason


async def test_a_signal_to_another_upgrade_names_the_one_that_is_under_way() -> None:
    desk = await begin(*FAST)
    await desk.tick()

    await desk.say(steer(UpgradeVerb.PAUSE, name="other"))

    outcome = desk.life.executor.state.outcome_of(CommandId("s1"))
    assert outcome is not None
    assert "up is under way" in outcome.reason


async def test_a_rollback_says_who_asked_for_it() -> None:
    desk = await begin(*FAST)
    await desk.tick()

    state = await desk.say(replace(steer(UpgradeVerb.ROLLBACK), reason=""))

    assert state.end_reason == "rollback by ada@desk"


async def test_the_way_back_from_hosts_that_moved_whole_leads_to_where_it_all_began() -> None:
    steps = (set_split("shift-hosts-1", by_host("a.test")), weights(100), approval("g", Stage.BAKE))
    desk = await begin(*steps)
    await desk.until(lambda s: s.step("g-approval").attempt > 0)
    on_the_way = len(desk.life.executor.state.homes)

    await desk.say(steer(UpgradeVerb.ROLLBACK))
    await desk.until(is_over)

    assert desk.traffic.live == BLUE
    assert (on_the_way, len(desk.life.executor.state.homes)) == (2, 0)


async def test_nothing_is_measured_when_no_upgrade_is_under_way() -> None:
    desk = await begin(*FAST)
    await desk.until(is_over)

    await desk.tick()

    assert desk.life.metrics.wanted is None


async def test_a_step_says_how_often_the_gateway_was_updated_while_it_lasted() -> None:
    desk = await begin(*FAST)
    desk.traffic.updates = 5

    def update() -> None:
        assert desk.traffic.updates is not None
        desk.traffic.updates += 2

    desk.traffic.when_sent = update

    await desk.until(is_over)

    taken = {
        record.entry.data["key"]: cast("Mapping[str, Json]", record.entry.data["output"])["updates"]
        for record in desk.disk.records
        if record.entry.kind == "upgrade_step_finished"
    }
    assert taken == {"shift-5": 2, "shift-5-hold": 0, "shift-100": 2}


AGIC = Finding(
    severity=Severity.BLOCKER, code="AgicInside", subject="green", message="AGIC is back"
)


async def test_weights_by_hand_are_not_raised_beside_another_writer_and_always_taken_back() -> None:
    desk = await begin(*FAST)
    await desk.until(lambda s: s.step("shift-5-hold").attempt > 0)
    desk.life.checks.findings = (AGIC,)

    await desk.say(steer(UpgradeVerb.WEIGHTS, blue_bp=7_000))
    assert "AGIC is back" in desk.refusal("s1")
    assert desk.traffic.live == percent(5)
    await desk.say(steer(UpgradeVerb.WEIGHTS, "s2", blue_bp=10_000))

    assert desk.refusal("s2") == ""
    assert desk.traffic.live == BLUE


async def test_an_overlay_that_was_made_is_waited_for_until_somebody_lets_the_gateway_in() -> None:
    made = build_step(
        "make-green",
        Stage.PROVISION,
        StepKind.MAKE_CLUSTER,
        cluster="green",
        platform={"extension": ["10.240.0.0/24"]},
    )
    there = build_step("provision-green", Stage.PROVISION, StepKind.AWAIT_CLUSTER, cluster="green")
    desk = await begin(made, there, weights(100))
    shut = replace(AGIC, code="OverlayNotExtended", message="apply this object")
    desk.life.checks.findings = (shut, replace(shut, subject="blue"))

    state = await desk.tick(20, after_s=5.0)
    waits = state.step("provision-green").waits
    assert waits is not None
    assert waits.reason == "green: apply this object"
    assert desk.traffic.live == BLUE
    desk.life.checks.findings = ()

    assert (await desk.until(is_over)).stage is Stage.COMPLETED
