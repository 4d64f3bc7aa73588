from datetime import timedelta

import pytest

from bascule.errors import PlanError
from bascule.journal.record import Json
from bascule.upgrade.plan.model import Policy
from bascule.upgrade.run.events import Ended
from bascule.upgrade.run.moves import Do, Enter, Finish, Freeze, Rest, next_move
from bascule.upgrade.run.stages import Stage
from tests.support.orders import START
from tests.support.plans import build_plan, weights
from tests.support.runs import (
    NAME,
    after,
    at_step,
    begun,
    ended,
    entered,
    halted,
    rolled_back,
    signal,
    started,
    waits,
)

ALWAYS: tuple[dict[str, Json]] = (
    {
        "name": "holidays",
        "dates": {"from": "2026-01-01", "to": "2026-01-02"},
        "timeZone": "UTC",
    },
)


def frozen_plan() -> Policy:
    return Policy(freeze=ALWAYS)


def test_an_upgrade_begins_with_its_first_step() -> None:
    state = begun()

    move = next_move(state, START)

    assert isinstance(move, Do)
    assert move.step.key == "preflight"


def test_a_stage_is_entered_before_its_first_step() -> None:
    state = after(begun(), started("preflight"), ended("preflight"))

    assert next_move(state, START) == Enter(Stage.PROVISION)


def test_after_the_last_step_the_upgrade_has_completed() -> None:
    state = at_step("retire-blue")
    state = after(state, started("retire-blue"), ended("retire-blue"))

    assert next_move(state, START) == Finish(Stage.COMPLETED)


def test_after_the_last_step_of_a_rollback_it_is_rolled_back() -> None:
    plan = build_plan([weights(5)])
    state = rolled_back(after(begun(plan), entered(Stage.SHIFT)))

    assert next_move(state, START) == Finish(Stage.ROLLED_BACK)


def test_an_upgrade_that_is_over_rests() -> None:
    plan = build_plan([weights(5)])
    state = rolled_back(after(begun(plan), entered(Stage.SHIFT)))
    over = after(state, Ended(upgrade=NAME, stage=Stage.ROLLED_BACK))

    assert next_move(over, START) == Rest()


def test_an_upgrade_rests_while_it_is_paused_or_halted() -> None:
    state = begun()

    assert next_move(after(state, signal("pause")), START) == Rest()
    assert next_move(after(state, halted("preflight")), START) == Rest()


def test_a_step_that_waits_is_worked_on() -> None:
    state = after(begun(), started("preflight"), waits("preflight"))

    assert isinstance(next_move(state, START), Do)


def test_a_freeze_window_keeps_a_shift_from_beginning() -> None:
    state = at_step("shift-5", build_plan(policy=frozen_plan()))

    move = next_move(state, START)

    assert isinstance(move, Freeze)
    assert move.name == "holidays"
    assert move.until > START


def test_a_shift_that_has_begun_is_not_frozen() -> None:
    state = after(at_step("shift-5", build_plan(policy=frozen_plan())), started("shift-5"))

    assert isinstance(next_move(state, START), Do)


def test_a_cluster_is_proven_idle_after_the_freeze_and_not_before() -> None:
    state = at_step("retire-idle", build_plan(policy=frozen_plan()))

    assert isinstance(next_move(state, START), Freeze)
    assert isinstance(next_move(state, START + timedelta(days=30)), Do)


def test_a_hold_and_a_rollback_are_never_frozen() -> None:
    state = at_step("shift-5-hold", build_plan(policy=frozen_plan()))

    assert isinstance(next_move(state, START), Do)
    assert isinstance(next_move(rolled_back(state), START), Do)


def test_after_the_freeze_the_shift_begins() -> None:
    state = at_step("shift-5", build_plan(policy=frozen_plan()))

    assert isinstance(next_move(state, START + timedelta(days=30)), Do)


def test_a_freeze_window_that_cannot_be_read_is_told() -> None:
    policy = Policy(freeze=({"name": "night"},))

    with pytest.raises(PlanError, match="cannot be read"):
        next_move(at_step("shift-5", build_plan(policy=policy)), START)
