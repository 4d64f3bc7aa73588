import pytest

from bascule.journal.record import Json
from bascule.probes.checks.http_rules import (
    BODY_BYTES_MAX,
    Answer,
    Compare,
    Rules,
    compare_answers,
    judge_answer,
    parse_rules,
)
from bascule.spec.analysis import HttpCheck
from bascule.upgrade.gates.model import CheckOutcome

PASSED, FAILED, UNKNOWN = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.UNKNOWN
CUT = Answer(status=200, body=b"x" * BODY_BYTES_MAX, is_whole=False)


@pytest.mark.parametrize(
    ("args", "answer", "outcome"),
    [
        ({}, Answer(status=200), PASSED),
        ({}, Answer(status=204), FAILED),
        ({"status": [200, 204]}, Answer(status=204), PASSED),
        ({"status": 404}, Answer(status=404), PASSED),
        ({"contains": "total: 3"}, Answer(status=200, body=b"total: 3."), PASSED),
        ({"contains": "total: 3"}, Answer(status=200, body=b"total: 4."), FAILED),
        ({"contains": "total: 3"}, Answer(status=500, body=b"total: 3."), FAILED),
        ({"matches": r"total: \d+"}, Answer(status=200, body=b"total: 12"), PASSED),
        ({"matches": r"total: \d+"}, Answer(status=200, body=b"total: -"), FAILED),
        ({"matches": r"x"}, CUT, UNKNOWN),
        ({"contains": "y"}, CUT, UNKNOWN),
        ({}, CUT, PASSED),
    ],
)
def test_an_answer_is_judged_by_itself(
    args: dict[str, Json], answer: Answer, outcome: CheckOutcome
) -> None:
    assert judge_answer(parse_rules(args), answer).outcome is outcome


def test_arguments_are_read_and_those_that_mean_nothing_are_not() -> None:
    rules = parse_rules(
        {
            "status": ["200", 201],
            "same_as_blue": True,
            "compare": "status",
            "ignore": ["pod-[a-z]+"],
        }
    )

    assert rules == Rules(
        statuses=(201,), same_as_blue=True, compare=Compare.STATUS, ignore=("pod-[a-z]+",)
    )


def compare(blue: Answer, green: Answer, **args: Json) -> tuple[CheckOutcome, str]:
    found = compare_answers(parse_rules(args), blue=blue, green=green)
    return found.outcome, found.reason


def test_green_has_to_answer_as_blue_does_byte_by_byte() -> None:
    same = Answer(status=200, body=b"a" * 100)

    assert compare(same, same)[0] is PASSED
    assert compare(same, Answer(status=500, body=same.body)) == (
        FAILED,
        "status 500 from green, 200 from blue",
    )
    assert compare(CUT, CUT)[0] is UNKNOWN


def test_the_first_place_where_bodies_differ_is_shown_shortly_and_without_secrets() -> None:
    blue = Answer(status=200, body=b"x" * 500 + b'"price": 10, token=abcdef' + b"y" * 500)
    green = Answer(status=200, body=b"x" * 500 + b'"price": 12, token=abcdef' + b"y" * 500)

    outcome, reason = compare(blue, green)

    assert outcome is FAILED
    assert reason.startswith("the bodies differ at byte 510: ")
    assert '"price": 12' in reason
    assert "abcdef" not in reason
    assert len(reason) < 250


def test_a_body_that_only_ends_earlier_differs_at_its_end() -> None:
    _, reason = compare(Answer(status=200, body=b"abc"), Answer(status=200, body=b"ab"))

    assert reason == "the bodies differ at byte 2: 'ab' from green, 'abc' from blue"


def test_the_status_alone_can_be_compared() -> None:
    blue, green = Answer(status=200, body=b"1"), Answer(status=200, body=b"2")

    assert compare(blue, green, compare="status")[0] is PASSED


@pytest.mark.parametrize(("pattern", "outcome"), [(r"pod-\w+", PASSED), (r"no\w+", FAILED)])
def test_what_is_ignored_is_taken_for_the_same(pattern: str, outcome: CheckOutcome) -> None:
    blue, green = Answer(status=200, body=b"by pod-a1"), Answer(status=200, body=b"by pod-b2")

    assert compare(blue, green, ignore=[pattern])[0] is outcome


def test_what_a_spec_says_of_answers_is_what_is_read() -> None:
    spec = HttpCheck.model_validate(
        {
            "type": "http",
            "name": "page",
            "host": "shop.example.com",
            "status": [200, 204],
            "contains": "total",
            "matches": "[0-9]+",
            "sameAsBlue": True,
            "compare": "status",
            "ignore": ["pod-[a-z]+"],
        }
    )

    assert parse_rules(spec.model_dump(mode="json")) == Rules(
        statuses=(200, 204),
        contains="total",
        matches="[0-9]+",
        same_as_blue=True,
        compare=Compare.STATUS,
        ignore=("pod-[a-z]+",),
    )
