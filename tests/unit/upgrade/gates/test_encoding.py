import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.gates.encoding import parse_check, parse_gates, read_list, render_gates
from bascule.upgrade.gates.model import Check, CheckType, Gates, LatencyRule

NUMBERS = st.floats(min_value=0, max_value=1e6, allow_nan=False)
LIMITS = st.none() | NUMBERS
CHECKS = st.builds(
    Check,
    name=st.text(max_size=5),
    type=st.sampled_from(CheckType),
    args=st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=3),
    every_s=NUMBERS,
    failures_max=st.integers(0, 9),
    passes_min=st.integers(0, 9),
)
GATES = st.builds(
    Gates,
    has_traffic=st.booleans(),
    target=st.sampled_from(Cluster),
    alpha=st.floats(min_value=1e-6, max_value=0.5),
    requests_min=st.integers(0, 10_000),
    wait_max_s=NUMBERS,
    success_min=LIMITS,
    below_blue_max=LIMITS,
    hung_after_s=LIMITS,
    latency=st.lists(
        st.builds(LatencyRule, percentile=NUMBERS, max_ms=LIMITS, over_blue_max_ms=LIMITS),
        max_size=3,
    ).map(tuple),
    checks=st.lists(CHECKS, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(GATES)
def test_gates_come_back_as_they_were_written(gates: Gates) -> None:
    assert parse_gates(json.loads(json.dumps(render_gates(gates)))) == gates


def test_an_empty_object_is_gates_with_every_default() -> None:
    assert parse_gates({}) == Gates()


def test_hung_requests_that_are_null_are_not_looked_at() -> None:
    assert parse_gates({"hung_after_s": None}).hung_after_s is None


@pytest.mark.parametrize(
    ("data", "match"),
    [
        ("gates", "gates is not an object"),
        ({"target": "red"}, "unknown cluster 'red'"),
        ({"requests_min": 1.5}, "requests_min is not a whole number"),
        ({"requests_min": True}, "requests_min is not a whole number"),
        ({"latency": {}}, "latency is not a list"),
        ({"latency": [{}]}, "names no percentile"),
        ({"checks": [{"name": "home", "type": "telnet"}]}, "check home has the unknown type"),
        ({"checks": [{"type": "http"}]}, "name is not text"),
        ({"alpha": "small"}, "alpha is not a number"),
        ({"alpha": 0}, "alpha of gates is 0"),
    ],
)
def test_what_is_no_gates_is_refused(data: Json, match: str) -> None:
    with pytest.raises(JournalError, match=match):
        parse_gates(data)


def test_a_check_that_says_little_has_defaults() -> None:
    check = parse_check({"name": "home", "type": "http"})

    assert check == Check(name="home", type=CheckType.HTTP)


def test_a_list_that_is_missing_is_empty() -> None:
    assert read_list({}, "checks") == []


def test_a_rule_of_latency_comes_back_as_it_was_written() -> None:
    gates = Gates(latency=(LatencyRule(percentile=99.0, max_ms=250.0, over_blue_max_ms=None),))

    assert parse_gates(render_gates(gates)) == gates


def test_what_is_no_list_is_refused_and_one_that_is_missing_is_empty() -> None:
    assert read_list({}, "hosts") == []
    with pytest.raises(JournalError, match="hosts is not a list"):
        read_list({"hosts": "all"}, "hosts")
