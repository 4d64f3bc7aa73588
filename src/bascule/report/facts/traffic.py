"""What the gateway counted over time: samples put together for totals and for plots.

Counts only add up. So the totals are the sums of the samples, and those of the series too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.report.facts.measured import ClusterCounts, TrafficSample, covered_share
from bascule.report.facts.model import (
    ClusterPoint,
    ClusterTotals,
    Series,
    TrafficFacts,
    TrafficPoint,
)

POINTS_MAX = 180
"""How many stretches a series has at most: about what a plot can show."""

CLOSE_UP_SHARE_MAX = 0.25
"""The shift is shown once more, close up, when it took less than this share of the upgrade."""

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)


def read_traffic(
    samples: Sequence[TrafficSample],
    *,
    whole: tuple[datetime, datetime],
    shift: tuple[datetime, datetime] | None,
) -> TrafficFacts:
    """Return totals and series of `whole`, the time of the upgrade; `shift` is shown close up."""
    totals = {cluster: _total(samples, cluster) for cluster in Cluster}
    known = [t for t in totals.values() if t is not None]
    series = [build_series("whole", samples, whole)]
    if samples and shift is not None and _is_small(shift, whole):
        series.append(build_series("shift", samples, shift))
    return TrafficFacts(
        samples=len(samples),
        covered_share=covered_share(samples, *whole),
        requests=sum(t.requests for t in known) if known else None,
        failures=sum(t.failures for t in known) if known else None,
        clusters=MappingProxyType(totals),
        series=tuple(series),
    )


def _is_small(shift: tuple[datetime, datetime], whole: tuple[datetime, datetime]) -> bool:
    return (shift[1] - shift[0]) < CLOSE_UP_SHARE_MAX * (whole[1] - whole[0])


def choose_step_s(span_s: float, *, sample_s: float = 0.0) -> float:
    """Return the shortest round stretch that cuts `span_s` into at most `POINTS_MAX`.

    It is not much shorter than one sample.
    """
    for step_s in _STEPS_S:
        if span_s / step_s <= POINTS_MAX and step_s >= sample_s * 0.8:
            return float(step_s)
    return float(86_400 * -(-span_s // (86_400 * POINTS_MAX)))


def build_series(
    name: str, samples: Sequence[TrafficSample], span: tuple[datetime, datetime]
) -> Series:
    """Return the samples that end within `span`, put together in stretches of equal length.

    Each sample counts in one stretch, that in which its middle lies.
    """
    lengths = sorted((sample.to_at - sample.from_at).total_seconds() for sample in samples)
    typical_s = lengths[len(lengths) // 2] if lengths else 0.0
    step_s = choose_step_s((span[1] - span[0]).total_seconds(), sample_s=typical_s)
    held: dict[int, list[TrafficSample]] = {}
    for sample in samples:
        middle = sample.from_at + (sample.to_at - sample.from_at) / 2
        if span[0] <= middle <= span[1] or name == "whole":
            held.setdefault(int((middle - span[0]).total_seconds() // step_s), []).append(sample)
    points = tuple(_point(held[place]) for place in sorted(held))
    return Series(name=name, from_at=span[0], to_at=span[1], step_s=step_s, points=points)


def _point(samples: Sequence[TrafficSample]) -> TrafficPoint:
    clusters: dict[Cluster, ClusterPoint | None] = {}
    for cluster in Cluster:
        known = [s for s in samples if cluster in s.clusters]
        covered = sum((s.to_at - s.from_at for s in known), timedelta())
        clusters[cluster] = _cluster_point(known, cluster, covered) if known else None
    return TrafficPoint(
        from_at=samples[0].from_at,
        to_at=max(s.to_at for s in samples),
        clusters=MappingProxyType(clusters),
    )


def _cluster_point(
    samples: Sequence[TrafficSample], cluster: Cluster, covered: timedelta
) -> ClusterPoint:
    counts = [s.clusters[cluster] for s in samples]
    latency = merge_histograms([c.latency for c in counts])
    requests = sum(c.requests for c in counts)
    failures = sum(c.failures for c in counts)
    return ClusterPoint(
        requests=requests,
        failures=failures,
        started=sum(c.started for c in counts),
        open=_most_open(counts),
        requests_per_s=round(requests / covered.total_seconds(), 3),
        failures_per_s=round(failures / covered.total_seconds(), 4),
        p50_ms=percentile_ms(latency, 0.50),
        p95_ms=percentile_ms(latency, 0.95),
        p99_ms=percentile_ms(latency, 0.99),
    )


def _total(samples: Sequence[TrafficSample], cluster: Cluster) -> ClusterTotals | None:
    counts: list[ClusterCounts] = [s.clusters[cluster] for s in samples if cluster in s.clusters]
    if not counts:
        return None
    latency = merge_histograms([c.latency for c in counts])
    return ClusterTotals(
        requests=sum(c.requests for c in counts),
        failures=sum(c.failures for c in counts),
        started=sum(c.started for c in counts),
        open_max=_most_open(counts),
        open_last=counts[-1].open,
        p50_ms=percentile_ms(latency, 0.50),
        p95_ms=percentile_ms(latency, 0.95),
        p99_ms=percentile_ms(latency, 0.99),
    )


def merge_histograms(histograms: Sequence[Histogram | None]) -> Histogram | None:
    """Return all of them added up; those with other bounds than the first are left out."""
    known = [h for h in histograms if h is not None]
    if not known:
        return None
    alike = [h.counts for h in known if h.bounds_ms == known[0].bounds_ms]
    return Histogram(
        bounds_ms=known[0].bounds_ms,
        counts=tuple(sum(column) for column in zip(*alike, strict=True)),
    )


def percentile_ms(histogram: Histogram | None, share: float) -> float | None:
    """Return the latency that `share` of the requests did not exceed; None without requests.

    Within a bucket it is taken as evenly spread; above the last bound it is that bound.
    """
    if histogram is None or not histogram.bounds_ms or not sum(histogram.counts):
        return None
    wanted = share * sum(histogram.counts)
    seen = 0
    lower = 0.0
    for upper, count in zip(histogram.bounds_ms, histogram.counts[:-1], strict=True):
        if count and seen + count >= wanted:
            return round(lower + (upper - lower) * (wanted - seen) / count, 3)
        seen += count
        lower = upper
    return lower


def _most_open(counts: Sequence[ClusterCounts]) -> int | None:
    """Return how many were open at most; None where it was never known."""
    return max((c.open for c in counts if c.open is not None), default=None)
