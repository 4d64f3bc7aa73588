import pytest

from bascule.journal.record import Json
from bascule.probes.checks.prometheus_rules import SERIES_MAX, judge_values
from bascule.upgrade.gates.model import CheckOutcome

PASSED, FAILED, UNKNOWN = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.UNKNOWN


def scalar(value: str) -> Json:
    return {"status": "success", "data": {"resultType": "scalar", "result": [1.5, value]}}


def vector(*values: str) -> Json:
    result: list[Json] = [
        {"metric": {"pod": f"p{i}"}, "value": [1.5, value]} for i, value in enumerate(values)
    ]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


@pytest.mark.parametrize(
    ("document", "outcome", "value"),
    [
        (scalar("1"), PASSED, 1.0),
        (scalar("2"), PASSED, 2.0),
        (scalar("2.1"), FAILED, 2.1),
        (scalar("0.9"), FAILED, 0.9),
        (scalar("+Inf"), FAILED, float("inf")),
        (scalar("NaN"), UNKNOWN, None),
        (vector("1.5"), PASSED, 1.5),
        (vector("1.5", "1.9"), PASSED, 1.9),
        (vector("1.5", "3", "9"), FAILED, 9.0),
        (vector("1.5", "NaN"), UNKNOWN, None),
        (vector(), UNKNOWN, None),
        (vector(*(["1"] * (SERIES_MAX + 1))), UNKNOWN, None),
        (scalar("many"), UNKNOWN, None),
        ({"status": "success", "data": {"resultType": "matrix", "result": []}}, UNKNOWN, None),
        ({"status": "success", "data": {"resultType": "scalar", "result": 1}}, UNKNOWN, None),
        ({"status": "success", "data": {"resultType": "vector", "result": [1]}}, UNKNOWN, None),
        ({"status": "success", "data": None}, UNKNOWN, None),
        ({"status": "error", "error": "bad query"}, UNKNOWN, None),
        ("nonsense", UNKNOWN, None),
    ],
)
def test_every_value_has_to_be_within_its_limits_and_silence_is_unknown(
    document: Json, outcome: CheckOutcome, value: float | None
) -> None:
    found = judge_values(document, least=1.0, most=2.0)

    assert (found.outcome, found.value) == (outcome, value)
    assert found.reason


def test_of_several_series_those_outside_are_named() -> None:
    found = judge_values(vector("1", "7", "8", "9", "10"), least=None, most=2.0)

    assert found.reason == ("4 of 5 series: 7 {pod=p1}, 8 {pod=p2}, 9 {pod=p3} is not at most 2")


def test_a_lower_limit_alone_is_enough() -> None:
    assert judge_values(scalar("0.5"), least=0.9, most=None).reason == "0.5 is not at least 0.9"
    assert judge_values(scalar("1"), least=0.9, most=None).outcome is PASSED


def test_the_reason_of_a_prometheus_that_refuses_is_its_own() -> None:
    found = judge_values({"status": "error", "error": "parse error"}, least=0, most=None)

    assert found.reason == "Prometheus says: parse error"
