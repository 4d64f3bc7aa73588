from hypothesis import given
from hypothesis import strategies as st

from bascule.lab.load.stats import (
    Span,
    Stalls,
    excused,
    failure_bound,
    find_gaps,
    longest_gap_s,
    percentile,
)

times = st.lists(st.floats(0, 100), max_size=200).map(sorted)


@given(times, st.floats(0, 90), st.floats(0.5, 10))
def test_a_planted_gap_is_always_found(found: list[float], at_s: float, length_s: float) -> None:
    kept = [t for t in found if not at_s <= t <= at_s + length_s]
    window = Span(0.0, 100.0)

    gaps = find_gaps(kept, window, limit_s=length_s * 0.99)

    assert any(g.from_s <= at_s and g.to_s >= at_s + length_s for g in gaps)
    assert longest_gap_s(kept, window) >= length_s * 0.99


def test_an_outage_at_either_end_of_the_window_is_a_gap() -> None:
    gaps = find_gaps([4.0, 5.0, 6.0], Span(0.0, 10.0), limit_s=1.5)

    assert gaps == (Span(0.0, 4.0), Span(6.0, 10.0))


def test_percentiles_are_values_that_occurred() -> None:
    values = [float(n) for n in range(1, 101)]

    assert percentile(values, 0.99) == 99.0
    assert percentile([7.0], 0.5) == 7.0
    assert percentile([], 0.5) is None


def test_only_the_part_inside_a_span_counts_as_stall() -> None:
    stalls = Stalls([Span(5.0, 6.0), Span(1.0, 2.0), Span(9.0, 9.5)])

    assert stalls.overlap_s(Span(1.5, 5.25)) == 0.75
    assert stalls.overlap_s(Span(2.5, 4.0)) == 0.0
    assert stalls.overlap_s(Span(0.0, 20.0)) == 2.5


def test_the_bound_is_three_over_n() -> None:
    assert failure_bound(30_000) == 0.0001
    assert failure_bound(1) == 1.0
    assert failure_bound(0) is None


def test_a_clean_baseline_excuses_nothing() -> None:
    assert excused(0, 1000, 1000) == 0
    assert excused(1, 0, 1000) == 0
    assert excused(10, 1000, 1000) == 19
