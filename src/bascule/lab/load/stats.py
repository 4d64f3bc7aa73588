"""Percentiles, gaps and stalls: arithmetic on times, nothing else."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, monotonic seconds."""

    from_s: float
    to_s: float

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.to_s - self.from_s


class Stalls:
    """When the generator itself stood still, in order; asked how much of a span that was."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = sorted(spans, key=lambda span: span.from_s)
        self._ends = [span.to_s for span in self.spans]

    def overlap_s(self, span: Span) -> float:
        """Return how many seconds of `span` the generator stood still."""
        total = 0.0
        for stall in self.spans[bisect_left(self._ends, span.from_s) :]:
            if stall.from_s >= span.to_s:
                break
            total += min(stall.to_s, span.to_s) - max(stall.from_s, span.from_s)
        return total


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the nearest-rank percentile of sorted `values`; None when there are none."""
    if not values:
        return None
    return values[max(0, math.ceil(share * len(values)) - 1)]


def find_gaps(successes: Sequence[float], window: Span, *, limit_s: float) -> tuple[Span, ...]:
    """Return each stretch of `window` above `limit_s` without a success; `successes` are sorted.

    The window's own ends count: an outage at the start or at the end is a gap too.
    """
    points = [window.from_s]
    points += [at for at in successes if window.from_s < at < window.to_s]
    points.append(window.to_s)
    spans = (Span(a, b) for a, b in pairwise(points))
    return tuple(span for span in spans if span.length_s > limit_s)


def longest_gap_s(successes: Sequence[float], window: Span) -> float:
    """Return the longest stretch of `window` without a success."""
    return max((span.length_s for span in find_gaps(successes, window, limit_s=-1.0)), default=0.0)


def failure_bound(requests: int) -> float | None:
    """Return the upper bound (95 %) of the failure rate when none of `requests` failed: 3/n."""
    return None if requests == 0 else min(1.0, 3.0 / requests)


def excused(baseline_bad: int, baseline_all: int, during_all: int) -> int:
    """Return how many bad answers the baseline's own rate explains (mean and three deviations).

    A baseline without bad answers excuses none.
    """
    if baseline_bad == 0 or baseline_all == 0:
        return 0
    expected = during_all * baseline_bad / baseline_all
    return math.floor(expected + 3.0 * math.sqrt(expected))
