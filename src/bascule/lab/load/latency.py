"""Latency from the scheduled time, gaps between successes, and what the generator itself spoilt."""

from collections.abc import Iterable

import msgspec

from bascule.lab.load.evidence import Evidence
from bascule.lab.load.stats import Span, find_gaps, longest_gap_s, percentile

GAP_LIMIT_S = 0.250
GAP_LIMIT_INTERVALS = 2
P99_FACTOR_MAX = 2.0
P99_EXCESS_MAX_S = 0.050
GAPS_LISTED_MAX = 100


class BeforeAfter(msgspec.Struct, frozen=True, kw_only=True):
    """A figure in the baseline and from the first command on, ms; None is unknown."""

    baseline: float | None
    during: float | None


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch without a success, in seconds from the start of the run."""

    lane: str
    second: float
    length_ms: float


class LatencyReport(msgspec.Struct, frozen=True, kw_only=True):
    """Rules 2 and 3 in figures. `max_gap_ms` is over all quick requests together."""

    p50_ms: BeforeAfter
    p99_ms: BeforeAfter
    p99_with_unmeasured_ms: BeforeAfter
    p99_limit_ms: float | None
    max_gap_ms: float
    gaps: tuple[Gap, ...]
    gaps_unmeasured: tuple[Gap, ...]
    unmeasured_requests: int


def measure_latency(evidence: Evidence) -> LatencyReport:
    """Return latencies and gaps; what the generator's own stalls explain counts as unmeasured."""
    before = _latencies(evidence, evidence.baseline)
    clean = sorted(latency for latency, stall in before if not stall)
    baseline_p99 = percentile(clean, 0.99)
    limit_s = _limit_s(baseline_p99)
    after = _latencies(evidence, evidence.during)
    unmeasured = [
        latency
        for latency, stall in after
        if limit_s is not None and latency > limit_s >= latency - stall
    ]
    spoilt = sorted(unmeasured)
    measured = _without(sorted(latency for latency, _ in after), spoilt)
    gaps, explained = _gaps(evidence)
    quick = [row for row in range(len(evidence.samples)) if not evidence.lane_of(row).slow_ms]
    return LatencyReport(
        p50_ms=BeforeAfter(
            baseline=_ms(percentile(clean, 0.5)), during=_ms(percentile(measured, 0.5))
        ),
        p99_ms=BeforeAfter(baseline=_ms(baseline_p99), during=_ms(percentile(measured, 0.99))),
        p99_with_unmeasured_ms=BeforeAfter(
            baseline=_ms(percentile(sorted(latency for latency, _ in before), 0.99)),
            during=_ms(percentile(sorted(latency for latency, _ in after), 0.99)),
        ),
        p99_limit_ms=_ms(limit_s),
        max_gap_ms=round(longest_gap_s(_successes(evidence, quick), evidence.whole) * 1000, 3),
        gaps=gaps[:GAPS_LISTED_MAX],
        gaps_unmeasured=explained[:GAPS_LISTED_MAX],
        unmeasured_requests=len(unmeasured) + sum(_rows_in(evidence, gap) for gap in explained),
    )


def _limit_s(baseline_p99_s: float | None) -> float | None:
    if baseline_p99_s is None:
        return None
    return min(P99_FACTOR_MAX * baseline_p99_s, baseline_p99_s + P99_EXCESS_MAX_S)


def _latencies(evidence: Evidence, span: Span | None) -> list[tuple[float, float]]:
    """Return (latency, own stall in it) of the successes scheduled in `span`."""
    if span is None:
        return []
    samples, stalls = evidence.samples, evidence.own_stalls
    return [
        (
            evidence.latency_s(row),
            stalls.overlap_s(Span(samples.scheduled[row], samples.done[row])),
        )
        for row in evidence.rows_in(span)
        if evidence.is_ok(row)
    ]


def _without(values: list[float], removed: list[float]) -> list[float]:
    """Return sorted `values` without the sorted `removed`, each once."""
    rest, index = [], 0
    for value in values:
        if index < len(removed) and removed[index] == value:
            index += 1
        else:
            rest.append(value)
    return rest


def _gaps(evidence: Evidence) -> tuple[tuple[Gap, ...], tuple[Gap, ...]]:
    """Return the gaps of each lane and of all quick ones, and those that own stalls explain."""
    found: list[Gap] = []
    explained: list[Gap] = []
    for name, interval_s, rows in _series(evidence):
        limit_s = max(GAP_LIMIT_S, GAP_LIMIT_INTERVALS * interval_s)
        for gap in find_gaps(_successes(evidence, rows), evidence.whole, limit_s=limit_s):
            own_s = evidence.own_stalls.overlap_s(gap)
            entry = Gap(
                lane=name,
                second=round(gap.from_s - evidence.started_s, 3),
                length_ms=round(gap.length_s * 1000, 3),
            )
            (explained if gap.length_s - own_s <= limit_s else found).append(entry)
    return tuple(found), tuple(explained)


def _series(evidence: Evidence) -> Iterable[tuple[str, float, list[int]]]:
    lanes = evidence.plan.lanes
    rows_by_lane: list[list[int]] = [[] for _ in lanes]
    for row, code in enumerate(evidence.samples.lane):
        rows_by_lane[code].append(row)
    for index, lane in enumerate(lanes):
        yield lane.name, lane.interval_s, rows_by_lane[index]


def _successes(evidence: Evidence, rows: Iterable[int]) -> list[float]:
    """Return when each success of `rows` came, without what a slow request asked for."""
    samples = evidence.samples
    return sorted(
        samples.done[row] - evidence.lane_of(row).slow_ms / 1000
        for row in rows
        if evidence.is_ok(row)
    )


def _rows_in(evidence: Evidence, gap: Gap) -> int:
    from_s = evidence.started_s + gap.second
    rows = evidence.rows_in(Span(from_s, from_s + gap.length_ms / 1000))
    return sum(1 for row in rows if evidence.lane_of(row).name == gap.lane)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
