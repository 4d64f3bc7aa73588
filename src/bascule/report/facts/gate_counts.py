"""What the gates counted while steps held: it stands in the journal and is never thinned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.report.facts.model import Counted, GateCounts, SplitPoint
from bascule.report.facts.run_log import RunLog
from bascule.upgrade.run.events import GateJudged, StepStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """The last word on one attempt of a step that held; its counts are of the whole attempt."""

    at: datetime
    elapsed_s: float
    clusters: Mapping[Cluster, Counted]


def read_gate_counts(
    log: RunLog, split: Sequence[SplitPoint], *, whole_s: float
) -> GateCounts | None:
    """Return the requests that the gates counted in all holds together; None without a hold."""
    held = _read_held(log)
    if not held:
        return None
    changed_at = split[1].at if len(split) > 1 else None
    before = [h for h in held if changed_at is None or h.at <= changed_at]
    without = [h for h in held if not _split_at(split, h.at).green_bp]
    covered_s = sum(h.elapsed_s for h in held)
    return GateCounts(
        covered_share=round(min(1.0, covered_s / whole_s), 4) if whole_s > 0 else None,
        clusters=MappingProxyType({cluster: _sum(held, cluster) for cluster in Cluster}),
        blue_before_change=_failures(before, Cluster.BLUE),
        green_without_weight=_failures(without, Cluster.GREEN),
    )


def _read_held(log: RunLog) -> list[_Held]:
    attempts: dict[str, int] = {}
    last: dict[tuple[str, int], _Held] = {}
    for logged in log.logged:
        match logged.event:
            case StepStarted(key=key, attempt=attempt):
                attempts[key] = attempt
            case GateJudged(key=key, evidence=evidence):
                last[key, attempts.get(key, 0)] = _Held(
                    at=logged.at,
                    elapsed_s=_number(evidence.get("elapsed_s")),
                    clusters=_read_clusters(evidence.get("clusters")),
                )
            case _:
                pass
    return list(last.values())


def _read_clusters(data: Json) -> Mapping[Cluster, Counted]:
    told = data if isinstance(data, dict) else {}
    found = {}
    for cluster in Cluster:
        counts = told.get(cluster.value)
        if isinstance(counts, dict):
            found[cluster] = Counted(
                requests=int(_number(counts.get("requests"))),
                failures=int(_number(counts.get("failures"))),
            )
    return MappingProxyType(found)


def _sum(held: Sequence[_Held], cluster: Cluster) -> Counted | None:
    counts = [h.clusters[cluster] for h in held if cluster in h.clusters]
    if not counts:
        return None
    return Counted(
        requests=sum(c.requests for c in counts), failures=sum(c.failures for c in counts)
    )


def _failures(held: Sequence[_Held], cluster: Cluster) -> int:
    total = _sum(held, cluster)
    return 0 if total is None else total.failures


def _split_at(split: Sequence[SplitPoint], at: datetime) -> SplitPoint:
    return next((point for point in reversed(split) if point.at <= at), split[0])


def _number(value: Json) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(str(value)) if is_number else 0.0
