import pytest

from bascule.ids import Cluster
from bascule.upgrade.gates.model import Gates, LatencyRule
from bascule.upgrade.gates.rules import RuleKind, list_rules

EVERYTHING = Gates(
    success_min=0.99,
    below_blue_max=0.002,
    latency=(
        LatencyRule(percentile=50, over_blue_max_ms=30),
        LatencyRule(percentile=99, max_ms=500, over_blue_max_ms=30),
        LatencyRule(percentile=99, max_ms=900),
    ),
)


def test_every_gate_comes_down_to_tests_with_names_of_their_own() -> None:
    assert [rule.name for rule in list_rules(EVERYTHING)] == [
        "success rate",
        "success rate against blue",
        "p50 latency against blue",
        "p99 latency",
        "p99 latency against blue",
        "p99 latency (3)",
        "hung requests against blue",
    ]


def test_what_is_allowed_is_a_share_or_milliseconds() -> None:
    allowed = {rule.name: rule.allowed for rule in list_rules(EVERYTHING)}

    assert allowed["success rate"] == pytest.approx(0.01)
    assert allowed["success rate against blue"] == 0.002
    assert allowed["p99 latency (3)"] == 900
    assert allowed["hung requests against blue"] == 0


def test_only_hung_requests_are_tested_where_nothing_else_is_asked_for() -> None:
    (rule,) = list_rules(Gates())

    assert (rule.kind, rule.after_s) == (RuleKind.HUNG_BESIDE, 10.0)


def test_nothing_is_tested_without_traffic_or_when_nothing_is_asked_for() -> None:
    assert list_rules(Gates(has_traffic=False, success_min=0.9)) == ()
    assert list_rules(Gates(hung_after_s=None)) == ()


def test_a_test_of_blue_compares_it_with_green() -> None:
    rules = list_rules(Gates(target=Cluster.BLUE, below_blue_max=0.1))

    assert rules[0].name == "success rate against green"


def test_kinds_know_whether_they_compare_and_whether_they_are_of_latency() -> None:
    assert [kind for kind in RuleKind if not kind.compares] == [RuleKind.SUCCESS, RuleKind.LATENCY]
    assert [kind for kind in RuleKind if kind.is_of_latency] == [
        RuleKind.LATENCY,
        RuleKind.LATENCY_BESIDE,
    ]
