from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.report.facts.traffic import (
    POINTS_MAX,
    build_series,
    choose_step_s,
    merge_histograms,
    percentile_ms,
    read_traffic,
)
from tests.support.made_up_samples import BOUNDS_MS, counts, traffic
from tests.support.made_up_upgrades import START

WHOLE = (START, START + timedelta(seconds=100))


def histogram(*numbers: int) -> Histogram:
    return Histogram(bounds_ms=BOUNDS_MS, counts=numbers)


def test_totals_are_the_sums_of_the_samples() -> None:
    samples = [
        traffic(0, 1, blue=counts(10, 1, open_=5)),
        traffic(1, 2, blue=counts(20, 2, open_=3), green=counts(7)),
    ]

    facts = read_traffic(samples, whole=WHOLE, shift=None)

    blue = facts.clusters[Cluster.BLUE]
    assert blue is not None
    assert (blue.requests, blue.failures, blue.open_max, blue.open_last) == (30, 3, 5, 3)
    assert (facts.requests, facts.failures, facts.samples) == (37, 3, 2)
    assert facts.covered_share == 0.02


def test_what_was_open_may_not_be_known() -> None:
    unknown = replace(counts(), open=None)

    some = read_traffic(
        [traffic(0, 1, blue=unknown), traffic(1, 2, blue=counts(open_=3))], whole=WHOLE, shift=None
    )
    none = read_traffic([traffic(0, 1, blue=unknown)], whole=WHOLE, shift=None)

    known, not_known = some.clusters[Cluster.BLUE], none.clusters[Cluster.BLUE]
    assert known is not None
    assert not_known is not None
    assert (known.open_max, known.open_last) == (3, 3)
    assert (not_known.open_max, not_known.open_last) == (None, None)


def test_without_samples_nothing_is_known() -> None:
    facts = read_traffic([], whole=WHOLE, shift=WHOLE)

    assert (facts.requests, facts.failures, facts.clusters[Cluster.GREEN]) == (None, None, None)
    assert [series.points for series in facts.series] == [()]


def test_a_cluster_that_is_in_no_sample_of_a_stretch_is_not_known_there() -> None:
    (point,) = build_series("whole", [traffic(0, 1, blue=counts())], WHOLE).points

    assert point.clusters[Cluster.GREEN] is None


def test_rates_are_of_the_time_that_was_covered() -> None:
    samples = [traffic(0, 2, blue=counts(10, 1)), traffic(50, 52, blue=counts(10, 1))]

    points = build_series("whole", samples, (START, START + timedelta(days=9))).points

    blue = points[0].clusters[Cluster.BLUE]
    assert blue is not None
    assert (blue.requests_per_s, blue.failures_per_s) == (5.0, 0.5)


def test_a_short_shift_is_shown_close_up_and_a_long_one_is_not() -> None:
    samples = [traffic(n, n + 1, blue=counts()) for n in range(100)]
    short = (START + timedelta(seconds=10), START + timedelta(seconds=20))

    close = read_traffic(samples, whole=WHOLE, shift=short).series
    plain = read_traffic(samples, whole=WHOLE, shift=WHOLE).series

    assert [series.name for series in close] == ["whole", "shift"]
    assert len(close[1].points) == 10
    assert [series.name for series in plain] == ["whole"]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 50)), max_size=60))
def test_the_series_has_every_request_once(seconds: list[tuple[int, int]]) -> None:
    samples = [traffic(at, at + 1, green=counts(number)) for at, number in seconds]

    points = build_series("whole", samples, WHOLE).points

    shown = sum(green.requests for p in points if (green := p.clusters[Cluster.GREEN]))
    assert shown == sum(number for _, number in seconds)


@given(st.floats(min_value=0, max_value=1e9))
def test_a_series_never_has_more_stretches_than_a_plot_can_show(span_s: float) -> None:
    assert span_s / choose_step_s(span_s) <= POINTS_MAX


@pytest.mark.parametrize(
    ("span_s", "sample_s", "step_s"),
    [(30, 1, 1), (600, 1, 5), (604_800, 1, 3_600), (600, 60, 60), (4e7, 1, 3 * 86_400)],
)
def test_stretches_are_round_and_not_shorter_than_samples(
    span_s: float, sample_s: float, step_s: float
) -> None:
    assert choose_step_s(span_s, sample_s=sample_s) == step_s


def test_percentiles_lie_within_their_bucket() -> None:
    assert percentile_ms(histogram(50, 50, 0), 0.5) == 10
    assert percentile_ms(histogram(50, 50, 0), 0.75) == 55
    assert percentile_ms(histogram(0, 50, 0), 0.5) == 55


def test_a_percentile_above_the_last_bound_is_that_bound() -> None:
    assert percentile_ms(histogram(1, 0, 99), 0.99) == 100


@pytest.mark.parametrize("known", [None, histogram(0, 0, 0), Histogram(bounds_ms=(), counts=(5,))])
def test_without_requests_or_bounds_there_is_no_percentile(known: Histogram | None) -> None:
    assert percentile_ms(known, 0.5) is None


def test_histograms_are_added_where_their_bounds_are_alike() -> None:
    odd = Histogram(bounds_ms=(1.0,), counts=(5, 5))

    assert merge_histograms([None, histogram(1, 2, 3), odd, histogram(1, 0, 0)]) == histogram(
        2, 2, 3
    )
    assert merge_histograms([None]) is None
