"""Latency histograms: adding, counting above a bound, percentiles."""

from bisect import bisect_left, bisect_right

from bascule.gateway.driver import Histogram


def add_histograms(first: Histogram | None, second: Histogram) -> Histogram:
    """Return both together; the second one alone where their bounds differ."""
    if first is None or first.bounds_ms != second.bounds_ms:
        return second
    counts = tuple(a + b for a, b in zip(first.counts, second.counts, strict=True))
    return Histogram(bounds_ms=first.bounds_ms, counts=counts)


def find_bound_above(histogram: Histogram, limit_ms: float) -> float | None:
    """Return the smallest bound that is at least `limit_ms`; None when all are below it."""
    at = bisect_left(histogram.bounds_ms, limit_ms)
    return histogram.bounds_ms[at] if at < len(histogram.bounds_ms) else None


def count_above(histogram: Histogram, bound_ms: float) -> int | None:
    """Return how many took longer than `bound_ms`; None when that is not one of the bounds."""
    at = bisect_left(histogram.bounds_ms, bound_ms)
    if at == len(histogram.bounds_ms) or histogram.bounds_ms[at] != bound_ms:
        return None
    return sum(histogram.counts[at + 1 :])


def count_surely_above(histogram: Histogram, limit_ms: float) -> int:
    """Return how many certainly took longer than `limit_ms`."""
    return sum(histogram.counts[bisect_left(histogram.bounds_ms, limit_ms) + 1 :])


def count_surely_within(histogram: Histogram, limit_ms: float) -> int:
    """Return how many certainly took at most `limit_ms`."""
    return sum(histogram.counts[: bisect_right(histogram.bounds_ms, limit_ms)])


def find_percentile(histogram: Histogram | None, percentile: float) -> float | None:
    """Return a percentile in ms, straight lines drawn within buckets; None without a request.

    Above the last bound nothing is known: the last bound is returned.
    """
    if histogram is None or not histogram.bounds_ms or not (total := sum(histogram.counts)):
        return None
    rank = percentile / 100 * total
    below, lower = 0, 0.0
    for bound, count in zip(histogram.bounds_ms, histogram.counts, strict=False):
        if count and below + count >= rank:
            return lower + (bound - lower) * max(0.0, rank - below) / count
        below += count
        lower = bound
    return histogram.bounds_ms[-1]
