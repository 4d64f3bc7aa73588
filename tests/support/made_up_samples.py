"""Samples of an upgrade, one value at a time: only what matters to a test."""

from collections.abc import Mapping
from datetime import timedelta

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.journal.store import Sample
from bascule.report.facts.measured import ClusterCounts, TrafficSample, WitnessSample
from tests.support.made_up_upgrades import START

BOUNDS_MS = (10.0, 100.0)


def counts(
    requests: int = 10, failures: int = 0, *, slow: int = 0, open_: int = 0, abandoned: int = 0
) -> ClusterCounts:
    """Return what a cluster did: most within 10 ms, `slow` of them within 100 ms."""
    return ClusterCounts(
        requests=requests,
        failures=failures,
        abandoned=abandoned,
        started=requests,
        open=open_,
        latency=Histogram(bounds_ms=BOUNDS_MS, counts=(requests - slow, slow, 0)),
    )


def traffic(from_s: float, to_s: float, **clusters: ClusterCounts) -> TrafficSample:
    return TrafficSample(
        from_at=START + timedelta(seconds=from_s),
        to_at=START + timedelta(seconds=to_s),
        clusters={Cluster(name): told for name, told in clusters.items()},
    )


def witness(
    from_s: float,
    to_s: float,
    *,
    failed: int = 0,
    gap_ms: float | None = 60.0,
    interval_ms: float = 50.0,
) -> WitnessSample:
    return WitnessSample(
        from_at=START + timedelta(seconds=from_s),
        to_at=START + timedelta(seconds=to_s),
        requests=20,
        failed=failed,
        max_gap_ms=gap_ms,
        interval_ms=interval_ms,
        p50_ms=20.0,
        p99_ms=50.0 + from_s,
    )


def raw(at_s: float = 0.0, /, **data: Json) -> Sample:
    return Sample(at=START + timedelta(seconds=at_s), data=data)


def span(from_s: float, to_s: float) -> Mapping[str, Json]:
    return {
        "from": (START + timedelta(seconds=from_s)).isoformat(),
        "to": (START + timedelta(seconds=to_s)).isoformat(),
    }
