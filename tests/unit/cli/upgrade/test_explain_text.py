import pytest

from bascule.cli.upgrade.explain_text import (
    Story,
    build_story,
    explain_run,
    explain_step,
    explanation_document,
    find_step,
)
from bascule.errors import UsageError
from bascule.journal.record import Record
from bascule.upgrade.state import GatewayState, fold
from tests.support.run_records import completed_records, rolled_back_records, unfinished_records


def gateway(records: list[Record]) -> GatewayState:
    state = fold(records)
    assert state is not None
    return state


def story(records: list[Record]) -> Story:
    state = gateway(records)
    assert state.upgrade is not None
    return build_story(state.upgrade, records)


def test_a_rollback_is_explained_by_the_gate_that_failed_and_its_numbers() -> None:
    told = story(rolled_back_records())
    cause = told.run.rollback
    assert cause is not None

    lines = explain_run(told, gateway(rolled_back_records()))

    assert lines[0] == "all traffic is on blue"
    assert "rolled back" in lines[1]
    assert lines[2] == f"it went back by itself: {cause.cause}"
    assert any(line.strip().startswith("asked for:") for line in lines)
    assert any(line.endswith(" fail, as said above") for line in lines)
    assert len([line for line in lines if "3 of 7 requests failed on green" in line]) == 1
    assert "what people said:" in lines


def test_what_is_completed_had_no_gate_against_it() -> None:
    lines = explain_run(story(completed_records()), gateway(completed_records()))

    assert "is completed after" in lines[1]
    assert lines[2] == "no gate stood against it"


def test_what_is_not_over_says_where_it_is() -> None:
    lines = explain_run(story(unfinished_records()), gateway(unfinished_records()))

    assert lines[1:3] == ["up is in preflight, waiting", "it is at soak, which waits: holds"]


def test_one_step_is_explained_with_all_that_happened_to_it() -> None:
    told = story(rolled_back_records())

    lines = explain_step(told, find_step(told.run, "soak"))

    assert lines[0].startswith("soak (failed")
    assert "  what happened:" in lines


def test_a_step_that_was_never_reached_says_that_nothing_happened() -> None:
    told = story(rolled_back_records())
    last = told.run.plan.steps[-1]

    assert explain_step(told, last)[-1] == "  nothing happened to it"


def test_a_step_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_step(story(completed_records()).run, "dance")

    assert "its steps are: " in caught.value.remedy


def test_the_document_has_each_judgement_with_its_evidence() -> None:
    document = explanation_document(story(rolled_back_records()), None)

    steps = document["steps"]
    assert isinstance(steps, list)
    (soak,) = [s for s in steps if isinstance(s, dict) and s["judgements"]]
    assert isinstance(soak["judgements"], list)
    verdicts = [j["verdict"] for j in soak["judgements"] if isinstance(j, dict)]
    assert verdicts == ["hold", "fail"]
    assert document["why"]
