from datetime import UTC, datetime

import pytest

from bascule.errors import JournalError
from bascule.journal.record import GENESIS, Entry, Json, build_record
from bascule.routing.weights import Split, Weights
from bascule.upgrade.encoding import (
    parse_split,
    read_names,
    read_number,
    read_text,
    read_time,
    render_split,
    render_time,
    unknown_kind,
)


def test_a_split_is_read_as_it_was_written() -> None:
    split = Split(Weights(9_999), {"shop.example.com": Weights(0), "*.example.com": Weights(5_000)})

    assert parse_split(render_split(split)) == split


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"default": {"blue_bp": 1, "green_bp": 1}, "by_host": {}},
        {"default": {"blue_bp": "1", "green_bp": 9_999}, "by_host": {}},
        {"default": {"blue_bp": 1, "green_bp": 9_999}},
        {"default": {"blue_bp": 1, "green_bp": 9_999}, "by_host": {"a": 1}},
    ],
    ids=["null", "list", "empty", "wrong sum", "text", "no hosts", "host without weights"],
)
def test_what_is_no_split_is_refused(data: Json) -> None:
    with pytest.raises(JournalError):
        parse_split(data)


def test_a_missing_text_takes_its_default() -> None:
    assert read_text({}, "reason", default="none") == "none"


def test_a_text_without_default_must_be_there() -> None:
    with pytest.raises(JournalError, match="reason is not text"):
        read_text({"reason": 1}, "reason")


def test_a_number_that_is_null_is_not_known() -> None:
    assert read_number({"command_ms": None}, "command_ms") is None
    assert read_number({"command_ms": 1.5}, "command_ms") == 1.5


@pytest.mark.parametrize("value", ["1", True, []])
def test_what_is_no_number_is_refused(value: Json) -> None:
    with pytest.raises(JournalError, match="command_ms is not a number"):
        read_number({"command_ms": value}, "command_ms")


def test_names_are_those_of_the_list_and_none_without_one() -> None:
    assert read_names({"cancels": ["ada", "bob"]}, "cancels") == ("ada", "bob")
    assert read_names({"cancels": "ada"}, "cancels") == read_names({}, "cancels") == ()


def test_a_time_that_is_null_is_not_known() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    assert read_time({"effective_at": render_time(None)}, "effective_at") is None
    assert read_time({}, "effective_at") is None
    assert read_time({"effective_at": render_time(at)}, "effective_at") == at


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(JournalError, match="effective_at is not a time"):
        read_time({"effective_at": "noon"}, "effective_at")


def test_a_record_of_a_later_version_is_named_by_its_number_and_kind() -> None:
    entry = Entry(at=datetime(2026, 1, 1, tzinfo=UTC), actor="ada", kind="from_tomorrow")

    error = unknown_kind(build_record(entry, seq=7, generation=1, previous=GENESIS))

    assert error.message == "record 7 of the journal is of the unknown kind 'from_tomorrow'"
    assert "a later one" in error.remedy
