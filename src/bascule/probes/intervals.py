"""From the gateway's totals to what happened between two looks, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bascule.gateway.driver import ClusterTraffic, Histogram
from bascule.ids import Cluster
from bascule.upgrade.gates.model import Counts, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the gateway's totals were at one moment; an absent cluster is not known."""

    at: datetime
    begun_s: float
    """When the question was asked, by the monotonic clock."""
    traffic: Mapping[Cluster, ClusterTraffic]


def build_interval(before: Look, after: Look, *, seq: int) -> Interval | None:
    """Return what was counted between two looks.

    None is a gap: a total fell, so an instance of the gateway began anew in between, or no cluster
    is known at both looks.
    """
    counts: dict[Cluster, Counts] = {}
    for cluster in Cluster:
        if cluster not in before.traffic or cluster not in after.traffic:
            continue
        found = subtract_traffic(before.traffic[cluster], after.traffic[cluster])
        if found is None:
            return None
        counts[cluster] = found
    if not counts:
        return None
    return Interval(seq=seq, from_at=before.at, to_at=after.at, counts=counts)


def subtract_traffic(before: ClusterTraffic, after: ClusterTraffic) -> Counts | None:
    """Return what one cluster did in between; None when one of its totals fell."""
    started = after.requests_total - before.requests_total
    failures = after.failures_total - before.failures_total
    ended = _count_ended(before, after)
    if min(started, failures, ended) < 0:
        return None
    latency = subtract_histograms(before.latency, after.latency)
    if latency is not None and min(latency.counts, default=0) < 0:
        return None
    abandoned = max(0, (after.abandoned_total or 0) - (before.abandoned_total or 0))
    is_counted = after.completed_total is not None and before.completed_total is not None
    return Counts(
        # What is counted as completed leaves out what the client gave up.
        requests=max(ended, failures) + (abandoned if is_counted else 0),
        failures=failures,
        abandoned=abandoned,
        started=started,
        open=after.requests_active,
        latency=latency,
        unused=after.unused,
        source=after.source,
    )


def subtract_histograms(before: Histogram | None, after: Histogram | None) -> Histogram | None:
    """Return `after` less `before`; None when one is not known or their buckets differ."""
    if before is None or after is None or before.bounds_ms != after.bounds_ms:
        return None
    counts = tuple(b - a for a, b in zip(before.counts, after.counts, strict=True))
    return Histogram(bounds_ms=after.bounds_ms, counts=counts)


def _count_ended(before: ClusterTraffic, after: ClusterTraffic) -> int:
    """Return how many requests ended: as counted, else what started less what is still open.

    Where neither is known, all that started count as ended.
    """
    if before.completed_total is not None and after.completed_total is not None:
        return after.completed_total - before.completed_total
    started = after.requests_total - before.requests_total
    if before.requests_active is None or after.requests_active is None:
        return started
    return started - (after.requests_active - before.requests_active)
