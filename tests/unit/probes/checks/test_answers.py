from bascule.journal.record import Json
from bascule.probes.checks.answers import (
    REASON_MAX,
    failed,
    passed,
    read_number,
    read_text,
    read_texts,
    read_timeout,
    read_words,
    unknown,
)
from bascule.upgrade.gates.model import CheckOutcome


def test_a_good_answer_may_have_a_value() -> None:
    found = passed("fine", value=2.5)

    assert (found.outcome, found.value) == (CheckOutcome.PASSED, 2.5)


def test_reasons_are_one_short_line_without_secrets() -> None:
    assert failed("a\n  b password=hunter2").reason == "a b password=[redacted]"
    assert len(unknown("x" * 10_000).reason) == REASON_MAX


def test_arguments_of_another_type_count_as_missing() -> None:
    args: dict[str, Json] = {
        "host": 3,
        "min": "1",
        "max": True,
        "headers": {"a": "b", "c": 1},
        "run": "ls",
    }

    assert read_text(args, "host", "d") == "d"
    assert read_number(args, "min") is None
    assert read_number(args, "max") is None
    assert read_texts(args, "headers") == {"a": "b"}
    assert read_texts(args, "host") == {}
    assert read_words(args, "run") == ()
    assert read_timeout({"timeout_s": 0}, 7.0) == 7.0
