from datetime import UTC, datetime

from bascule.lab.controllers.conditions import (
    Condition,
    parse_time,
    seconds_since,
    with_condition,
)

EARLY = datetime(2026, 1, 1, tzinfo=UTC)
LATE = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_transition_time_moves_only_with_the_status() -> None:
    first = with_condition(
        None, Condition(type="A", status="True", reason="X"), EARLY, updated=True
    )
    same = with_condition(first, Condition(type="A", status="True", reason="Y"), LATE, updated=True)
    other = with_condition(same, Condition(type="A", status="False"), LATE)

    assert same[0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert same[0]["lastUpdateTime"] == "2026-01-02T00:00:00Z"
    assert other[0]["lastTransitionTime"] == "2026-01-02T00:00:00Z"


def test_a_condition_that_says_the_same_is_left_as_it_is() -> None:
    first = with_condition([], Condition(type="A", status="True", message="m"), EARLY)

    assert with_condition(first, Condition(type="A", status="True", message="m"), LATE) == first


def test_other_conditions_keep_their_place() -> None:
    first = with_condition([], Condition(type="A", status="True"), EARLY)
    second = with_condition(first, Condition(type="B", status="True"), EARLY)

    changed = with_condition(second, Condition(type="A", status="False"), LATE)

    assert [item["type"] for item in changed] == ["A", "B"]


def test_times_are_read_or_are_none() -> None:
    assert parse_time("2026-01-01T00:00:00Z") == EARLY
    assert parse_time("2026-01-01T00:00:00") == EARLY
    assert parse_time("") is None
    assert parse_time("soon") is None
    assert seconds_since("2026-01-01T00:00:00Z", LATE) == 86_400
    assert seconds_since(None, LATE) == 0
