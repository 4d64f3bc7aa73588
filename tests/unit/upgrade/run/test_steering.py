from dataclasses import replace
from datetime import timedelta

import pytest

from bascule.journal.record import Json
from bascule.routing.weights import Split, Weights
from bascule.upgrade.encoding import render_split
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.rollback import TRAFFIC_KEY
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.run.steering import (
    Decline,
    Take,
    calls_back,
    decide_signal,
    find_cancels,
    is_still_meant,
    plan_hand_split,
)
from bascule.upgrade.signals import Order, RollBack, SteerUpgrade, UpgradeVerb
from tests.support.orders import GREEN, START, order
from tests.support.plans import approval, build_plan, build_step, hold, weights
from tests.support.runs import (
    after,
    at_step,
    begun,
    ended,
    entered,
    halted,
    rolled_back,
    signal,
    started,
    steer,
    waits,
)

WITH_APPROVALS = build_plan(
    [
        weights(5),
        approval("shift-5", Stage.SHIFT),
        hold("bake", Stage.BAKE, 1.0),
        approval("retire", Stage.BAKE, typed="old"),
    ]
)


def said(state: UpgradeState, verb: UpgradeVerb, **data: Json) -> Take | Decline:
    return decide_signal(state, SteerUpgrade(name="up", verb=verb, data=data))


def remedy(found: Take | Decline) -> str:
    assert isinstance(found, Decline)
    return found.remedy


def reason(found: Take | Decline) -> str:
    assert isinstance(found, Decline)
    return found.reason


def test_an_approval_without_a_name_is_for_the_gate_that_waits() -> None:
    found = said(at_step("shift-5-approval", WITH_APPROVALS), UpgradeVerb.APPROVE)

    assert found == Take(data={"gate": "shift-5", "typed": None, "key": "shift-5-approval"})


def test_a_gate_can_be_approved_before_its_turn() -> None:
    found = said(begun(WITH_APPROVALS), UpgradeVerb.APPROVE, gate="shift-5")

    assert isinstance(found, Take)


def test_a_hold_is_let_pass_only_while_it_holds() -> None:
    assert isinstance(said(begun(WITH_APPROVALS), UpgradeVerb.APPROVE, gate="bake"), Decline)
    found = said(at_step("bake", WITH_APPROVALS), UpgradeVerb.APPROVE, gate="bake")
    assert found == Take(data={"gate": "bake", "typed": None, "key": "bake"})


def test_a_hold_is_let_pass_without_its_name_only_once_its_time_is_over() -> None:
    begun_hold = after(at_step("bake", WITH_APPROVALS), started("bake"))
    late = after(begun_hold, waits("bake"))
    due = replace(waits("bake"), until=START)

    assert "nothing waits" in reason(said(begun_hold, UpgradeVerb.APPROVE))
    assert "nothing waits" in reason(said(after(begun_hold, due), UpgradeVerb.APPROVE))
    assert isinstance(said(late, UpgradeVerb.APPROVE), Take)


def test_letting_a_hold_pass_does_not_approve_the_gate_of_the_same_name_after_it() -> None:
    plan = build_plan([hold("bake", Stage.BAKE, 1.0), approval("bake", Stage.BAKE)])
    holding = after(at_step("bake", plan), started("bake"))
    late = after(holding, waits("bake"))
    waiting = at_step("bake-approval", plan)

    early, first, second = (
        said(state, UpgradeVerb.APPROVE, gate="bake") for state in (holding, late, waiting)
    )

    assert isinstance(early, Take)
    assert isinstance(first, Take)
    assert isinstance(second, Take)
    assert early.data["key"] == "bake-approval"
    assert (first.data["key"], second.data["key"]) == ("bake", "bake-approval")


def test_a_gate_that_does_not_exist_is_not_approved_and_the_gates_are_named() -> None:
    found = said(begun(WITH_APPROVALS), UpgradeVerb.APPROVE, gate="shift-6")

    assert isinstance(found, Decline)
    assert found.reason == "no gate 'shift-6' lies ahead"
    assert found.remedy == "the gates ahead are: shift-5, retire"


@pytest.mark.parametrize("steps", [WITH_APPROVALS.steps, (weights(100),)], ids=["some", "none"])
def test_where_nothing_waits_nothing_is_approved(steps: tuple[Step, ...]) -> None:
    found = said(begun(build_plan(steps)), UpgradeVerb.APPROVE)

    assert isinstance(found, Decline)
    assert found.reason == "nothing waits for an approval now"
    assert bool(found.remedy) is (len(steps) > 1)


def test_where_no_step_is_left_nothing_is_approved() -> None:
    over = after(begun(build_plan([weights(100)])), entered(Stage.SHIFT))
    over = after(over, started("shift-100"), ended("shift-100"))

    assert isinstance(said(over, UpgradeVerb.APPROVE), Decline)


def test_retire_wants_the_name_of_the_cluster_typed() -> None:
    state = at_step("retire-approval", WITH_APPROVALS)

    assert "typed out" in reason(said(state, UpgradeVerb.APPROVE))
    assert "typed out" in reason(said(state, UpgradeVerb.APPROVE, typed="new"))
    assert isinstance(said(state, UpgradeVerb.APPROVE, typed="old"), Take)


def test_pause_and_resume_are_refused_when_there_is_nothing_to_change() -> None:
    paused = after(begun(), signal("pause"))

    assert isinstance(said(begun(), UpgradeVerb.PAUSE), Take)
    assert reason(said(paused, UpgradeVerb.PAUSE)) == "it is paused already, by ada@desk"
    assert remedy(said(paused, UpgradeVerb.PAUSE)) == "go on with `bascule upgrade resume up`"
    assert isinstance(said(paused, UpgradeVerb.RESUME), Take)
    assert reason(said(begun(), UpgradeVerb.RESUME)) == "it is not paused"


def test_a_rollback_is_not_paused() -> None:
    assert "is not paused" in reason(said(rolled_back(at_step("bake")), UpgradeVerb.PAUSE))


def test_abort_never_moves_traffic() -> None:
    assert said(at_step("verify"), UpgradeVerb.ABORT) == Take(data={}, begins_rollback=True)
    assert "never moves traffic" in reason(said(at_step("bake"), UpgradeVerb.ABORT))


def test_a_rollback_is_refused_where_there_is_no_way_back() -> None:
    assert said(at_step("bake"), UpgradeVerb.ROLLBACK) == Take(data={}, begins_rollback=True)
    retiring = after(at_step("retire-blue"), started("retire-blue"))
    assert "cannot be rolled back" in reason(said(retiring, UpgradeVerb.ROLLBACK))


@pytest.mark.parametrize("blue_bp", [-1, 10_001, True, "half", None, 5.5])
def test_weights_by_hand_are_a_share(blue_bp: Json) -> None:
    assert "is not a share" in reason(said(at_step("bake"), UpgradeVerb.WEIGHTS, blue_bp=blue_bp))


def test_weights_are_set_by_hand_while_traffic_shifts_or_bakes() -> None:
    assert said(at_step("bake"), UpgradeVerb.WEIGHTS, blue_bp=10) == Take(data={"blue_bp": 10})
    assert "not in verify" in reason(said(at_step("verify"), UpgradeVerb.WEIGHTS, blue_bp=10))


def test_weights_by_hand_move_only_what_the_plan_moves() -> None:
    mine = {"api.example.com": Weights(0)}
    last = Split(Weights(10_000), mine)
    step = build_step("shift-100", Stage.SHIFT, StepKind.SET_WEIGHTS, split=render_split(last))

    split = plan_hand_split(begun(build_plan([step])), Weights(3_000))

    assert split == Split(Weights(10_000), {"api.example.com": Weights(3_000)})


def test_weights_by_hand_move_every_host_where_the_plan_does() -> None:
    pinned = {"api.example.com": Weights(10_000)}
    last = Split(Weights(0), pinned)
    step = build_step("shift-100", Stage.SHIFT, StepKind.SET_WEIGHTS, split=render_split(last))

    split = plan_hand_split(begun(build_plan([step])), Weights(3_000))

    assert split == Split(Weights(3_000), pinned)


def test_without_weights_in_the_plan_the_hand_moves_the_default() -> None:
    split = plan_hand_split(begun(build_plan([hold("bake", Stage.BAKE, 1.0)])), Weights(0))

    assert split == GREEN


def test_retry_is_for_what_has_halted_and_is_not_in_doubt() -> None:
    state = after(at_step("hook-warm"), started("hook-warm"))

    assert isinstance(said(after(state, halted("hook-warm")), UpgradeVerb.RETRY), Take)
    doubtful = said(after(state, halted("hook-warm", is_in_doubt=True)), UpgradeVerb.RETRY)
    assert isinstance(doubtful, Decline)
    assert "answer up done|redo|skip" in doubtful.remedy
    assert "has not halted" in reason(said(state, UpgradeVerb.RETRY))
    assert "bascule upgrade status up" in remedy(said(state, UpgradeVerb.RETRY))


def test_an_answer_is_for_what_is_in_doubt() -> None:
    state = after(at_step("hook-warm"), started("hook-warm"))
    doubtful = after(state, halted("hook-warm", is_in_doubt=True))

    assert said(doubtful, UpgradeVerb.ANSWER, answer="done") == Take(
        data={"answer": "done", "key": "hook-warm"}
    )
    assert "is no answer" in reason(said(doubtful, UpgradeVerb.ANSWER, answer="perhaps"))
    assert "no step is in doubt" in reason(said(state, UpgradeVerb.ANSWER, answer="done"))
    assert "bascule upgrade status up" in remedy(said(state, UpgradeVerb.ANSWER, answer="done"))
    plain = after(state, halted("hook-warm"))
    assert "bascule upgrade retry up" in remedy(said(plain, UpgradeVerb.ANSWER, answer="done"))
    assert "no step is in doubt" in reason(said(plain, UpgradeVerb.ANSWER, answer="done"))


def test_the_hold_before_retire_can_be_extended_until_it_is_over() -> None:
    assert said(begun(), UpgradeVerb.EXTEND, by_s=3_600) == Take(data={"by_s": 3_600})
    assert "lies ahead" in reason(said(at_step("retire-idle"), UpgradeVerb.EXTEND, by_s=60))
    assert "lies ahead" in reason(said(begun(WITH_APPROVALS), UpgradeVerb.EXTEND, by_s=60))


@pytest.mark.parametrize("by_s", [0, -5, "a day", True, None, float("inf"), float("nan"), 1e12])
def test_it_is_extended_by_a_time(by_s: Json) -> None:
    assert "is not a time" in reason(said(begun(), UpgradeVerb.EXTEND, by_s=by_s))


def test_all_extensions_together_have_an_end() -> None:
    state = after(begun(), signal("extend", by_s=366 * 86_400.0 - 60))

    assert isinstance(said(state, UpgradeVerb.EXTEND, by_s=60), Take)
    assert isinstance(said(state, UpgradeVerb.EXTEND, by_s=61), Decline)


def test_an_old_signal_is_still_meant_where_it_stops_or_goes_back() -> None:
    def is_meant(verb: UpgradeVerb, name: str = "up", later_s: float = 0.0) -> bool:
        old = replace(steer(verb, name=name), at=START + timedelta(seconds=later_s))
        assert isinstance(old.signal, SteerUpgrade)
        return is_still_meant(begun(), old, old.signal)

    back = order(RollBack(), order_id="back")
    assert is_meant(UpgradeVerb.ROLLBACK)
    assert is_meant(UpgradeVerb.ABORT)
    assert is_meant(UpgradeVerb.PAUSE)
    assert not is_meant(UpgradeVerb.RESUME)
    assert not is_meant(UpgradeVerb.ROLLBACK, "another")
    assert not is_meant(UpgradeVerb.ROLLBACK, later_s=-1.0)
    assert not is_still_meant(None, back, RollBack())
    assert not is_still_meant(begun(), back, RollBack())


def test_it_is_called_back_by_what_begins_a_rollback_now() -> None:
    state = at_step("bake")

    assert calls_back(state, order(RollBack(), order_id="back"))
    assert calls_back(state, steer(UpgradeVerb.ROLLBACK))
    assert not calls_back(state, steer(UpgradeVerb.ABORT))
    assert not calls_back(state, steer(UpgradeVerb.PAUSE))
    assert not calls_back(state, steer(UpgradeVerb.ROLLBACK, name="another"))
    assert not calls_back(rolled_back(state), steer(UpgradeVerb.ROLLBACK))


def test_a_rollback_records_whose_operation_it_may_cancel() -> None:
    found = said(at_step("bake"), UpgradeVerb.ROLLBACK, cancels=["bob"])

    assert found == Take(data={"cancels": ["bob"]}, begins_rollback=True)


def test_a_rollback_that_runs_is_told_whom_not_to_wait_for_until_traffic_is_back() -> None:
    rolling = rolled_back(at_step("bake"))
    back = after(rolling, started(TRAFFIC_KEY), ended(TRAFFIC_KEY))

    assert said(rolling, UpgradeVerb.ROLLBACK, cancels=["bob"]) == Take(data={"cancels": ["bob"]})
    assert "already" in reason(said(rolling, UpgradeVerb.ROLLBACK))
    assert "already" in reason(said(back, UpgradeVerb.ROLLBACK, cancels=["bob"]))


def test_only_a_rollback_of_this_upgrade_says_whose_operation_may_be_cancelled() -> None:
    def cancels(order: Order, state: UpgradeState | None) -> tuple[str, ...]:
        return find_cancels(order.signal, state)

    by_name = steer(UpgradeVerb.ROLLBACK, cancels=["bob"])
    assert cancels(by_name, begun()) == ("bob",)
    assert cancels(order(RollBack(cancels=("bob",))), None) == ("bob",)
    assert cancels(by_name, None) == ()
    assert cancels(steer(UpgradeVerb.ROLLBACK, name="another", cancels=["bob"]), begun()) == ()
    assert cancels(steer(UpgradeVerb.ABORT, cancels=["bob"]), begun()) == ()
