"""Whose the failed requests were: those that green itself failed, and all others."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bascule.ids import Cluster
from bascule.report.facts.measured import ClusterCounts, Measured, TrafficSample, WitnessSample
from bascule.report.facts.model import (
    FailureFacts,
    FailureSpan,
    GateCounts,
    SplitPoint,
    TrafficFacts,
)

SPANS_MAX = 50
PATIENCE = timedelta(seconds=2)
"""So long the witness waits for an answer before it gives up."""
NEAR = timedelta(seconds=1)
"""So far apart a failure may be counted by the gateway and seen by the witness."""
JOIN_S = 10.0
"""Failures of one cluster that lie so close together are told as one span."""


def read_failures(
    measured: Measured,
    traffic: TrafficFacts,
    split: Sequence[SplitPoint],
    gates: GateCounts | None,
) -> FailureFacts:
    """Return the failed requests by whose they were.

    Samples are thinned, and the gates count only while a step holds: of both, the larger count
    stands. What the witness saw fail while no cluster counted a failure was never answered by one
    on which requests were given up then, or never reached a cluster.
    """
    seen = _explain(measured.witness, measured.traffic)
    blue, green = (_add(_most(traffic, gates, c, "failures"), seen.unanswered[c]) for c in Cluster)
    given_up = {c: _given_up(measured.traffic, c) for c in Cluster}
    unexplained = seen.unexplained
    others = _add(blue, unexplained) if traffic.samples or gates is not None else None
    requests = [_most(traffic, gates, cluster, "requests") for cluster in Cluster]
    return FailureFacts(
        sentence=_sentence(green, others) + _say_given_up(given_up),
        requests=_add(*requests),
        counted_share=_counted_share(traffic, gates),
        total=_add(_add(blue, green), unexplained),
        blue=blue,
        blue_before_change=_before_change(measured.traffic, split, gates),
        blue_unanswered=seen.unanswered[Cluster.BLUE],
        blue_given_up=given_up[Cluster.BLUE],
        green=green,
        green_without_weight=_without_weight(measured.traffic, split, gates),
        green_unanswered=seen.unanswered[Cluster.GREEN],
        green_given_up=given_up[Cluster.GREEN],
        witness_unexplained=unexplained,
        other_than_green=others,
        spans=read_spans(measured.traffic),
    )


def _most(
    traffic: TrafficFacts,
    gates: GateCounts | None,
    cluster: Cluster,
    field: Literal["requests", "failures"],
) -> int | None:
    """Return what is known of a cluster, by the samples or by the gates: the larger count."""
    sampled = traffic.clusters[cluster]
    judged = None if gates is None else gates.clusters[cluster]
    if field == "requests":
        return _larger(
            None if sampled is None else sampled.requests,
            None if judged is None else judged.requests,
        )
    return _larger(
        None if sampled is None else sampled.failures,
        None if judged is None else judged.failures,
    )


def _larger(first: int | None, second: int | None) -> int | None:
    return max((n for n in (first, second) if n is not None), default=None)


def _add(first: int | None, second: int | None) -> int | None:
    known = [n for n in (first, second) if n is not None]
    return sum(known) if known else None


def _sentence(green: int | None, others: int | None) -> str:
    if others is None:
        return "How many requests failed is not known: nothing of the gateway's counts was kept."
    return (
        f"Failed requests other than those that green itself failed: {others}; "
        f"green itself failed {green if green is not None else 'an unknown number'}."
    )


def _say_given_up(given_up: Mapping[Cluster, int | None]) -> str:
    blue, green = given_up[Cluster.BLUE] or 0, given_up[Cluster.GREEN] or 0
    if not blue and not green:
        return ""
    return f" Clients gave up {green} on green and {blue} on blue before an answer began."


def _given_up(traffic: Sequence[TrafficSample], cluster: Cluster) -> int | None:
    known = [s.clusters[cluster].abandoned for s in traffic if cluster in s.clusters]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explained:
    """Failures of the witness that no cluster counted: never answered by one, or by nobody."""

    unanswered: Mapping[Cluster, int | None]
    unexplained: int | None


def _explain(witness: Sequence[WitnessSample], traffic: Sequence[TrafficSample]) -> _Explained:
    unanswered: dict[Cluster, int | None] = dict.fromkeys(Cluster)
    if not witness or not traffic:
        unexplained = sum(s.failed for s in witness) if witness else None
        return _Explained(unanswered=unanswered, unexplained=unexplained)
    starts = [s.from_at for s in traffic]
    longest = max(s.to_at - s.from_at for s in traffic)
    total = 0
    for sample in (s for s in witness if s.failed):
        first = bisect_left(starts, sample.from_at - NEAR - longest)
        after = bisect_right(starts, sample.to_at + NEAR + PATIENCE)
        near = [s for s in traffic[first:after] if s.to_at > sample.from_at - NEAR]
        left = sample.failed - sum(c.failures for c in _near(near, sample.to_at + NEAR))
        for cluster in sorted(Cluster, key=lambda c: _share_given_up(near, c), reverse=True):
            found = min(max(0, left), _given_up(near, cluster) or 0)
            unanswered[cluster] = _add(unanswered[cluster], found or None)
            left -= found
        total += max(0, left)
    return _Explained(unanswered=unanswered, unexplained=total)


def _near(traffic: Sequence[TrafficSample], to_at: datetime) -> Iterator[ClusterCounts]:
    for sample in traffic:
        if sample.from_at <= to_at:
            yield from sample.clusters.values()


def _share_given_up(traffic: Sequence[TrafficSample], cluster: Cluster) -> float:
    """Return the share of a cluster's requests that were given up: where many are, it hangs."""
    requests = sum(s.clusters[cluster].requests for s in traffic if cluster in s.clusters)
    return (_given_up(traffic, cluster) or 0) / requests if requests else 0.0


def _counted_share(traffic: TrafficFacts, gates: GateCounts | None) -> float | None:
    shares = [traffic.covered_share, gates.covered_share if gates is not None else None]
    return max((share for share in shares if share is not None), default=None)


def _before_change(
    traffic: Sequence[TrafficSample], split: Sequence[SplitPoint], gates: GateCounts | None
) -> int | None:
    """Return the failures of blue before the split changed at all: its baseline."""
    changed_at = split[1].at if len(split) > 1 else None
    sampled = _failures(
        traffic, Cluster.BLUE, lambda s: changed_at is None or s.to_at <= changed_at
    )
    return _larger(sampled, None if gates is None else gates.blue_before_change)


def _without_weight(
    traffic: Sequence[TrafficSample], split: Sequence[SplitPoint], gates: GateCounts | None
) -> int | None:
    """Return the failures of green while it had no weight: of mirrored requests."""
    sampled = _failures(
        traffic,
        Cluster.GREEN,
        lambda s: not any(p.green_bp for p in _splits_in(split, s.from_at, s.to_at)),
    )
    return _larger(sampled, None if gates is None else gates.green_without_weight)


def _failures(
    traffic: Sequence[TrafficSample], cluster: Cluster, is_meant: Callable[[TrafficSample], bool]
) -> int | None:
    """Return the failures of a cluster in the samples that are meant; None where none knows it."""
    known = [s for s in traffic if cluster in s.clusters]
    if not known:
        return None
    return sum(s.clusters[cluster].failures for s in known if is_meant(s))


def _splits_in(
    split: Sequence[SplitPoint], from_at: datetime, to_at: datetime
) -> Iterator[SplitPoint]:
    for place, point in enumerate(split):
        is_before_end = point.at < to_at
        ends_at = split[place + 1].at if place + 1 < len(split) else to_at
        if is_before_end and (ends_at > from_at or place + 1 == len(split)):
            yield point


def read_spans(traffic: Sequence[TrafficSample]) -> tuple[FailureSpan, ...]:
    """Return when each cluster failed requests; all failures of the samples are in a span."""
    join_s = JOIN_S
    while True:
        spans = [s for cluster in Cluster for s in _spans_of(traffic, cluster, join_s)]
        if len(spans) <= SPANS_MAX:
            return tuple(sorted(spans, key=lambda s: (s.from_at, s.cluster.value)))
        join_s *= 4


def _spans_of(
    traffic: Sequence[TrafficSample], cluster: Cluster, join_s: float
) -> list[FailureSpan]:
    spans: list[FailureSpan] = []
    for sample in traffic:
        counts = sample.clusters.get(cluster)
        if counts is None or not counts.failures:
            continue
        last = spans[-1] if spans else None
        is_close = last is not None and (sample.from_at - last.to_at).total_seconds() <= join_s
        before = spans.pop() if is_close else None
        spans.append(
            FailureSpan(
                cluster=cluster,
                from_at=before.from_at if before else sample.from_at,
                to_at=max(before.to_at, sample.to_at) if before else sample.to_at,
                requests=counts.requests + (before.requests if before else 0),
                failures=counts.failures + (before.failures if before else 0),
            )
        )
    return spans
