from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bascule.gateway.driver import ClusterTraffic, Histogram
from bascule.ids import Cluster
from bascule.probes.intervals import Look, build_interval, subtract_traffic
from bascule.upgrade.gates.model import Counts

START = datetime(2026, 1, 1, tzinfo=UTC)
BOUNDS = (10.0, 100.0)


def histogram(*counts: int, bounds: tuple[float, ...] = BOUNDS) -> Histogram:
    return Histogram(bounds_ms=bounds, counts=counts)


BEFORE = ClusterTraffic(
    requests_total=100,
    requests_active=3,
    endpoints_healthy=2,
    failures_total=5,
    completed_total=97,
    latency=histogram(90, 5, 2),
)
AFTER = ClusterTraffic(
    requests_total=120,
    requests_active=4,
    endpoints_healthy=2,
    failures_total=6,
    completed_total=116,
    latency=histogram(105, 8, 3),
)
RESTARTED = replace(
    AFTER, requests_total=4, failures_total=0, completed_total=2, latency=histogram(2, 0, 0)
)


def look(second: float, traffic: Mapping[Cluster, ClusterTraffic]) -> Look:
    return Look(at=START + timedelta(seconds=second), begun_s=second, traffic=traffic)


def test_an_interval_is_the_difference_of_two_looks() -> None:
    both = {Cluster.BLUE: BEFORE, Cluster.GREEN: AFTER}
    later = {Cluster.BLUE: AFTER, Cluster.GREEN: AFTER}

    interval = build_interval(look(0, both), look(1, later), seq=7)

    assert interval is not None
    assert (interval.seq, interval.from_at) == (7, START)
    assert interval.to_at == START + timedelta(seconds=1)
    assert interval.counts == {
        Cluster.BLUE: Counts(
            requests=19, failures=1, started=20, open=4, latency=histogram(15, 3, 1)
        ),
        Cluster.GREEN: Counts(
            requests=0, failures=0, started=0, open=4, latency=histogram(0, 0, 0)
        ),
    }


def test_who_counted_is_told_on() -> None:
    found = subtract_traffic(BEFORE, replace(AFTER, source="access log"))

    assert found is not None
    assert found.source == "access log"


def test_a_gateway_that_restarted_leaves_a_gap_and_no_negative_number() -> None:
    before = {Cluster.BLUE: BEFORE, Cluster.GREEN: BEFORE}

    assert (
        build_interval(look(0, before), look(1, {**before, Cluster.BLUE: RESTARTED}), seq=1) is None
    )


@pytest.mark.parametrize(
    "after",
    [
        replace(AFTER, requests_total=99),
        replace(AFTER, failures_total=4),
        replace(AFTER, completed_total=96),
        replace(AFTER, latency=histogram(106, 4, 6)),
    ],
    ids=["requests", "failures", "completed", "one-bucket"],
)
def test_no_total_may_fall(after: ClusterTraffic) -> None:
    assert subtract_traffic(BEFORE, after) is None


def test_one_of_several_instances_that_restarted_is_noticed_by_its_share_of_the_sums() -> None:
    def total(first: ClusterTraffic, second: ClusterTraffic) -> ClusterTraffic:
        return replace(
            first,
            requests_total=first.requests_total + second.requests_total,
            failures_total=first.failures_total + second.failures_total,
        )

    assert subtract_traffic(total(BEFORE, BEFORE), total(AFTER, RESTARTED)) is None
    assert subtract_traffic(total(BEFORE, BEFORE), total(AFTER, AFTER)) is not None


@pytest.mark.parametrize("absent_before", [True, False], ids=["before", "after"])
def test_a_cluster_that_is_absent_stays_absent(*, absent_before: bool) -> None:
    both, one = {Cluster.BLUE: BEFORE, Cluster.GREEN: BEFORE}, {Cluster.GREEN: BEFORE}
    first, second = (one, both) if absent_before else (both, one)

    interval = build_interval(look(0, first), look(1, second), seq=1)

    assert interval is not None
    assert set(interval.counts) == {Cluster.GREEN}


def test_no_cluster_known_at_both_looks_is_a_gap() -> None:
    blue, green = look(0, {Cluster.BLUE: BEFORE}), look(1, {Cluster.GREEN: AFTER})

    assert build_interval(blue, green, seq=1) is None


def test_where_the_ended_requests_are_not_counted_they_follow_from_those_that_began() -> None:
    counts = subtract_traffic(replace(BEFORE, completed_total=None), AFTER)

    assert counts is not None
    assert counts.requests == 19


@pytest.mark.parametrize("unknown", ["before", "after"])
def test_where_what_is_open_is_not_known_either_all_that_began_has_ended(unknown: str) -> None:
    both = {"before": replace(BEFORE, completed_total=None), "after": AFTER}
    both[unknown] = replace(both[unknown], requests_active=None)

    counts = subtract_traffic(both["before"], both["after"])

    assert counts is not None
    assert counts.requests == counts.started == 20
    assert counts.open == both["after"].requests_active


def test_a_failure_is_a_request_that_ended() -> None:
    counts = subtract_traffic(BEFORE, replace(AFTER, completed_total=97, failures_total=9))

    assert counts is not None
    assert (counts.requests, counts.failures) == (4, 4)


@pytest.mark.parametrize(
    "other", [None, histogram(1, 2, 3, bounds=(1.0, 2.0))], ids=["unknown", "other-buckets"]
)
def test_latencies_that_cannot_be_compared_are_not_known(other: Histogram | None) -> None:
    counts = subtract_traffic(replace(BEFORE, latency=other), AFTER)

    assert counts is not None
    assert counts.latency is None
    assert counts.requests == 19


def test_what_clients_gave_up_ended_too_and_is_no_failure() -> None:
    before, after = replace(BEFORE, abandoned_total=2), replace(AFTER, abandoned_total=5)

    known = subtract_traffic(before, after)
    unknown = subtract_traffic(BEFORE, AFTER)
    fallen = subtract_traffic(after, replace(AFTER, abandoned_total=4))

    assert known is not None
    assert (known.requests, known.failures, known.abandoned) == (22, 1, 3)
    assert unknown is not None
    assert (unknown.requests, unknown.abandoned) == (19, 0)
    assert fallen is not None
    assert fallen.abandoned == 0
