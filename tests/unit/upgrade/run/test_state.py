from dataclasses import replace

import pytest

from bascule.errors import InvariantError
from bascule.upgrade.run.events import (
    Ended,
    RollbackBegan,
    RunEvent,
    SignalRefused,
    Started,
    StepFinished,
    StepResult,
)
from bascule.upgrade.run.stages import Posture, Stage
from bascule.upgrade.run.state import StepStatus, begin_run
from tests.support.orders import BLUE, GREEN, percent
from tests.support.plans import build_plan, weights
from tests.support.runs import (
    NAME,
    after,
    at_step,
    begun,
    ended,
    entered,
    halted,
    judged,
    mark,
    rolled_back,
    signal,
    started,
    waits,
)


def test_an_upgrade_begins_in_preflight_and_runs() -> None:
    state = begun()

    assert state.stage is Stage.PREFLIGHT
    assert state.posture is Posture.RUNNING
    assert state.current is not None
    assert state.current.key == "preflight"


def test_a_plan_that_is_not_the_approved_one_does_not_begin() -> None:
    plan = build_plan()
    event = Started(upgrade=NAME, run_id="r", plan=plan, digest="another", before=BLUE)

    with pytest.raises(InvariantError, match="not the one that was approved"):
        begin_run(event, mark())


def test_a_step_is_begun_waits_and_is_done() -> None:
    state = after(begun(), started("preflight"), waits("preflight"))
    assert state.posture is Posture.WAITING
    assert state.step("preflight").status is StepStatus.STARTED

    state = after(state, ended("preflight"))

    assert state.posture is Posture.RUNNING
    assert state.step("preflight").is_over
    assert state.current is not None
    assert state.current.key == "provision-green"


def test_an_empty_wait_is_no_wait() -> None:
    state = after(begun(), started("preflight"), waits("preflight"), waits("preflight", ""))

    assert state.posture is Posture.RUNNING


def test_another_attempt_keeps_when_the_step_began() -> None:
    state = after(begun(), started("preflight"), started("preflight", 2))

    step = state.step("preflight")
    assert (step.attempt, step.tries) == (2, 2)
    assert step.started is not None
    assert step.started.at == mark().at


def test_a_verdict_stays_with_its_step() -> None:
    state = after(at_step("verify"), started("verify"), judged("verify", seen=3))

    found = state.step("verify").judged
    assert found is not None
    assert found.evidence == {"seen": 3}


@pytest.mark.parametrize(
    "event",
    [
        ended("preflight"),
        started("preflight", 2),
        started("sync"),
        entered(Stage.COMPLETED),
        Ended(upgrade=NAME, stage=Stage.COMPLETED),
        Ended(upgrade=NAME, stage=Stage.SHIFT),
        Started(upgrade=NAME, run_id="r", plan=build_plan(), digest="d", before=BLUE),
    ],
    ids=range(7),
)
def test_an_illegal_move_raises(event: RunEvent) -> None:
    with pytest.raises(InvariantError):
        after(begun(), event)


def test_a_step_does_not_run_in_another_stage() -> None:
    state = after(begun(), started("preflight"), ended("preflight"))

    with pytest.raises(InvariantError, match="belongs to provision"):
        after(state, started("provision-green"))


def test_nothing_happens_when_no_step_is_left() -> None:
    state = after(begun(build_plan([weights(100)])), entered(Stage.SHIFT))
    state = after(state, started("shift-100"), ended("shift-100"))

    with pytest.raises(InvariantError, match="but none"):
        after(state, started("shift-100", 2))


def test_nothing_happens_to_an_upgrade_that_is_over() -> None:
    state = after(begun(build_plan([weights(100)])), entered(Stage.SHIFT))
    state = after(state, started("shift-100"), ended("shift-100"))
    over = after(state, Ended(upgrade=NAME, stage=Stage.COMPLETED, reason="why"))

    assert over.is_over
    assert over.end_reason == "why"
    assert after(state, signal("answer", answer="done")).current is None
    assert after(state, signal("retry")).current is None
    with pytest.raises(InvariantError, match="is over"):
        after(over, signal("pause"))


def test_a_rollback_has_steps_of_its_own_and_wakes_what_had_stopped() -> None:
    state = after(at_step("bake"), signal("pause"), halted("bake"))

    back = rolled_back(state)

    assert back.stage is Stage.ROLLBACK
    assert back.posture is Posture.RUNNING
    assert back.current is not None
    assert back.current.key == "rollback-traffic"
    assert back.wanted_split is None


def test_retire_is_not_rolled_back() -> None:
    with pytest.raises(InvariantError, match="cannot roll back"):
        after(
            at_step("retire-blue"),
            started("retire-blue"),
            RollbackBegan(upgrade=NAME, cause="why", steps=()),
        )


def test_the_wanted_split_is_that_of_the_last_weights_that_were_set() -> None:
    assert begun().wanted_split is None
    assert at_step("shift-5-hold").wanted_split == percent(5)
    assert at_step("bake").wanted_split == GREEN


def test_a_signal_is_remembered_with_who_and_what_became_of_it() -> None:
    refused = SignalRefused(
        upgrade=NAME, signal_id="s2", kind="resume", reason="it is not paused", remedy="look"
    )
    state = after(begun(), signal("approve", gate="shift-5", key="shift-5-approval"), refused)

    taken, declined = state.signal("s1"), state.signal("s2")
    assert taken is not None
    assert taken.mark.actor == "ada@desk"
    assert state.approvals["shift-5-approval"] == taken
    assert declined is not None
    assert declined.refusal == "it is not paused"
    assert state.signal("s3") is None


def test_a_pause_lasts_until_resume() -> None:
    state = after(begun(), signal("pause"))
    assert state.posture is Posture.PAUSED

    assert after(state, signal("resume", "s2")).posture is Posture.RUNNING


def test_weights_by_hand_pause_and_the_hold_begins_anew_after_them() -> None:
    state = after(at_step("shift-5-hold"), started("shift-5-hold"), judged("shift-5-hold"))
    state = after(state, signal("weights"))
    assert state.posture is Posture.PAUSED

    state = after(state, signal("resume", "s2"))

    step = state.step("shift-5-hold")
    assert (step.status, step.attempt, step.judged) == (StepStatus.PENDING, 1, None)


def test_a_hold_goes_on_after_a_pause_in_which_nothing_was_set() -> None:
    state = after(at_step("verify"), started("verify"), signal("pause"), signal("resume", "s2"))

    assert state.step("verify").status is StepStatus.STARTED


def test_extending_adds_up() -> None:
    state = after(begun(), signal("extend", by_s=60), signal("extend", "s2", by_s=1.5))

    assert state.extended_s == 61.5
    assert after(begun(), signal("extend", by_s="soon")).extended_s == 0.0


def test_retry_gives_a_failed_step_new_tries() -> None:
    failed = StepFinished(upgrade=NAME, key="preflight", result=StepResult.FAILED, reason="no")
    state = after(begun(), started("preflight"), failed, halted("preflight"))
    assert state.posture is Posture.HALTED

    state = after(state, signal("retry"))

    step = state.step("preflight")
    assert state.posture is Posture.RUNNING
    assert (step.status, step.attempt, step.tries) == (StepStatus.PENDING, 1, 0)


def test_retry_of_a_step_that_goes_on_only_wakes_it() -> None:
    state = after(begun(), started("preflight"), halted("preflight"), signal("retry"))

    assert state.step("preflight").status is StepStatus.STARTED


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("done", StepStatus.DONE),
        ("skip", StepStatus.SKIPPED),
        ("redo", StepStatus.PENDING),
    ],
)
def test_a_person_answers_for_a_step_in_doubt(answer: str, status: StepStatus) -> None:
    state = after(at_step("hook-warm"), started("hook-warm"))
    state = after(state, halted("hook-warm", is_in_doubt=True))

    state = after(state, signal("answer", answer=answer))

    assert state.step("hook-warm").status is status
    assert state.halted is None


def test_a_signal_without_an_effect_of_its_own_is_only_remembered() -> None:
    state = after(begun(), signal("rollback"))

    assert replace(state, signals=()) == begun()


def test_a_step_may_be_skipped_without_having_begun() -> None:
    state = after(begun(), ended("preflight", StepResult.SKIPPED))

    assert state.step("preflight").is_over


def test_whose_operations_a_rollback_may_cancel_is_all_that_people_said() -> None:
    refused = SignalRefused(upgrade="up", signal_id="s4", kind="rollback", reason="no")
    state = after(
        begun(),
        signal("rollback", "s1", cancels=["ada"]),
        signal("rollback", "s2", cancels=["bob", "ada"]),
        signal("pause", "s3", cancels=["eve"]),
        refused,
    )

    assert state.cancels == ("ada", "bob")
    assert begun().cancels == ()
