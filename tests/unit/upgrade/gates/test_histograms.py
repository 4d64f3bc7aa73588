import pytest

from bascule.upgrade.gates.histograms import (
    add_histograms,
    count_above,
    count_surely_above,
    count_surely_within,
    find_bound_above,
    find_percentile,
)
from tests.support.gate_values import histogram

BOUNDS = (10.0, 20.0, 40.0)
SOME = histogram(10, 20, 30, 40, bounds_ms=BOUNDS)


def test_histograms_with_the_same_bounds_are_added() -> None:
    assert add_histograms(SOME, SOME) == histogram(20, 40, 60, 80, bounds_ms=BOUNDS)


def test_the_first_histogram_is_itself() -> None:
    assert add_histograms(None, SOME) == SOME


def test_a_histogram_with_other_bounds_begins_anew() -> None:
    other = histogram(1, 2, bounds_ms=(5.0,))

    assert add_histograms(SOME, other) == other


@pytest.mark.parametrize(("limit", "bound"), [(0, 10.0), (10, 10.0), (10.5, 20.0), (41, None)])
def test_the_bound_for_a_limit_is_the_next_one_above(limit: float, bound: float | None) -> None:
    assert find_bound_above(SOME, limit) == bound


@pytest.mark.parametrize(("bound", "above"), [(10.0, 90), (40.0, 40), (15.0, None), (50.0, None)])
def test_only_what_lies_above_a_real_bound_is_counted(bound: float, above: int | None) -> None:
    assert count_above(SOME, bound) == above


@pytest.mark.parametrize(("limit", "above", "within"), [(10, 90, 10), (15, 70, 10), (99, 0, 60)])
def test_a_bucket_across_the_limit_is_sure_of_nothing(
    limit: float, above: int, within: int
) -> None:
    assert count_surely_above(SOME, limit) == above
    assert count_surely_within(SOME, limit) == within


@pytest.mark.parametrize(
    ("percentile", "expected"), [(0, 0.0), (5, 5.0), (10, 10.0), (20, 15.0), (60, 40.0), (99, 40.0)]
)
def test_percentiles_lie_on_straight_lines_within_buckets(
    percentile: float, expected: float
) -> None:
    assert find_percentile(SOME, percentile) == pytest.approx(expected)


def test_there_is_no_percentile_of_nothing() -> None:
    assert find_percentile(None, 50) is None
    assert find_percentile(histogram(), 50) is None
    assert find_percentile(histogram(5, bounds_ms=()), 50) is None
