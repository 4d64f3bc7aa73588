"""Whose the failed requests were: those that green itself failed, and all others."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bascule.ids import Cluster
from bascule.report.facts.measured import Measured, TrafficSample, WitnessSample
from bascule.report.facts.model import FailureFacts, FailureSpan, SplitPoint, TrafficFacts

SPANS_MAX = 50
JOIN_S = 10.0
"""Failures of one cluster that lie so close together are told as one span."""


def read_failures(
    measured: Measured, traffic: TrafficFacts, split: Sequence[SplitPoint]
) -> FailureFacts:
    """Return the failed requests by whose they were.

    What the witness saw fail while neither cluster counted a failure never reached a cluster.
    """
    blue, green = (None if t is None else t.failures for t in traffic.clusters.values())
    unexplained = _unexplained(measured.witness, measured.traffic)
    parts = [part for part in (blue, unexplained) if part is not None]
    others = sum(parts) if parts and traffic.samples else None
    return FailureFacts(
        sentence=_sentence(green, others),
        total=_add(traffic.failures, unexplained),
        blue=blue,
        green=green,
        blue_before_change=_before(measured.traffic, split),
        green_without_weight=_without_weight(measured.traffic, split),
        witness_unexplained=unexplained,
        other_than_green=others,
        spans=read_spans(measured.traffic),
    )


def _add(first: int | None, second: int | None) -> int | None:
    return first if second is None else second if first is None else first + second


def _sentence(green: int | None, others: int | None) -> str:
    if others is None:
        return (
            "How many requests failed is not known: there are no samples of the gateway's counts."
        )
    return (
        f"Failed requests other than those that green itself failed: {others}; "
        f"green itself failed {green if green is not None else 'an unknown number'}."
    )


def _unexplained(witness: Sequence[WitnessSample], traffic: Sequence[TrafficSample]) -> int | None:
    """Return how many failures of the witness no cluster counted near their time."""
    if not witness or not traffic:
        return sum(s.failed for s in witness) if witness else None
    left = 0
    for sample in witness:
        if sample.failed:
            near = [s for s in traffic if _touches(s, sample)]
            counted = sum(c.failures for s in near for c in s.clusters.values())
            left += max(0, sample.failed - counted)
    return left


def _touches(sample: TrafficSample, other: WitnessSample) -> bool:
    margin = timedelta(seconds=1)
    return sample.from_at < other.to_at + margin and other.from_at - margin < sample.to_at


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
