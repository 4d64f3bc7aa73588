"""What is kept of an upgrade's measurements for its report: one plain document a point."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.report.samples import Sample, Samples
from bascule.report.verdict import GAP_INTERVALS_MAX, GAP_MAX_S
from bascule.routing.weights import Split
from bascule.upgrade.gates.model import CheckResult, Counts, Interval

FAILED_STATUS_MIN = 500


def render_traffic(interval: Interval, split: Split) -> dict[str, Json]:
    """Return what the gateway counted in an interval, and the split that stood at its end."""
    clusters: dict[str, Json] = {
        cluster.value: _render_counts(interval.counts[cluster])
        for cluster in Cluster
        if cluster in interval.counts
    }
    weights: dict[str, Json] = {
        "blue_bp": split.default.blue_bp,
        "green_bp": split.default.green_bp,
    }
    return {
        "kind": "traffic",
        "from": interval.from_at.isoformat(),
        "to": interval.to_at.isoformat(),
        "clusters": clusters,
        "split": weights,
    }


def render_check(result: CheckResult) -> dict[str, Json]:
    """Return one answer of a check; a value that JSON cannot hold is null."""
    value = result.value
    return {
        "kind": "check",
        "name": result.name,
        "outcome": result.outcome.value,
        "value": value if value is not None and math.isfinite(value) else None,
        "reason": result.reason,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the witness saw in a short time, and when each target last succeeded."""

    document: dict[str, Json]
    successes: Mapping[str, float]


def summarise_witness(
    window: Samples, successes: Mapping[str, float], *, from_at: datetime, to_at: datetime
) -> Seen | None:
    """Return a point for `window`, or None when the witness asked for nothing in it.

    `successes` has the time of each target's last success before it. The gap is the longest time
    without a success that ended, or still lasted, in the window. It is None where nobody succeeded
    yet, and where the witness asks too seldom to see a gap and none is longer than two intervals.
    """
    if not window.samples:
        return None
    good = [s for s in window.samples if not _has_failed(s)]
    gaps, latest = _find_gaps(window, good, successes)
    latencies = sorted(s.latency_s * 1000 for s in good)
    document: dict[str, Json] = {
        "kind": "witness",
        "from": from_at.isoformat(),
        "to": to_at.isoformat(),
        "requests": len(window.samples),
        "failed": len(window.samples) - len(good),
        "interval_ms": round(window.interval_s * 1000, 3),
        "max_gap_ms": _tell_gap(gaps, window.interval_s),
        "p50_ms": _percentile(latencies, 0.50),
        "p99_ms": _percentile(latencies, 0.99),
    }
    return Seen(document=document, successes=latest)


def _find_gaps(
    window: Samples, good: Sequence[Sample], successes: Mapping[str, float]
) -> tuple[list[float], dict[str, float]]:
    """Return every target's longest gap, and the latest success of those that are asked now."""
    latest = {s.target: successes[s.target] for s in window.samples if s.target in successes}
    gaps: list[float] = []
    for sample in sorted(good, key=lambda s: s.done_s):
        if sample.target in latest:
            gaps.append(max(0.0, sample.done_s - latest[sample.target]))
        latest[sample.target] = sample.done_s
    gaps.extend(max(0.0, window.to_s - at_s) for at_s in latest.values())
    return gaps, latest


def _tell_gap(gaps: Sequence[float], interval_s: float) -> float | None:
    if not gaps:
        return None
    seen_s = GAP_INTERVALS_MAX * interval_s
    is_seldom = seen_s > GAP_MAX_S and max(gaps) <= seen_s
    return None if is_seldom else round(max(gaps) * 1000, 3)


def _has_failed(sample: Sample) -> bool:
    return bool(sample.error) or sample.status >= FAILED_STATUS_MIN


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3)


def _render_counts(counts: Counts) -> dict[str, Json]:
    return {
        "requests": counts.requests,
        "failures": counts.failures,
        "abandoned": counts.abandoned,
        "open": counts.open,
        "started": counts.started,
        "latency": _render_histogram(counts.latency),
    }


def _render_histogram(histogram: Histogram | None) -> Json:
    if histogram is None:
        return None
    return {"bounds_ms": list(histogram.bounds_ms), "counts": list(histogram.counts)}
