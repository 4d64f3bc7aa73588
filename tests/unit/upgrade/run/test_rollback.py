import pytest

from bascule.ids import Cluster, CommandId
from bascule.upgrade.encoding import render_split
from bascule.upgrade.plan.model import Policy, StepKind
from bascule.upgrade.run.events import Ended, RunEvent
from bascule.upgrade.run.rollback import (
    TRAFFIC_KEY,
    find_last_chance,
    has_moved_traffic,
    has_retired,
    is_traffic_awaited,
    judge_eligibility,
    plan_rollback,
)
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from tests.support.orders import BLUE
from tests.support.plans import approval, build_plan, build_step, weights
from tests.support.runs import (
    NAME,
    after,
    at_step,
    begun,
    ended,
    entered,
    rolled_back,
    signal,
    started,
)


@pytest.mark.parametrize("key", ["preflight", "verify", "bake", "retire-idle", "retire-blue"])
def test_an_upgrade_can_be_rolled_back_until_retire_begins(key: str) -> None:
    found = judge_eligibility(at_step(key))

    assert found.is_possible
    assert found.reason == "until retire-blue begins"


def test_once_the_old_cluster_is_being_retired_there_is_no_way_back() -> None:
    found = judge_eligibility(after(at_step("retire-blue"), started("retire-blue")))

    assert not found.is_possible
    assert "retired" in found.reason


def test_a_cluster_is_retired_by_an_upgrade_once_that_step_has_begun() -> None:
    before = at_step("retire-blue")
    retiring = after(before, started("retire-blue"))

    assert not has_retired(before, Cluster.BLUE)
    assert has_retired(retiring, Cluster.BLUE)
    assert not has_retired(retiring, Cluster.GREEN)


def test_from_the_step_that_the_plan_names_there_is_no_way_back() -> None:
    policy = Policy(unsafe_after="hook-move-data", unsafe_reason="the data has moved")
    state = at_step("hook-move-data", build_plan(policy=policy))

    assert judge_eligibility(state).reason == "until hook-move-data begins"
    found = judge_eligibility(after(state, started("hook-move-data")))

    assert not found.is_possible
    assert found.reason == "hook-move-data has begun: the data has moved"


def test_without_a_reason_the_plan_is_named_as_one() -> None:
    state = at_step("shift-5", build_plan(policy=Policy(unsafe_after="shift-5")))

    assert "the plan says" in judge_eligibility(after(state, started("shift-5"))).reason


def test_what_is_over_or_on_its_way_back_is_not_rolled_back() -> None:
    state = rolled_back(after(begun(build_plan([weights(5)])), entered(Stage.SHIFT)))

    assert "rolling back already" in judge_eligibility(state).reason
    over = after(state, Ended(upgrade=NAME, stage=Stage.ROLLED_BACK))
    assert "is over: rolled_back" in judge_eligibility(over).reason


def test_a_plan_that_retires_nothing_can_be_rolled_back_to_its_end() -> None:
    assert find_last_chance(build_plan([weights(100)])) == "the end"


def test_traffic_has_moved_once_a_step_or_a_hand_has_set_weights() -> None:
    state = at_step("shift-5")

    assert not has_moved_traffic(state)
    assert has_moved_traffic(after(state, started("shift-5")))
    assert has_moved_traffic(after(state, signal("weights")))


def test_the_way_back_is_traffic_first_then_the_rest_in_reverse() -> None:
    steps = plan_rollback(at_step("bake"), order_id=CommandId("o7"))

    assert [step.key for step in steps] == [
        TRAFFIC_KEY,
        "undo-hook-move-data",
        "undo-hook-warm",
        "undo-arrangement",
    ]
    assert steps[0].args == {"split": render_split(BLUE), "order_id": "o7"}
    assert steps[1].args["run"] == ["undo", "move-data"]
    assert {step.stage for step in steps} == {Stage.ROLLBACK}


def test_what_was_not_begun_or_was_skipped_is_not_undone() -> None:
    assert plan_rollback(begun()) == ()
    state = after(at_step("hook-warm"), started("hook-warm"))
    skipped = after(state, signal("answer", answer="skip"))

    assert "undo-hook-warm" in {step.key for step in plan_rollback(state)}
    assert "undo-hook-warm" not in {step.key for step in plan_rollback(skipped)}


def test_a_shift_that_was_only_begun_is_undone_too() -> None:
    state = after(at_step("shift-5"), started("shift-5"))

    kinds = [step.kind for step in plan_rollback(state)]

    assert kinds == [StepKind.SET_WEIGHTS, StepKind.ARRANGE]


def test_a_step_that_failed_is_undone() -> None:
    state = after(at_step("preview-on"), started("preview-on"), ended("preview-on"))

    assert [step.key for step in plan_rollback(state)] == ["undo-arrangement"]


def made_by_a_platform() -> UpgradeState:
    """Return an upgrade that has made green and stopped blue."""
    steps = [
        build_step("make-green", Stage.PROVISION, StepKind.MAKE_CLUSTER, cluster="green"),
        weights(100),
        build_step("stop-blue", Stage.BAKE, StepKind.STOP_CLUSTER, cluster="blue"),
        approval("last", Stage.BAKE),
    ]
    return at_step("last-approval", build_plan(steps))


def test_a_stopped_cluster_is_started_before_traffic_goes_back_to_it() -> None:
    keys = [step.key for step in plan_rollback(made_by_a_platform())]

    assert keys == ["undo-stop-blue", "await-blue", TRAFFIC_KEY, "undo-make-green"]


def test_what_the_upgrade_has_made_goes_last_unless_it_is_to_be_kept() -> None:
    state = made_by_a_platform()
    last = plan_rollback(state)[-1]

    assert (last.kind, last.args["cluster"]) == (StepKind.REMOVE_CLUSTER, "green")
    kept = build_step(
        "make-green", Stage.PROVISION, StepKind.MAKE_CLUSTER, cluster="green", is_kept=True
    )
    assert plan_rollback(after(begun(build_plan([kept])), *made(kept.key))) == ()


def made(key: str) -> tuple[RunEvent, ...]:
    return entered(Stage.PROVISION), started(key), ended(key)


def test_traffic_is_awaited_from_the_rollback_on_until_it_is_back() -> None:
    rolling = rolled_back(at_step("bake"))

    assert not is_traffic_awaited(at_step("bake"))
    assert is_traffic_awaited(rolling)
    assert not is_traffic_awaited(after(rolling, started(TRAFFIC_KEY), ended(TRAFFIC_KEY)))
