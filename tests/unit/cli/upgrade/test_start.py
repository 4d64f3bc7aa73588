from dataclasses import replace

import pytest

from bascule.cli.upgrade.start import as_at_start, check_same_course, summarise
from bascule.errors import PlanError
from bascule.routing.arrangement import NOTHING_ARRANGED
from tests.support.orders import BLUE, GREEN, state_after
from tests.support.plans import build_plan, weights
from tests.support.runs import begun


def test_going_on_is_planned_as_it_was_when_the_upgrade_began() -> None:
    run = begun()
    state = replace(state_after(), split=GREEN, upgrades=(run,))

    before = as_at_start(state, run)

    assert (before.split, before.upgrades) == (BLUE, ())
    assert before.arrangement == NOTHING_ARRANGED


def test_a_plan_that_differs_in_what_was_seen_alone_is_the_same_course() -> None:
    run = begun()
    estimated = [replace(step, estimate_s=9.0, reason="else") for step in run.plan.steps]

    check_same_course(run, replace(run.plan, steps=tuple(estimated), clusters={"blue": {}}))


def test_another_course_is_refused_with_both_digests() -> None:
    run = begun()
    other = build_plan([weights(5)])

    with pytest.raises(PlanError) as caught:
        check_same_course(run, other)

    assert run.digest[:12] in caught.value.message
    assert other.digest[:12] in caught.value.message


def test_what_will_happen_is_said_before_it_is_asked_for() -> None:
    lines = summarise(build_plan())

    assert "  green gets: 5 %, 50 %, 100 %" in lines
    assert "  it can be rolled back until retire-blue begins" in lines
    assert "  it can be rolled back until it is over" in summarise(build_plan([weights(5)]))
