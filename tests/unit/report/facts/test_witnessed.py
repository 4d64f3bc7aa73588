from datetime import timedelta

from bascule.report.facts.measured import CheckSample
from bascule.report.facts.witnessed import GAPS_MAX, read_checks, read_witness
from tests.support.made_up_samples import witness
from tests.support.made_up_upgrades import START

WHOLE = (START, START + timedelta(seconds=10))


def test_the_witness_is_summed_up() -> None:
    samples = [witness(0, 1), witness(1, 2, failed=2, gap_ms=None), witness(2, 3, gap_ms=90)]

    facts = read_witness(samples, whole=WHOLE)

    assert (facts.samples, facts.requests, facts.failed) == (3, 60, 2)
    assert (facts.max_gap_ms, facts.gaps, facts.covered_share) == (90, (), 0.3)
    assert (facts.p50_typical_ms, facts.p99_typical_ms, facts.p99_worst_ms) == (20, 51, 52)


def test_a_witness_that_was_not_there_knows_nothing() -> None:
    facts = read_witness([], whole=WHOLE)

    assert (facts.requests, facts.failed, facts.max_gap_ms) == (None, None, None)
    assert (facts.p99_typical_ms, facts.p99_worst_ms, facts.covered_share) == (None, None, None)


def test_the_longest_gaps_are_told_in_the_order_of_time() -> None:
    samples = [witness(n, n + 1, gap_ms=251.0 + n) for n in range(GAPS_MAX + 5)]

    gaps = read_witness(samples, whole=WHOLE).gaps

    assert len(gaps) == GAPS_MAX
    assert [gap.gap_ms for gap in gaps] == sorted(251.0 + n for n in range(5, GAPS_MAX + 5))


def test_a_witness_that_asks_rarely_cannot_see_short_gaps() -> None:
    samples = [witness(0, 1, gap_ms=900, interval_ms=500), witness(1, 2, gap_ms=1_001)]

    facts = read_witness(samples, whole=WHOLE)

    assert [gap.gap_ms for gap in facts.gaps] == [1_001]
    assert facts.gap_limit_ms == 1_000


def test_checks_are_counted_by_name() -> None:
    samples = [
        CheckSample(at=START, name=name, outcome=outcome, value=1.0, reason=outcome)
        for name, outcome in (
            ("b", "passed"),
            ("a", "failed"),
            ("b", "unknown"),
            ("b", "passed"),
        )
    ]

    a, b = read_checks(samples)

    assert (a.name, a.looks, a.failed) == ("a", 1, 1)
    assert (b.looks, b.passed, b.failed, b.unknown, b.last_outcome) == (3, 2, 0, 1, "passed")
