import pytest

from bascule.upgrade.gates.absorbing import absorb, begin
from bascule.upgrade.gates.findings import Finding, Standing, find_all, render_finding
from bascule.upgrade.gates.model import Counts, Gates, LatencyRule
from bascule.upgrade.gates.progress import Progress
from tests.support.gate_values import counts, histogram, interval, intervals

SUCCESS = Gates(success_min=0.99, hung_after_s=None)
BESIDE = Gates(below_blue_max=0.005, hung_after_s=None)
P99 = Gates(latency=(LatencyRule(percentile=99, max_ms=500),), hung_after_s=None)
P50_BESIDE = Gates(latency=(LatencyRule(percentile=50, over_blue_max_ms=30),), hung_after_s=None)
QUICK = counts(950, latency=histogram(0, 950))


def find(
    gates: Gates, number: int, *, blue: Counts | None = None, green: Counts | None = None
) -> Finding:
    """Return what the only test says after so many equal intervals."""
    baseline = [interval(0, blue=QUICK)]
    (finding,) = find_all(
        absorb(begin(gates, baseline), gates, intervals(number, blue=blue, green=green)), gates
    )
    return finding


def test_a_share_of_failures_beyond_doubt_is_broken() -> None:
    finding = find(SUCCESS, 5, green=counts(100, 8))

    assert finding.standing is Standing.FAILED
    assert finding.reason == (
        "success rate is broken: 40 of 500 requests (8.00 %) failed on green; 1.00 % may fail"
    )


def test_one_failure_of_three_requests_is_no_failure() -> None:
    assert find(SUCCESS, 1, green=counts(3, 1)).standing is Standing.HOLDS


def test_one_bad_moment_breaks_nothing_but_leaves_a_doubt() -> None:
    once = [interval(1, green=counts(100)), interval(2, green=counts(100, 30))]

    (finding,) = find_all(absorb(Progress(), SUCCESS, once), SUCCESS)

    assert finding.standing is Standing.SUSPECTED
    assert "is in doubt and needs more requests" in finding.reason


def test_a_burst_alone_is_no_regression_once_it_is_known_for_a_burst() -> None:
    once = [interval(n, green=counts(100, 60 if n == 4 else 0)) for n in range(12)]

    (finding,) = find_all(absorb(Progress(), SUCCESS, once), SUCCESS)

    assert finding.dispersion > 10
    assert finding.plain_log_e > 40
    assert finding.standing is Standing.HOLDS


def test_more_failures_than_blue_are_broken() -> None:
    finding = find(BESIDE, 40, blue=counts(950, 1), green=counts(50, 1))

    assert finding.standing is Standing.FAILED
    assert finding.reason == (
        "success rate against blue is broken: 40 of 2,000 requests (2.00 %) failed on green, "
        "40 of 38,000 requests (0.105 %) on blue; 0.5 % more may fail than on the other"
    )


def test_failures_that_blue_has_too_are_not_held_against_green() -> None:
    finding = find(BESIDE, 40, blue=counts(950, 95), green=counts(50, 5))

    assert finding.standing is Standing.HOLDS


def test_a_difference_that_is_certain_and_allowed_holds() -> None:
    gates = Gates(below_blue_max=0.05, hung_after_s=None)

    finding = find(gates, 40, blue=counts(950, 1), green=counts(50, 1))

    assert finding.log_e > 10
    assert finding.standing is Standing.HOLDS


def test_nothing_to_compare_is_said() -> None:
    finding = find(BESIDE, 40, green=counts(50, 50))

    assert finding.standing is Standing.WITHOUT_DATA
    assert finding.reason == (
        "success rate against blue has nothing to compare: "
        "too little of green and blue at the same time"
    )


def test_no_request_at_all_is_said() -> None:
    finding = find(SUCCESS, 3)

    assert finding.standing is Standing.WITHOUT_DATA
    assert finding.reason == "success rate has nothing to go by: no request of green is known"


def test_a_percentile_above_its_limit_is_broken() -> None:
    late = counts(100, latency=histogram(0, 90, 0, 0, 0, 0, 10))

    finding = find(P99, 10, green=late)

    assert finding.standing is Standing.FAILED
    assert finding.bound_ms == 1_000.0


def test_a_percentile_below_its_limit_holds() -> None:
    finding = find(P99, 10, green=counts(100, latency=histogram(0, 99, 0, 0, 0, 0, 1)))

    assert finding.standing is Standing.HOLDS
    assert finding.reason == (
        "p99 latency holds: 10 of 1,000 requests (1.00 %) took over 1000 ms on green; "
        "p99 is 25 ms and may be 500 ms"
    )


def test_fifty_milliseconds_more_than_blue_are_broken() -> None:
    green = counts(50, latency=histogram(0, 0, 0, 50))

    finding = find(P50_BESIDE, 4, blue=QUICK, green=green)

    assert finding.standing is Standing.FAILED
    assert finding.reason == (
        "p50 latency against blue is broken: 200 of 200 requests (100.00 %) took over 50 ms on "
        "green, 0 of 3,800 requests (0 %) on blue; p50 is 58 ms more and may be 30 ms more"
    )


def test_a_quicker_green_is_said_to_be_so() -> None:
    finding = find(P50_BESIDE, 4, blue=QUICK, green=counts(50, latency=histogram(50)))

    assert finding.standing is Standing.HOLDS
    assert finding.reason.endswith("p50 is 12 ms less and may be 30 ms more")


def test_hung_requests_are_said_to_be_so() -> None:
    (finding,) = find_all(
        absorb(
            Progress(),
            Gates(),
            [
                interval(
                    seq,
                    blue=Counts(requests=900, started=900, latency=histogram(900)),
                    green=Counts(requests=50, started=100, open=50 * seq, latency=histogram(50)),
                )
                for seq in range(1, 13)
            ],
        ),
        Gates(),
    )

    assert finding.standing is Standing.FAILED
    assert finding.reason == (
        "hung requests against blue is broken: 350 of 1,000 requests (35.00 %) took over 10 s or "
        "were given up on green, 0 of 9,000 requests (0 %) on blue"
    )


def test_the_tests_of_a_step_share_its_chance_of_a_false_alarm() -> None:
    gates = Gates(alpha=0.003, success_min=0.9, below_blue_max=0.1)

    findings = find_all(Progress(), gates)

    assert [finding.alpha for finding in findings] == [pytest.approx(0.001)] * 3


def test_a_comparison_is_rendered_with_both_clusters_and_the_ratio() -> None:
    rendered = render_finding(find(BESIDE, 40, blue=counts(950, 1), green=counts(50, 1)))

    reason, e_value = rendered.pop("reason"), rendered.pop("e_value")
    assert rendered.pop("e_value_undiscounted") == e_value
    assert str(reason).startswith("success rate against blue is broken")
    assert isinstance(e_value, float)
    assert e_value > 1_000
    assert rendered == {
        "name": "success rate against blue",
        "kind": "success_beside",
        "verdict": "fail",
        "green": {"requests": 2_000, "bad": 40, "rate": 0.02},
        "blue": {"requests": 38_000, "bad": 40, "rate": 0.001053},
        "limit": 1_000.0,
        "alpha": 0.001,
        "dispersion": 1.0,
        "intervals": 40,
        "bad_intervals": 40,
        "bound_ms": None,
        "found": 0.01895,
        "allowed": 0.005,
        "unit": "share",
        "ratio": {"low": 8.0, "high": 45.25, "confidence": 0.95},
    }


def test_a_test_of_green_alone_is_rendered_without_blue() -> None:
    rendered = render_finding(find(P99, 1))

    assert "blue" not in rendered
    assert (rendered["ratio"], rendered["found"], rendered["unit"]) == (None, None, "ms")


def test_a_ratio_without_bounds_and_an_endless_e_value_are_still_json() -> None:
    everything = Gates(success_min=1.0, below_blue_max=0.1, hung_after_s=None)
    progress = absorb(Progress(), everything, intervals(2, blue=counts(50), green=counts(50, 1)))

    alone, beside = (render_finding(f) for f in find_all(progress, everything))

    assert alone["e_value"] == 1e12
    assert beside["ratio"] == {"low": 0.1768, "high": None, "confidence": 0.95}
