from dataclasses import replace

import pytest

from bascule.errors import JournalError, PlanError
from bascule.journal.record import Json
from bascule.upgrade.plan.model import Policy, parse_plan, parse_step, render_plan, render_step
from tests.support.plans import build_plan, weights

POLICY = Policy(
    is_rollback_automatic=False,
    unsafe_after="shift-50",
    unsafe_reason="data moved",
    freeze=({"name": "night"},),
    notify=({"type": "command", "run": ["true"]},),
)
PLAN = replace(build_plan(policy=POLICY), witness_hosts=("shop.example.com",), parent="abc")


def test_a_plan_is_read_as_it_was_written() -> None:
    again = parse_plan(render_plan(PLAN))

    assert again == PLAN
    assert again.digest == PLAN.digest


def test_a_plan_with_more_in_it_than_this_version_reads_is_the_plan_that_was_approved() -> None:
    stored: dict[str, Json] = {**render_plan(PLAN), "platform": {"type": "later"}}

    again = parse_plan(stored)

    assert again == PLAN
    assert again.digest != PLAN.digest
    assert render_plan(again) == stored
    assert parse_plan(render_plan(again)).digest == again.digest
    assert replace(again, name="other").digest == replace(PLAN, name="other").digest


def test_a_plan_with_less_in_it_than_this_version_writes_is_the_plan_that_was_approved() -> None:
    stored = render_plan(PLAN)
    del stored["parent"]

    assert render_plan(parse_plan(stored)) == stored


def test_the_digest_covers_every_argument_of_every_step() -> None:
    steps = list(PLAN.steps)
    place = next(i for i, step in enumerate(steps) if step.key == "shift-5")
    steps[place] = replace(steps[place], args=weights(6).args)

    assert replace(PLAN, steps=tuple(steps)).digest != PLAN.digest


def test_a_step_is_found_by_its_key() -> None:
    assert PLAN.step("shift-5") == weights(5)
    assert PLAN.step("shift-6") is None


def test_a_kind_of_step_that_this_version_does_not_know_is_kept_as_it_is() -> None:
    strange = replace(weights(5), kind="teleport")

    assert parse_step(render_step(strange)) == strange


def test_a_plan_of_a_later_layout_is_refused() -> None:
    with pytest.raises(PlanError, match="layout 2"):
        parse_plan({**render_plan(PLAN), "format": 2})


@pytest.mark.parametrize(
    "broken", [{"witness_hosts": "all"}, {"policy": None}, {"name": 7}, {"clusters": []}]
)
def test_what_is_no_plan_is_refused(broken: dict[str, Json]) -> None:
    with pytest.raises(JournalError):
        parse_plan({**render_plan(PLAN), **broken})


def test_a_step_in_a_stage_that_does_not_exist_is_refused() -> None:
    with pytest.raises(JournalError, match="limbo"):
        parse_step({**render_step(weights(5)), "stage": "limbo"})
