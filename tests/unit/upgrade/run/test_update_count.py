"""How often the whole gateway was updated while a step lasted."""

import pytest

from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.update_count import UpdateCount, Updates
from tests.support.plans import build_step

SWITCH = build_step("shift-100", Stage.SHIFT, StepKind.SET_WEIGHTS)
HOLD = build_step("hold", Stage.SHIFT, StepKind.HOLD)


@pytest.mark.parametrize(
    ("step", "is_by_steps", "planned"), [(SWITCH, True, 1), (SWITCH, False, 0), (HOLD, True, 0)]
)
def test_what_was_taken_while_it_lasted_stands_beside_what_it_needs(
    step: Step, planned: int, *, is_by_steps: bool
) -> None:
    count = UpdateCount()
    count.begin(step, Updates(3, is_by_steps))
    count.begin(step, Updates(4, is_by_steps))

    said = count.end(step, Updates(5, is_by_steps))

    assert said == {"updates": 2, "updates_planned": planned}


def test_a_step_that_another_process_began_is_not_counted() -> None:
    count = UpdateCount()
    count.begin(HOLD, Updates(3, is_by_steps=True))

    assert count.end(SWITCH, Updates(5, is_by_steps=True)) == {}


def test_a_gateway_without_updates_tells_of_none() -> None:
    count = UpdateCount()
    count.begin(SWITCH, None)

    assert count.end(SWITCH, None) == {}


def test_a_step_that_is_tried_again_is_counted_anew() -> None:
    count = UpdateCount()
    count.begin(SWITCH, Updates(3, is_by_steps=True))
    count.end(SWITCH, Updates(4, is_by_steps=True))
    count.begin(SWITCH, Updates(6, is_by_steps=True))

    assert count.end(SWITCH, Updates(7, is_by_steps=True))["updates"] == 1
