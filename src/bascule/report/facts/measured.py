"""Samples as typed values; what is no sample of ours is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.journal.store import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterCounts:
    """What the gateway counted for one cluster in one interval."""

    requests: int
    failures: int
    abandoned: int
    started: int
    open: int | None
    latency: Histogram | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSample:
    """One interval of the gateway's counters; a cluster that is absent is not known."""

    from_at: datetime
    to_at: datetime
    clusters: Mapping[Cluster, ClusterCounts]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSample:
    """One interval of the product's own witness."""

    from_at: datetime
    to_at: datetime
    requests: int
    failed: int
    max_gap_ms: float | None
    interval_ms: float | None
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSample:
    """One answer of a check."""

    at: datetime
    name: str
    outcome: str
    value: float | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All samples of a run, each kind oldest first; `unreadable` were none of ours."""

    traffic: tuple[TrafficSample, ...] = ()
    witness: tuple[WitnessSample, ...] = ()
    checks: tuple[CheckSample, ...] = ()
    unreadable: int = 0


def read_samples(samples: Sequence[Sample]) -> Measured:
    """Return the samples as typed values, those that make no sense left out and counted."""
    traffic: list[TrafficSample] = []
    witness: list[WitnessSample] = []
    checks: list[CheckSample] = []
    unreadable = 0
    for sample in samples:
        match _read(sample):
            case TrafficSample() as found:
                traffic.append(found)
            case WitnessSample() as found:
                witness.append(found)
            case CheckSample() as found:
                checks.append(found)
            case None:
                unreadable += 1
    return Measured(
        traffic=tuple(sorted(traffic, key=lambda s: s.from_at)),
        witness=tuple(sorted(witness, key=lambda s: s.from_at)),
        checks=tuple(sorted(checks, key=lambda s: s.at)),
        unreadable=unreadable,
    )


def covered_share(
    samples: Sequence[TrafficSample] | Sequence[WitnessSample], from_at: datetime, to_at: datetime
) -> float | None:
    """Return which share of the time the samples cover, 0 to 1; None for no time at all."""
    whole_s = (to_at - from_at).total_seconds()
    if whole_s <= 0:
        return None
    covered_s = 0.0
    done = from_at
    for sample in samples:
        begin, end = max(sample.from_at, done), min(sample.to_at, to_at)
        covered_s += max(0.0, (end - begin).total_seconds())
        done = max(done, end)
    return round(covered_s / whole_s, 4)


def _read(sample: Sample) -> TrafficSample | WitnessSample | CheckSample | None:
    data = sample.data
    if data.get("kind") == "check":
        return CheckSample(
            at=sample.at,
            name=str(data.get("name", "")),
            outcome=str(data.get("outcome", "")),
            value=_number(data.get("value")),
            reason=str(data.get("reason") or ""),
        )
    span = _span(data)
    if span is None:
        return None
    if data.get("kind") == "witness":
        return WitnessSample(
            from_at=span[0],
            to_at=span[1],
            requests=_count(data, "requests"),
            failed=_count(data, "failed"),
            max_gap_ms=_number(data.get("max_gap_ms")),
            interval_ms=_number(data.get("interval_ms")),
            p50_ms=_number(data.get("p50_ms")),
            p99_ms=_number(data.get("p99_ms")),
        )
    if data.get("kind") == "traffic":
        return TrafficSample(from_at=span[0], to_at=span[1], clusters=_clusters(data))
    return None


def _span(data: Mapping[str, Json]) -> tuple[datetime, datetime] | None:
    try:
        from_at = datetime.fromisoformat(str(data.get("from")))
        to_at = datetime.fromisoformat(str(data.get("to")))
    except ValueError:
        return None
    has_zone = from_at.tzinfo is not None and to_at.tzinfo is not None
    return (from_at, to_at) if has_zone and from_at < to_at else None


def _clusters(data: Mapping[str, Json]) -> Mapping[Cluster, ClusterCounts]:
    told = data.get("clusters")
    clusters = told if isinstance(told, dict) else {}
    found: dict[Cluster, ClusterCounts] = {}
    for cluster in Cluster:
        counts = clusters.get(cluster.value)
        if isinstance(counts, dict):
            found[cluster] = ClusterCounts(
                requests=_count(counts, "requests"),
                failures=_count(counts, "failures"),
                abandoned=_count(counts, "abandoned"),
                started=_count(counts, "started"),
                open=None if counts.get("open") is None else _count(counts, "open"),
                latency=_histogram(counts.get("latency")),
            )
    return MappingProxyType(found)


def _histogram(data: Json) -> Histogram | None:
    if not isinstance(data, dict):
        return None
    bounds, counts = data.get("bounds_ms"), data.get("counts")
    if not isinstance(bounds, list) or not isinstance(counts, list):
        return None
    read_bounds = tuple(b for b in map(_number, bounds) if b is not None)
    read_counts = tuple(int(c) for c in map(_number, counts) if c is not None)
    if len(read_counts) != len(counts) or len(counts) != len(read_bounds) + 1:
        return None
    return Histogram(bounds_ms=read_bounds, counts=read_counts)


def _count(data: Mapping[str, Json], name: str) -> int:
    return max(0, int(_number(data.get(name)) or 0))


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < float("inf") else None
