from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.ids import Cluster
from bascule.upgrade.gates.absorbing import absorb, begin
from bascule.upgrade.gates.model import (
    Check,
    CheckOutcome,
    CheckType,
    Counts,
    Gates,
    Interval,
    LatencyRule,
)
from bascule.upgrade.gates.progress import CheckTally, Progress, Seen
from bascule.upgrade.gates.sequential import Tally
from tests.support.gate_values import counts, histogram, interval, intervals, results

BLUE, GREEN = Cluster.BLUE, Cluster.GREEN
PASSED, FAILED, UNKNOWN = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.UNKNOWN
P50 = LatencyRule(percentile=50, over_blue_max_ms=30)
GATES = Gates(
    success_min=0.99,
    below_blue_max=0.002,
    latency=(P50, LatencyRule(percentile=99, max_ms=500)),
    checks=(Check(name="home", type=CheckType.HTTP), Check(name="cart", type=CheckType.HTTP)),
)
QUICK = counts(100, latency=histogram(0, 100))
"""All between 10 and 25 ms, so that 50 ms is the bound for the median and 30 ms more."""
SLOW = counts(100, latency=histogram(0, 0, 0, 100))


def test_what_each_cluster_did_is_summed_up() -> None:
    progress = absorb(Progress(), GATES, intervals(3, blue=QUICK, green=counts(5, 9)))

    assert progress.seen[BLUE] == Seen(requests=300, latency=histogram(0, 300))
    assert progress.seen[GREEN] == Seen(requests=15, failures=15)


def test_failures_are_held_against_the_other_cluster_and_against_the_limit() -> None:
    progress = absorb(Progress(), GATES, intervals(3, blue=counts(95, 1), green=counts(5, 2)))

    beside, alone = progress.tests["success rate against blue"], progress.tests["success rate"]
    assert (beside.target, beside.other) == (Tally(requests=15, bad=6), Tally(requests=285, bad=3))
    assert alone.target == Tally(requests=15, bad=6)


def test_a_cluster_that_is_not_known_is_not_compared() -> None:
    progress = absorb(Progress(), GATES, intervals(3, green=counts(5, 2)))

    assert progress.tests["success rate against blue"].intervals == 0
    assert progress.tests["success rate"].intervals == 3


def test_without_the_target_nothing_is_tested() -> None:
    progress = absorb(Progress(), GATES, intervals(3, blue=counts(5, 2)))

    assert {test.intervals for test in progress.tests.values()} == {0}


def test_slow_means_slower_than_blue_was_before_and_what_is_allowed() -> None:
    progress = begin(GATES, intervals(2, blue=QUICK))

    assert progress.bounds_ms == {"p50 latency against blue": 50.0}


def test_a_baseline_that_is_too_short_fixes_nothing_yet() -> None:
    few = counts(99, latency=histogram(0, 99))

    assert begin(GATES, [interval(blue=few)]).bounds_ms == {}


def test_high_percentiles_need_a_longer_baseline() -> None:
    gates = Gates(latency=(LatencyRule(percentile=99, over_blue_max_ms=30),))

    assert begin(gates, intervals(4, blue=QUICK)).bounds_ms == {}
    assert begin(gates, intervals(5, blue=QUICK)).bounds_ms == {"p99 latency against blue": 100.0}


def test_beyond_the_last_bound_the_last_bound_is_slow() -> None:
    gates = Gates(latency=(LatencyRule(percentile=50, over_blue_max_ms=60_000),))

    (bound_ms,) = begin(gates, intervals(1, blue=QUICK)).bounds_ms.values()

    assert bound_ms == 10_000.0


def test_the_first_requests_fix_what_is_slow_and_are_used_for_no_test() -> None:
    progress = absorb(Progress(), GATES, intervals(3, blue=QUICK, green=SLOW))

    test = progress.tests["p50 latency against blue"]
    assert test.target == Tally(requests=200, bad=200)
    assert test.other == Tally(requests=200)


def test_with_a_baseline_the_first_interval_counts() -> None:
    first, *rest = intervals(3, blue=QUICK, green=SLOW)

    progress = absorb(begin(GATES, [first]), GATES, rest)

    assert progress.tests["p50 latency against blue"].target == Tally(requests=200, bad=200)


def test_latencies_above_the_absolute_limit_are_counted() -> None:
    late = counts(100, latency=histogram(0, 0, 0, 0, 0, 97, 3))

    progress = absorb(Progress(), GATES, intervals(2, green=late))

    assert progress.tests["p99 latency"].target == Tally(requests=200, bad=6)


@pytest.mark.parametrize(
    "odd", [counts(100), counts(100, latency=histogram(50, 50, bounds_ms=(7.0,)))]
)
def test_latencies_that_are_unknown_or_in_other_buckets_are_passed_over(odd: Counts) -> None:
    progress = absorb(
        begin(GATES, intervals(1, blue=QUICK)), GATES, [interval(2, blue=odd, green=odd)]
    )

    assert progress.tests["p50 latency against blue"].intervals == 0
    assert progress.tests["p99 latency"].intervals == 0


def hanging(seq: int) -> Interval:
    green = replace(counts(100, latency=histogram(100), open_now=50 * seq), started=150)
    blue = counts(900, latency=histogram(900), open_now=4)
    return interval(seq, blue=blue, green=green)


def test_requests_that_never_end_are_held_against_those_of_blue() -> None:
    progress = absorb(Progress(), GATES, [hanging(seq) for seq in range(1, 13)])

    test = progress.tests["hung requests against blue"]
    assert test.target.bad == 12 * 50 - 100 - 100 - 100
    assert test.target.requests == 10 * 150
    assert test.other.bad == 4


def test_a_gap_begins_anew_with_what_is_open() -> None:
    seen = [hanging(seq) for seq in range(1, 13)]

    progress = absorb(Progress(), GATES, [*seen[:6], *seen[8:]])

    assert progress.watches[GREEN].base == 10 * 50


def test_time_that_nobody_saw_is_a_gap_even_where_the_numbers_follow() -> None:
    seen = [hanging(seq) for seq in range(1, 7)]
    late = replace(hanging(8), seq=7)

    progress = absorb(Progress(), GATES, [*seen, late])

    assert progress.watches[GREEN].base is None
    assert len(progress.watches[GREEN].recent) == 1


def test_hung_requests_are_not_watched_where_nobody_asks() -> None:
    for gates in (replace(GATES, hung_after_s=None), Gates(has_traffic=False)):
        assert absorb(Progress(), gates, [hanging(1)]).watches == {}


def test_what_was_watched_before_the_step_is_known_in_it_but_not_held_against_it() -> None:
    seen = [hanging(seq) for seq in range(1, 13)]

    progress = absorb(begin(GATES, seen[:6]), GATES, seen[6:])

    assert progress.tests["hung requests against blue"].intervals == 6
    assert progress.tests["hung requests against blue"].target.bad == 300


def test_checks_are_counted_with_their_last_answer_and_how_often_they_failed_in_a_row() -> None:
    answers = [*results("home", PASSED, FAILED, FAILED, UNKNOWN, FAILED, reason="404")]

    progress = absorb(Progress(), GATES, [], answers)

    assert progress.checks == {
        "home": CheckTally(passed=1, failed=3, unknown=1, streak=3, last=FAILED, reason="404")
    }


def test_a_good_answer_ends_a_row_of_failures() -> None:
    progress = absorb(Progress(), GATES, [], results("home", FAILED, PASSED))

    assert (progress.checks["home"].streak, progress.checks["home"].last) == (0, PASSED)


def test_a_check_that_the_gates_do_not_have_is_passed_over() -> None:
    assert absorb(Progress(), GATES, [], results("other", FAILED)).checks == {}


COUNTS = st.builds(
    Counts,
    requests=st.integers(0, 300),
    failures=st.integers(0, 30),
    started=st.integers(0, 300),
    open=st.integers(0, 50),
    latency=st.none()
    | st.lists(st.integers(0, 60), min_size=8, max_size=8).map(lambda row: histogram(*row)),
)
SEEN = st.lists(st.tuples(COUNTS, COUNTS), max_size=10).map(
    lambda pairs: [
        interval(seq, blue=blue, green=green) for seq, (blue, green) in enumerate(pairs, start=1)
    ]
)


@settings(max_examples=40, deadline=None)
@given(SEEN, st.integers(0, 10))
def test_it_makes_no_difference_in_how_many_pieces_intervals_come(
    seen: list[Interval], cut: int
) -> None:
    answers = results("home", *([PASSED, FAILED, UNKNOWN] * 2))

    pieces = absorb(absorb(Progress(), GATES, seen[:cut], answers[:cut]), GATES, seen[cut:])
    pieces = absorb(pieces, GATES, (), answers[cut:])

    assert pieces == absorb(Progress(), GATES, seen, answers)


@settings(max_examples=40, deadline=None)
@given(SEEN)
def test_the_order_of_clusters_in_an_interval_does_not_matter(seen: list[Interval]) -> None:
    turned = [replace(each, counts=dict(reversed([*each.counts.items()]))) for each in seen]

    assert absorb(Progress(), GATES, turned) == absorb(Progress(), GATES, seen)
