import math
import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.upgrade.gates.sequential import (
    DISPERSION_ASSUMED,
    DISPERSION_INTERVALS_MIN,
    RATIOS,
    Evidence,
    Tally,
    add_alone,
    add_interval,
    estimate_dispersion,
    find_ratio_interval,
    log_e_above,
    log_e_worse,
)
from tests.support.gate_traffic import draw_binomial

ROUNDING = 1e-9


def compare(*pairs: tuple[int, int, int, int]) -> Evidence:
    """Return the evidence of intervals, each (target's requests, bad, other's requests, bad)."""
    evidence = Evidence()
    for requests, bad, other_requests, other_bad in pairs:
        evidence = add_interval(
            evidence,
            target=Tally(requests=requests, bad=bad),
            other=Tally(requests=other_requests, bad=other_bad),
        )
    return evidence


def binomial(n: int, k: int, p: float) -> float:
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9])
@pytest.mark.parametrize("requests", [(1, 19), (5, 15), (10, 10), (18, 2)])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_one_interval_is_expected_to_multiply_the_bet_by_one_at_most(
    rate: float, requests: tuple[int, int], ratio: float
) -> None:
    mine, others = requests

    expected = sum(
        binomial(mine, x, rate * ratio)
        * binomial(others, y, rate)
        * math.exp(log_e_worse(compare((mine, x, others, y))))
        for x, y in product(range(mine + 1), range(others + 1))
    )

    assert expected <= 1 + ROUNDING


@pytest.mark.parametrize("bad", [1, 5, 12])
def test_so_it_is_when_bad_requests_come_together_but_fall_on_either_by_chance(bad: int) -> None:
    mine, others = 6, 14
    whole = math.comb(mine + others, bad)

    expected = sum(
        math.comb(mine, x)
        * math.comb(others, bad - x)
        / whole
        * math.exp(log_e_worse(compare((mine, x, others, bad - x))))
        for x in range(max(0, bad - others), min(mine, bad) + 1)
    )

    assert expected <= 1 + ROUNDING


@pytest.mark.parametrize("rates", [[0.02] * 12, [0.0] * 10 + [0.12] * 2])
def test_so_it_is_for_one_cluster_alone_even_when_requests_differ(rates: list[float]) -> None:
    chances = [1.0]
    for rate in rates:
        chances = [
            (chances[k] if k < len(chances) else 0) * (1 - rate)
            + (chances[k - 1] * rate if k else 0)
            for k in range(len(chances) + 1)
        ]

    expected = sum(
        chance * math.exp(log_e_above(Tally(requests=len(rates), bad=k), 0.02))
        for k, chance in enumerate(chances)
    )

    assert expected <= 1 + ROUNDING


def test_looking_after_every_interval_raises_no_more_alarms_than_alpha_allows() -> None:
    rng = random.Random(7)  # noqa: S311 — a seed, not a secret
    alpha, runs = 0.05, 400

    alarms = 0
    for _ in range(runs):
        evidence = Evidence()
        for _ in range(60):
            share = rng.choice((0.05, 0.25, 0.5))
            mine, others = round(100 * share), round(100 * (1 - share))
            rate = rng.choice((0.002, 0.02, 0.2))
            evidence = add_interval(
                evidence,
                target=Tally(requests=mine, bad=draw_binomial(rng, mine, rate)),
                other=Tally(requests=others, bad=draw_binomial(rng, others, rate)),
            )
            if log_e_worse(evidence) >= -math.log(alpha):
                alarms += 1
                break

    assert alarms <= runs * alpha + 3 * math.sqrt(runs * alpha * (1 - alpha))


def test_ten_times_as_many_failures_are_found_out() -> None:
    pairs = [(50, 1, 950, 2), (50, 0, 950, 2)] * 15

    assert log_e_worse(compare(*pairs)) > math.log(1_000)


def test_fewer_failures_than_the_other_is_never_evidence() -> None:
    assert log_e_worse(compare(*[(500, 0, 500, 5)] * 20)) < 0


def test_an_interval_without_requests_on_either_side_adds_nothing() -> None:
    before = compare((10, 1, 90, 1))

    assert add_interval(before, target=Tally(), other=Tally(requests=5, bad=5)) == before
    assert add_interval(before, target=Tally(requests=5, bad=5), other=Tally()) == before
    assert add_alone(before, Tally()) == before


def test_intervals_and_those_with_a_bad_request_are_counted() -> None:
    evidence = compare((10, 1, 90, 0), (10, 0, 90, 3), (10, 2, 90, 0))

    assert (evidence.intervals, evidence.bad_intervals) == (3, 2)
    assert evidence.target == Tally(requests=30, bad=3)
    assert evidence.other == Tally(requests=270, bad=3)


def test_what_is_compared_with_nobody_is_counted_alone() -> None:
    evidence = add_alone(add_alone(Evidence(), Tally(requests=5, bad=1)), Tally(requests=5))

    assert (evidence.target, evidence.intervals) == (Tally(requests=10, bad=1), 2)
    assert evidence.bad_intervals == 1
    assert log_e_worse(evidence) == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 50), st.integers(1, 50), st.floats(0, 1), st.floats(0, 1)),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_intervals_does_not_matter(
    drawn: list[tuple[int, int, float, float]], rng: random.Random
) -> None:
    pairs = [(n, int(n * x), m, int(m * y)) for n, m, x, y in drawn]

    shuffled = compare(*rng.sample(pairs, len(pairs)))

    assert log_e_worse(shuffled) == pytest.approx(log_e_worse(compare(*pairs)))


def test_one_failure_in_three_requests_is_hardly_evidence_against_99_percent() -> None:
    assert log_e_above(Tally(requests=3, bad=1), 0.01) < math.log(20)
    assert log_e_above(Tally(requests=300, bad=30), 0.01) > math.log(1e6)


def test_shares_that_nothing_or_anything_can_break_have_no_bet() -> None:
    assert log_e_above(Tally(requests=5, bad=5), 1.0) == 0
    assert log_e_above(Tally(requests=5), 0.0) == 0
    assert log_e_above(Tally(), 0.5) == 0
    assert log_e_above(Tally(requests=5, bad=1), 0.0) == math.inf


def test_nothing_is_known_of_the_ratio_before_a_bad_event() -> None:
    assert find_ratio_interval(Evidence()) == (None, None)
    assert find_ratio_interval(compare((10, 0, 90, 0))) == (None, None)


def test_the_interval_of_the_ratio_narrows_around_the_truth() -> None:
    few = compare(*[(50, 1, 950, 2)] * 5)
    many = compare(*[(50, 1, 950, 2)] * 100)

    few_low, few_high = find_ratio_interval(few)
    low, high = find_ratio_interval(many)

    assert low is not None
    assert high is not None
    assert low <= 9.5 <= high
    assert few_low is None or few_low < low
    assert few_high is None or few_high > high


def test_the_interval_is_open_where_the_grid_ends() -> None:
    low, high = find_ratio_interval(compare(*[(500, 50, 500, 0)] * 4))

    assert low is not None
    assert low > 10
    assert high is None


def test_all_intervals_that_are_shown_hold_the_true_ratio_at_once() -> None:
    rng = random.Random(3)  # noqa: S311 — a seed, not a secret
    ratio, runs, misses = 3.0, 100, 0

    for _ in range(runs):
        evidence = Evidence()
        for _ in range(30):
            evidence = add_interval(
                evidence,
                target=Tally(requests=100, bad=draw_binomial(rng, 100, 0.3)),
                other=Tally(requests=300, bad=draw_binomial(rng, 300, 0.3 / ratio)),
            )
            low, high = find_ratio_interval(evidence)
            if (low is not None and low > ratio) or (high is not None and high < ratio):
                misses += 1
                break

    assert misses <= 5


def come_in_clumps(clump: int, *, seed: int, intervals: int = 400) -> Evidence:
    """Return evidence of two clusters that are alike, failures of both coming `clump` at once."""
    rng = random.Random(seed)  # noqa: S311 — a seed, not a secret
    return compare(
        *(
            (
                200,
                min(200, clump * draw_binomial(rng, 200, 0.02 / clump)),
                600,
                min(600, clump * draw_binomial(rng, 600, 0.02 / clump)),
            )
            for _ in range(intervals)
        )
    )


@pytest.mark.parametrize("clump", [1, 4, 10])
def test_the_dispersion_is_about_how_many_failures_come_at_once(clump: int) -> None:
    assert estimate_dispersion(come_in_clumps(clump, seed=1)) == pytest.approx(clump, rel=0.3)


def test_what_goes_up_and_down_in_both_together_is_no_dispersion() -> None:
    rng = random.Random(2)  # noqa: S311 — a seed, not a secret
    rates = [0.01, 0.1, 0.3] * 60

    evidence = compare(
        *((200, draw_binomial(rng, 200, p), 600, draw_binomial(rng, 600, p)) for p in rates)
    )

    assert estimate_dispersion(evidence) < 1.3


def test_the_dispersion_of_one_cluster_is_that_of_its_own_rate() -> None:
    steady, bursts = Evidence(), Evidence()
    for number in range(20):
        steady = add_alone(steady, Tally(requests=100, bad=2))
        bursts = add_alone(bursts, Tally(requests=100, bad=20 if number == 7 else 0))

    assert estimate_dispersion(steady) == 1
    assert estimate_dispersion(bursts) > 10


def test_failures_that_only_the_target_has_can_be_dispersed_too() -> None:
    pairs = [(100, 20 if number == 7 else 0, 900, 0) for number in range(20)]

    assert estimate_dispersion(compare(*pairs)) > 10


@pytest.mark.parametrize("pair", [(50, 0, 50, 1), (50, 50, 50, 1), (50, 2, 50, 1)])
def test_where_nothing_varies_there_is_no_dispersion(pair: tuple[int, int, int, int]) -> None:
    assert estimate_dispersion(compare(*[pair] * DISPERSION_INTERVALS_MIN)) == 1


@pytest.mark.parametrize("number", [0, 1, DISPERSION_INTERVALS_MIN - 1])
def test_at_first_failures_are_taken_to_come_several_at_once(number: int) -> None:
    assert estimate_dispersion(compare(*[(50, 2, 50, 1)] * number)) == DISPERSION_ASSUMED


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), min_size=1, max_size=8),
    st.floats(1, 50),
)
def test_a_discount_never_makes_evidence_out_of_what_was_none(
    drawn: list[tuple[int, int]], dispersion: float
) -> None:
    evidence = compare(*((100, mine, 100, others) for mine, others in drawn))

    plain = log_e_worse(evidence)
    discounted = log_e_worse(evidence, dispersion=dispersion)
    alone = log_e_above(evidence.target, 0.2, dispersion=dispersion)

    assert discounted <= max(0.0, plain) + ROUNDING
    assert alone <= max(0.0, log_e_above(evidence.target, 0.2)) + ROUNDING


def test_the_grid_holds_one_and_is_in_order() -> None:
    assert 1.0 in RATIOS
    assert list(RATIOS) == sorted(RATIOS)


def test_a_rate_of_no_requests_is_not_known() -> None:
    assert Tally().rate is None
    assert Tally(requests=4, bad=1).rate == 0.25
