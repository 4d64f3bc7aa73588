from collections.abc import Mapping

import pytest

from bascule.gateway.driver import ClusterTraffic, Histogram
from bascule.gateway.envoy.previews import Counted
from bascule.gateway.envoy.statistics import (
    FIGURES_AT_A_TIME,
    LATENCY_BOUNDS_MS,
    LINES_AT_A_TIME,
    Pages,
    add_histograms,
    add_traffic,
    sum_traffic,
)
from bascule.ids import Cluster

GONE = "upstream_cx_destroy_local_with_active_rq"
# What an Envoy 1.40 counted for three requests each (docs/reference/statistics.md).
MEASURED = {
    "answered": ("2xx: 3, completed: 3, total: 3", (3, 0, 0)),
    "client errors": ("4xx: 3, completed: 3, total: 3", (3, 0, 0)),
    "server errors": ("500: 3, 5xx: 3, completed: 3, total: 3", (3, 3, 0)),
    "closed before an answer": ("503: 3, 5xx: 3, completed: 3, total: 3", (3, 3, 0)),
    "broken off in an answer": (
        "2xx: 3, completed: 3, total: 3, upstream_cx_protocol_error: 3",
        (3, 3, 0),
    ),
    "no HTTP": (
        f"502: 3, 5xx: 3, completed: 3, total: 3, upstream_cx_protocol_error: 3, {GONE}: 3",
        (3, 3, 0),
    ),
    "refused": (
        "503: 3, 5xx: 3, completed: 3, pending_failure_eject: 9, retry: 6",
        (3, 3, 0),
    ),
    "no endpoint": ("503: 3, 5xx: 3, completed: 3, upstream_cx_none_healthy: 3", (3, 3, 0)),
    "saved by a retry": (
        "2xx: 3, completed: 3, total: 3, pending_failure_eject: 3, retry: 3",
        (3, 0, 0),
    ),
    "timed out": (
        f"504: 3, 5xx: 3, completed: 3, total: 3, timeout: 3, {GONE}: 3",
        (3, 3, 0),
    ),
    "timed out in an answer": (
        f"2xx: 3, completed: 3, total: 3, timeout: 3, {GONE}: 3",
        (3, 3, 0),
    ),
    "given up while it hung": (
        f"total: 3, {GONE}: 3",
        (0, 0, 3),
    ),
    "given up in an answer": (
        f"2xx: 3, completed: 3, total: 3, {GONE}: 3",
        (3, 0, 0),
    ),
    "still waiting": ("total: 3, active: 3", (0, 0, 0)),
    "h2 reset in an answer": ("2xx: 3, completed: 3, total: 3, rx_reset: 3", (3, 3, 0)),
    "h2 reset before an answer": (
        "503: 3, 5xx: 3, completed: 3, total: 3, rx_reset: 3",
        (3, 3, 0),
    ),
    "h2 refused, saved by a retry": ("2xx: 3, completed: 3, total: 6, retry: 3", (3, 0, 0)),
    "h2 given up while it hung": ("total: 3, tx_reset: 3", (0, 0, 3)),
    "copies over the limit": (
        "503: 20, 5xx: 20, completed: 20, total: 10, active: 10, pending_overflow: 20",
        (20, 20, 0),
    ),
}


@pytest.mark.parametrize("case", MEASURED)
def test_a_user_sees_as_failed_what_is_counted_as_failed(case: str) -> None:
    page, expected = MEASURED[case]

    other = _lines("green/shop/web/http", "completed: 1, total: 1")
    found = _read(Pages(numbers=_lines("blue/shop/web/http", page) + other))[Cluster.BLUE]

    assert (found.completed_total, found.failures_total, found.abandoned_total) == expected


def test_figures_are_summed_by_cluster_over_its_backends_and_others_are_left_out() -> None:
    page = (
        _lines("blue/shop/web/http", "total: 40, active: 1, completed: 39")
        + _lines("blue/shop/pay/80", "total: 2")
        + "cluster.blue/shop/pay/80.membership_healthy: 2\n"
        + "cluster.blue/shop/pay/80.external.upstream_rq_total: 7\n"
        + "cluster.xds.upstream_rq_total: 99\n"
    )

    traffic = _read(Pages(numbers=page))

    assert traffic[Cluster.BLUE] == ClusterTraffic(
        requests_total=42,
        requests_active=1,
        endpoints_healthy=2,
        failures_total=0,
        completed_total=39,
        abandoned_total=0,
    )
    assert traffic[Cluster.GREEN].requests_total == 0


def test_an_envoy_of_an_earlier_version_has_its_5xx_counted_and_no_breaks() -> None:
    page = _lines("green/shop/web/http", "2xx: 5, 5xx: 3, total: 8, rx_reset: 9, timeout: 9")

    found = _read(Pages(numbers=page))[Cluster.GREEN]

    assert (found.completed_total, found.failures_total, found.abandoned_total) == (None, 3, None)
    assert add_traffic([found, _traffic(None)]).completed_total is None


def test_latencies_are_summed_over_backends_and_never_asked_for_by_the_way() -> None:
    page = "".join(
        f"cluster.green/shop/{service}/http.upstream_rq_time: B1(0,2) B2.5(0,{most}) B1e+3(0,9)\n"
        for service, most in (("web", 5), ("pay", 6))
    )

    traffic = _read(Pages(numbers="", histograms=page + "cluster.xds.upstream_rq_time: B1(0,1)\n"))

    assert traffic[Cluster.GREEN].latency == Histogram(
        bounds_ms=(1, 2.5, 1000), counts=(4, 7, 7, 0)
    )
    assert traffic[Cluster.BLUE].latency == Histogram(bounds_ms=(1, 2.5, 1000), counts=(0,) * 4)
    assert _read(Pages(numbers=""))[Cluster.BLUE].latency is None


def test_no_request_yet_is_an_empty_histogram() -> None:
    latency = _read(Pages(numbers="", histograms=""))[Cluster.BLUE].latency

    assert latency == Histogram(bounds_ms=LATENCY_BOUNDS_MS, counts=(0,) * 34)


def test_long_pages_are_read_in_steps() -> None:
    numbers = _lines("blue/shop/web/http", "timeout: 1") * FIGURES_AT_A_TIME
    histograms = "cluster.blue/shop/web/http.upstream_rq_time: B1(0,1)\n" * LINES_AT_A_TIME

    steps = list(sum_traffic(Pages(numbers=numbers, histograms=histograms)))

    assert len(steps) == 3


def test_instances_are_added_up() -> None:
    one = _traffic(Histogram(bounds_ms=(1, 2), counts=(1, 2, 0)))

    both = add_traffic([one, one])

    assert (both.requests_total, both.previews_total) == (2, 4)
    assert both.latency == Histogram(bounds_ms=(1, 2), counts=(2, 4, 0))
    assert add_traffic([one, _traffic(None)]).latency is None


def test_histograms_of_other_buckets_are_added_in_those_that_both_have() -> None:
    old = Histogram(bounds_ms=(0.5, 1, 5), counts=(1, 1, 1, 1))
    new = Histogram(bounds_ms=(1, 2, 5), counts=(2, 2, 2, 2))
    empty = Histogram(bounds_ms=(7,), counts=(0, 0))

    assert add_histograms(old, new) == Histogram(bounds_ms=(1, 5), counts=(4, 5, 3))
    assert add_histograms(empty, new) == new
    assert add_histograms(new, empty) == new


def test_previews_are_told_apart_by_the_tag_of_their_cluster() -> None:
    route = "vhost.host.route"
    numbers = _lines("green-1/shop/web/http", "total: 9, completed: 9, 5xx: 2") + "".join(
        f"{route}.{name}: {value}\n"
        for name, value in (
            ("preview-green.upstream_rq_total", 7),
            ("preview-green-1.upstream_rq_total", 4),
            ("preview-green-1.upstream_rq_5xx", 1),
            ("other.upstream_rq_total", 5),
        )
    )
    histograms = (
        "cluster.green-1/shop/web/http.upstream_rq_time: B1(0,4) B2(0,9)\n"
        f"{route}.preview-green-1.upstream_rq_time: B1(0,1) B2(0,3)\n"
    )

    found = _count(Pages(numbers=numbers, histograms=histograms))[Cluster.GREEN]

    assert found.everything.requests_total == 9
    assert found.previews == {"upstream_rq_total": 4, "upstream_rq_5xx": 1}
    assert found.everything.latency == Histogram(bounds_ms=(1, 2), counts=(4, 5, 0))
    assert found.preview_latency == Histogram(bounds_ms=(1, 2), counts=(1, 2, 0))


def _traffic(latency: Histogram | None) -> ClusterTraffic:
    return ClusterTraffic(
        requests_total=1,
        requests_active=0,
        endpoints_healthy=1,
        failures_total=0,
        completed_total=1,
        abandoned_total=0,
        previews_total=2,
        latency=latency,
    )


def _lines(backend: str, figures: str) -> str:
    pairs = (figure.split(": ") for figure in figures.split(", "))
    return "".join(
        f"cluster.{backend}.{name if '_cx_' in name else f'upstream_rq_{name}'}: {value}\n"
        for name, value in pairs
    )


def _read(pages: Pages) -> Mapping[Cluster, ClusterTraffic]:
    return {cluster: found.everything for cluster, found in _count(pages).items()}


def _count(pages: Pages) -> Mapping[Cluster, Counted]:
    steps = sum_traffic(pages)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Mapping[Cluster, Counted] = done.value
            return result


def test_a_cluster_that_is_gone_counts_no_more_once_another_has_its_role() -> None:
    page = _lines("green/shop/web/http", "total: 40, active: 2") + _lines(
        "green-1/shop/web/http", "total: 3"
    )

    traffic = _read(Pages(numbers=page))[Cluster.GREEN]

    assert (traffic.requests_total, traffic.requests_active) == (3, 0)
