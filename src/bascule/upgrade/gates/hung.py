"""Requests that take too long or never end, from counts of what is open.

Nobody sees single requests here, so the count for the cluster that is judged is a lower bound and
that for the other one an upper bound: streams that were open before do not accuse anybody.
"""

from dataclasses import dataclass, replace

from bascule.upgrade.gates.histograms import count_surely_above, count_surely_within
from bascule.upgrade.gates.model import Counts

FAST_MS = 250.0
"""Answers within this time are known to be of requests that began shortly before."""
LAG_S = 1.0
"""A gateway's histograms may come so much later than its counts."""
RECENT_MAX = 600
"""So many intervals are kept at most; the oldest make way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One interval as far as it matters here; times are seconds since 1970."""

    from_s: float
    to_s: float
    started: int
    fast: int
    """Of those that ended in it, how many had taken at most `FAST_MS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is known of one cluster's long requests, since all of `after_s` seconds were seen.

    `base` is how many were open and may be (or must be) long then; None while that is not known.
    """

    recent: tuple[Span, ...] = ()
    base: int | None = None
    ended: int = 0
    """How many long ones have ended since; those that the client gave up count as long."""
    counted: int = 0
    """How many were counted as long since; never falls."""
    started: int = 0
    """How many began since and had `after_s` seconds to end, and are not taken yet."""
    long: int = 0
    """How many of them took longer, and are not taken yet."""

    def seen_to_s(self, default_s: float) -> float:
        """Return until when the cluster was seen without a gap; the default if never."""
        return self.recent[-1].to_s if self.recent else default_s


def watch(before: Watch, counts: Counts, span: Span, *, after_s: float, is_judged: bool) -> Watch:
    """Return what is known after one interval more, which must follow the last one without a gap.

    A request is long once it has taken `after_s` seconds. `is_judged` says that lower bounds are
    wanted, upper ones if not. Of a cluster whose open requests are not known nothing is learnt.
    """
    if counts.open is None:
        return before
    recent = (*before.recent, span)[-RECENT_MAX:]
    start_s = span.to_s - after_s
    gone = sum(1 for old in recent if old.to_s <= start_s)
    past = sum(old.started for old in recent[:gone])
    is_covered = gone > 0 or recent[0].from_s <= start_s
    recent = recent[gone:]
    if not is_covered:
        return replace(before, recent=recent)
    long_open = max(0, counts.open - count_young_max(recent, start_s))
    if before.base is None:
        return replace(before, recent=recent, base=counts.open if is_judged else long_open)
    ended = before.ended + _count_long_ended(counts, after_s, is_judged=is_judged)
    found = (long_open if is_judged else counts.open) + ended - before.base
    return replace(
        before,
        recent=recent,
        ended=ended,
        counted=max(before.counted, found),
        started=before.started + past,
        long=before.long + max(0, found - before.counted),
    )


def count_young_max(recent: tuple[Span, ...], start_s: float) -> int:
    """Return how many requests at most are open that began after `start_s`.

    Those that ended quickly, well after `start_s`, began after it and are not open any more.
    """
    started = sum(span.started for span in recent)
    known_s = start_s + FAST_MS / 1000 + LAG_S
    done = sum(span.fast for span in recent if span.from_s >= known_s)
    return max(0, started - done)


def make_span(counts: Counts, from_s: float, to_s: float) -> Span:
    """Return an interval as it is kept."""
    fast = count_surely_within(counts.latency, FAST_MS) if counts.latency else 0
    return Span(from_s=from_s, to_s=to_s, started=counts.started, fast=fast)


def _count_long_ended(counts: Counts, after_s: float, *, is_judged: bool) -> int:
    latency, limit_ms = counts.latency, after_s * 1000
    if is_judged:
        slow = 0 if latency is None else count_surely_above(latency, limit_ms)
        return slow + counts.abandoned
    quick = 0 if latency is None else count_surely_within(latency, limit_ms)
    return counts.requests - quick
