"""Whose the failed requests were: those that green itself failed, and all others."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from bascule.ids import Cluster
from bascule.report.facts.measured import Measured, TrafficSample, WitnessSample
from bascule.report.facts.model import (
    FailureFacts,
    FailureSpan,
    GateCounts,
    SplitPoint,
    TrafficFacts,
)

SPANS_MAX = 50
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
    stands. What the witness saw fail while no cluster counted a failure never reached a cluster.
    """
    blue, green = (_most(traffic, gates, cluster, "failures") for cluster in Cluster)
    unexplained = _unexplained(measured.witness, measured.traffic)
    others = _add(blue, unexplained) if traffic.samples or gates is not None else None
    shares = [traffic.covered_share, gates.covered_share if gates is not None else None]
    requests = [_most(traffic, gates, cluster, "requests") for cluster in Cluster]
    return FailureFacts(
        sentence=_sentence(green, others),
        requests=_add(*requests),
        counted_share=max((share for share in shares if share is not None), default=None),
        total=_add(_add(blue, green), unexplained),
        blue=blue,
        blue_before_change=_larger(
            _before(measured.traffic, split), None if gates is None else gates.blue_before_change
        ),
        green=green,
        green_without_weight=_larger(
            _without_weight(measured.traffic, split),
            None if gates is None else gates.green_without_weight,
        ),
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


def _unexplained(witness: Sequence[WitnessSample], traffic: Sequence[TrafficSample]) -> int | None:
    """Return how many failures of the witness no cluster counted near their time."""
    if not witness or not traffic:
        return sum(s.failed for s in witness) if witness else None
    starts = [s.from_at for s in traffic]
    longest = max(s.to_at - s.from_at for s in traffic)
    left = 0
    for sample in witness:
        if sample.failed:
            first = bisect_left(starts, sample.from_at - NEAR - longest)
            after = bisect_right(starts, sample.to_at + NEAR)
            near = [s for s in traffic[first:after] if s.to_at > sample.from_at - NEAR]
            counted = sum(c.failures for s in near for c in s.clusters.values())
            left += max(0, sample.failed - counted)
    return left


def _before(traffic: Sequence[TrafficSample], split: Sequence[SplitPoint]) -> int | None:
    """Return the failures of blue before the split changed at all: its baseline."""
    changed_at = split[1].at if len(split) > 1 else None
    known = [s for s in traffic if Cluster.BLUE in s.clusters]
    if not known:
        return None
    return sum(
        s.clusters[Cluster.BLUE].failures
        for s in known
        if changed_at is None or s.to_at <= changed_at
    )


def _without_weight(traffic: Sequence[TrafficSample], split: Sequence[SplitPoint]) -> int | None:
    """Return the failures of green while it had no weight: of previews, mirroring and checks."""
    known = [s for s in traffic if Cluster.GREEN in s.clusters]
    if not known:
        return None
    return sum(
        s.clusters[Cluster.GREEN].failures
        for s in known
        if not any(p.green_bp for p in _splits_in(split, s.from_at, s.to_at))
    )


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
