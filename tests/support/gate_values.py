"""Builders of what gates are given, each value with the least that a test has to say."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.upgrade.gates.model import CheckOutcome, CheckResult, Counts, Interval

START = datetime(2026, 1, 5, tzinfo=UTC)
BOUNDS_MS = (10.0, 25.0, 50.0, 100.0, 250.0, 1_000.0, 10_000.0)


def histogram(*counts: int, bounds_ms: tuple[float, ...] = BOUNDS_MS) -> Histogram:
    """Return a histogram; buckets that are not given are empty."""
    missing = len(bounds_ms) + 1 - len(counts)
    return Histogram(bounds_ms=bounds_ms, counts=(*counts, *(0,) * missing))


def counts(
    requests: int = 0, failures: int = 0, *, latency: Histogram | None = None, open_now: int = 0
) -> Counts:
    """Return what a cluster did, every request of it begun and ended."""
    return Counts(
        requests=requests, failures=failures, started=requests, open=open_now, latency=latency
    )


def interval(
    seq: int = 1,
    *,
    blue: Counts | None = None,
    green: Counts | None = None,
    length_s: float = 5.0,
) -> Interval:
    """Return the interval `seq`, which begins where the one before it ends."""
    by_cluster = {Cluster.BLUE: blue, Cluster.GREEN: green}
    return Interval(
        seq=seq,
        from_at=START + timedelta(seconds=(seq - 1) * length_s),
        to_at=START + timedelta(seconds=seq * length_s),
        counts={cluster: found for cluster, found in by_cluster.items() if found is not None},
    )


def intervals(
    number: int, *, blue: Counts | None = None, green: Counts | None = None
) -> list[Interval]:
    """Return so many equal intervals."""
    return [interval(seq, blue=blue, green=green) for seq in range(1, number + 1)]


def results(name: str, *outcomes: CheckOutcome, reason: str = "") -> Sequence[CheckResult]:
    """Return what a check answered, one answer after the other."""
    return [
        CheckResult(name=name, at=START, outcome=outcome, reason=reason) for outcome in outcomes
    ]
