from bascule.upgrade.gates.model import CheckType, Gates, LatencyRule
from bascule.upgrade.plan.gating import (
    NO_GATES,
    build_gates,
    is_relative,
    judges_anything,
    judges_traffic,
    without_blue,
    without_traffic,
)
from tests.support.specs import read_upgrade

WHOLE = read_upgrade("""
analysis:
  minRequests: 50
  maxWait: 10m
  successRate: {min: 99.5, maxBelowBlue: 0.2}
  latency:
  - {percentile: 50, max: 200ms}
  - {percentile: 99, maxOverBlue: 30ms}
  checks:
  - {name: front, type: http, host: shop.example.com, every: 5s, failuresMax: 2, passesMin: 3}
  - {name: errors, type: prometheus, url: "http://prom:9090", query: up, min: 1}
  - {name: smoke, type: command, run: [./smoke.sh, green]}
""").analysis


def test_what_the_spec_says_becomes_gates() -> None:
    gates = build_gates(WHOLE)

    assert gates.requests_min == 50
    assert gates.wait_max_s == 600.0
    assert (gates.success_min, gates.below_blue_max) == (0.995, 0.002)
    assert gates.latency == (
        LatencyRule(percentile=50, max_ms=200.0),
        LatencyRule(percentile=99, over_blue_max_ms=30.0),
    )


def test_checks_keep_their_arguments_as_the_spec_names_them() -> None:
    front, errors, smoke = build_gates(WHOLE).checks

    assert (front.type, front.every_s, front.failures_max, front.passes_min) == (
        CheckType.HTTP,
        5.0,
        2,
        3,
    )
    assert front.args["host"] == "shop.example.com"
    assert front.args["same_as_blue"] is False
    assert "name" not in front.args
    assert errors.args["query"] == "up"
    assert smoke.args["run"] == ["./smoke.sh", "green"]


def test_a_rate_that_is_left_out_is_no_rule() -> None:
    spec = read_upgrade("analysis: {successRate: {min: null, maxBelowBlue: null}, latency: []}")

    gates = build_gates(spec.analysis)

    assert gates.success_min is None
    assert gates.below_blue_max is None


def test_without_blue_only_what_needs_no_blue_is_judged() -> None:
    gates = without_blue(build_gates(WHOLE))

    assert gates.success_min == 0.995
    assert gates.latency == (LatencyRule(percentile=50, max_ms=200.0),)
    assert not is_relative(gates)


def test_without_traffic_only_checks_are_left() -> None:
    gates = without_traffic(build_gates(WHOLE))

    assert not gates.has_traffic
    assert gates.requests_min == 0
    assert [check.name for check in gates.checks] == ["front", "errors", "smoke"]


def test_gates_are_relative_when_anything_is_compared_with_blue() -> None:
    assert is_relative(Gates(below_blue_max=0.1))
    assert is_relative(Gates(latency=(LatencyRule(percentile=99, over_blue_max_ms=1.0),)))
    assert not is_relative(Gates(success_min=0.9))


def test_something_is_judged_where_something_can_fail() -> None:
    assert judges_anything(Gates(success_min=0.9))
    assert judges_anything(without_traffic(build_gates(WHOLE)))
    assert not judges_anything(Gates())
    assert not judges_anything(NO_GATES)


def test_what_is_counted_is_of_no_use_to_checks_alone() -> None:
    assert judges_traffic(Gates(success_min=0.9))
    assert judges_traffic(Gates(requests_min=1))
    assert not judges_traffic(without_traffic(build_gates(WHOLE)))
    assert not judges_traffic(Gates(requests_min=0))
