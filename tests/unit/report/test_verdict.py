from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bascule.gateway.driver import ClusterTraffic
from bascule.ids import Cluster
from bascule.report.samples import Sample, Samples
from bascule.report.verdict import GatewayCounts, Verdict, judge

INTERVAL_S = 0.05


def sample(
    at_s: float,
    *,
    status: int = 200,
    error: str = "",
    latency_s: float = 0.01,
    late_s: float = 0.0,
    target: str = "shop",
) -> Sample:
    return Sample(
        target=target,
        scheduled_s=at_s,
        sent_s=at_s + late_s,
        done_s=at_s + latency_s,
        status=0 if error else status,
        error=error,
    )


def steady(from_s: float, count: int, *, status: int = 200) -> list[Sample]:
    return [sample(from_s + i * INTERVAL_S, status=status) for i in range(count)]


def window(samples: list[Sample]) -> Samples:
    return Samples(from_s=0, to_s=100, interval_s=INTERVAL_S, samples=tuple(samples))


def rule(verdict: Verdict, number: int) -> bool | None:
    return verdict.rules[number - 1].holds


def traffic(requests: int, *, failures: int = 0, active: int = 0) -> ClusterTraffic:
    return ClusterTraffic(
        requests_total=requests,
        requests_active=active,
        endpoints_healthy=1,
        failures_total=failures,
    )


def test_a_quiet_switch_holds_and_bounds_the_failure_rate() -> None:
    verdict = judge(window(steady(0, 300)), window(steady(20, 300)))

    assert verdict.holds
    assert verdict.failure_rate_bound == 3 / 300
    assert [r.holds for r in verdict.rules] == [True, True, True, None, None, None]


def test_without_a_request_nothing_is_claimed() -> None:
    verdict = judge(window([]), window([]))

    assert not verdict.holds
    assert [r.holds for r in verdict.rules] == [None] * 6
    assert verdict.max_gap_ms is None
    assert verdict.failure_rate_bound is None


@given(st.integers(0, 119), st.sampled_from(["connect", "reset", "timeout", "tls", "protocol"]))
def test_one_planted_failure_is_always_found(place: int, error: str) -> None:
    during = steady(10, 120)
    during[place] = sample(during[place].scheduled_s, error=error)

    verdict = judge(window(steady(0, 120)), window(during))

    assert verdict.failed == 1
    assert rule(verdict, 1) is False
    assert not verdict.holds
    assert verdict.failure_rate_bound is None
    assert verdict.reasons == (f"shop: 1 x {error}",)


@given(st.integers(1, 100), st.integers(6, 15))
def test_a_planted_gap_is_always_found(place: int, missing: int) -> None:
    during = steady(10, 120)
    del during[place : place + missing]

    verdict = judge(window(steady(0, 120)), window(during))

    assert rule(verdict, 2) is False
    assert verdict.max_gap_ms is not None
    assert verdict.max_gap_ms >= missing * 50


def test_a_gap_of_the_witness_own_making_is_unmeasured() -> None:
    during = steady(10, 20)
    late = [sample(11 + i * INTERVAL_S, latency_s=0.31, late_s=0.3) for i in range(6)]
    during += [*late, *steady(11.3, 20)]

    verdict = judge(window([]), window(during))

    assert rule(verdict, 2) is True
    assert verdict.unmeasured > 0


def test_a_missing_page_that_was_missing_before_is_no_failure() -> None:
    verdict = judge(window(steady(0, 50, status=404)), window(steady(10, 50, status=404)))

    assert (verdict.failed, verdict.excused) == (0, 50)


def test_a_page_that_goes_missing_is_a_failure() -> None:
    verdict = judge(window(steady(0, 50)), window([*steady(10, 50), sample(20, status=404)]))

    assert verdict.failed == 1


def test_without_a_baseline_only_server_errors_fail() -> None:
    during = [*steady(10, 50), sample(12.5, status=404), sample(12.55, status=503)]

    verdict = judge(window([]), window(during))

    assert verdict.failed == 1


def test_a_rare_error_of_the_baseline_does_not_excuse_many() -> None:
    baseline = [*steady(0, 99), sample(5, status=503)]
    during = [*steady(10, 60), *steady(13, 40, status=503)]

    verdict = judge(window(baseline), window(during))

    assert verdict.excused == 4
    assert verdict.failed == 36


def test_certificates_refused_all_along_are_excused_but_resets_never() -> None:
    baseline = [sample(i * 0.05, error="tls") for i in range(10)]
    baseline += [sample(i * 0.05, error="reset", target="other") for i in range(10)]
    during = [sample(5, error="tls"), sample(5, error="reset", target="other")]

    verdict = judge(window(baseline), window(during))

    assert (verdict.failed, verdict.excused) == (1, 1)


def test_a_slow_switch_breaks_the_third_rule() -> None:
    slow = [sample(20 + i * INTERVAL_S, latency_s=0.2) for i in range(300)]

    verdict = judge(window(steady(0, 300)), window(slow))

    assert rule(verdict, 3) is False
    assert verdict.p99_during_ms == 200.0
    assert not verdict.holds


def test_latency_is_unknown_when_the_witness_was_late_itself() -> None:
    late = [sample(20 + i * INTERVAL_S, latency_s=0.2, late_s=0.1) for i in range(20)]

    verdict = judge(window(steady(0, 300)), window([*late, *steady(21, 300)]))

    assert rule(verdict, 3) is None
    assert verdict.unmeasured == 20


def test_gateway_failures_count_even_if_the_witness_saw_none() -> None:
    counts = GatewayCounts(
        before={Cluster.BLUE: traffic(10), Cluster.GREEN: traffic(0)},
        after={Cluster.BLUE: traffic(20, failures=1), Cluster.GREEN: traffic(5)},
    )

    verdict = judge(window(steady(0, 50)), window(steady(10, 50)), counts=counts)

    assert (verdict.gateway_failures, verdict.gateway_requests) == (1, 15)
    assert rule(verdict, 1) is False


def test_counts_of_a_restarted_gateway_are_unknown() -> None:
    counts = GatewayCounts(
        before={Cluster.BLUE: traffic(100)},
        settled={Cluster.BLUE: traffic(100)},
        after={Cluster.BLUE: traffic(3)},
        takes_nothing=Cluster.BLUE,
    )

    verdict = judge(window([]), window(steady(10, 50)), counts=counts)

    assert verdict.gateway_requests is None
    assert verdict.wrong_cluster is None


def test_a_request_to_the_idle_cluster_breaks_the_fourth_rule() -> None:
    counts = GatewayCounts(
        settled={Cluster.BLUE: traffic(100)},
        after={Cluster.BLUE: traffic(101, active=4)},
        takes_nothing=Cluster.BLUE,
    )

    verdict = judge(window([]), window(steady(10, 50)), counts=counts)

    assert (verdict.wrong_cluster, verdict.still_open) == (1, 4)
    assert rule(verdict, 4) is False


def test_previews_that_a_gateway_does_not_count_apart_break_no_rule() -> None:
    for total, previews, holds in ((101, None, None), (100, None, True), (101, 7, False)):
        counts = GatewayCounts(
            settled={Cluster.BLUE: traffic(100)},
            after={Cluster.BLUE: replace(traffic(total), previews_total=previews)},
            takes_nothing=Cluster.BLUE,
            is_previewed=True,
        )

        verdict = judge(window([]), window(steady(10, 50)), counts=counts)

        assert rule(verdict, 4) is holds
        assert verdict.wrong_cluster == total - 100


def test_without_counts_after_what_is_still_open_is_unknown() -> None:
    counts = GatewayCounts(takes_nothing=Cluster.BLUE)

    verdict = judge(window([]), window(steady(10, 50)), counts=counts)

    assert (verdict.still_open, verdict.wrong_cluster) == (None, None)
