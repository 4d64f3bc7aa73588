"""Azure Monitor's answers about a gateway become figures of each cluster, minute by minute.

A minute is there once anything is told of it. What no request was counted for has no value in it.
Nobody could verify whether `TotalRequests` holds failed requests too, so that requests are counted
by what the backends answered and what failed beside that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Final

from bascule.azure.document import Document, list_at, text_at, value_at
from bascule.gateway.driver import Histogram
from bascule.ids import Cluster

GRAIN_S: Final = 60.0
"""How long a minute is, unless the times of the answer are closer together."""
BY_POOL: Final = ("TotalRequests", "FailedRequests", "HealthyHostCount")
BY_STATUS: Final = ("BackendResponseStatus",)
_GOOD, _BAD, _HOSTS = (name.lower() for name in BY_POOL)
_SEPARATOR: Final = "~"


@dataclass(slots=True)
class Minute:
    """What the pools of one cluster did in one minute."""

    counted: float = 0.0
    """`TotalRequests`."""
    failed: float = 0.0
    answered: float = 0.0
    """By the backends themselves."""
    errors: float = 0.0
    """Of those: 5xx."""
    healthy: float | None = None
    """None: not told."""
    latency: Histogram | None = None
    """Of what servers answered; None: not told."""
    clients: int | None = None
    """How many addresses of clients there were; None: not told."""
    clients_of_both: int | None = None
    """Of those: how many were answered by both clusters in the very minute."""

    @property
    def ended(self) -> int:
        """How many requests ended, with an answer of a backend's or of the gateway's own."""
        made = max(0.0, self.failed - self.errors)
        return round(max(self.counted, self.answered + made))

    @property
    def failures(self) -> int:
        """How many of them failed."""
        return round(max(self.failed, self.errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Figures by the beginning of a minute, in seconds since 1970, then by cluster."""

    grain_s: float = GRAIN_S
    starts: tuple[float, ...] = ()
    """Of all minutes in the answer, in order, whether they are there or not."""
    by_start: Mapping[float, Mapping[Cluster, Minute]] = field(default_factory=dict)
    """Of minutes that are there, with the clusters of which anything is told."""


def read_minutes(
    metrics: Iterable[Document], cluster_of: Callable[[str], Cluster | None]
) -> Minutes | None:
    """Return what metrics tell, by the cluster of each pool; None where one could not be read."""
    by_start: dict[float, dict[Cluster, Minute]] = {}
    grain_s = GRAIN_S
    starts: set[float] = set()
    for metric in metrics:
        if text_at(metric, "errorCode") not in {"", "Success"}:
            return None
        name = text_at(metric, "name", "value").lower()
        for series in list_at(metric, "timeseries"):
            cluster, group = _read_labels(series, cluster_of)
            points = list(_points(series))
            grain_s = min((*_steps(points), grain_s))
            starts.update(start_s for start_s, _ in points)
            for start_s, point in points:
                value = _value(point, "average" if name == _HOSTS else "total")
                if value is None:
                    continue
                minute = by_start.setdefault(start_s, {})
                if cluster is not None:
                    _take(minute.setdefault(cluster, Minute()), name, group, value)
    return Minutes(grain_s=grain_s, starts=tuple(sorted(starts)), by_start=by_start)


def with_health(minutes: Minutes, metrics: Minutes | None) -> Minutes:
    """Return minutes with the healthy backends that metrics tell of the same ones."""
    if metrics is None:
        return minutes
    by_number = {
        round(start_s / metrics.grain_s): found for start_s, found in metrics.by_start.items()
    }

    def add(start_s: float, cluster: Cluster, minute: Minute) -> Minute:
        told = by_number.get(round(start_s / minutes.grain_s), {}).get(cluster)
        return minute if told is None else replace(minute, healthy=told.healthy)

    by_start = {
        start_s: {cluster: add(start_s, cluster, minute) for cluster, minute in found.items()}
        for start_s, found in minutes.by_start.items()
    }
    return replace(minutes, by_start=by_start)


def _read_labels(
    series: Document, cluster_of: Callable[[str], Cluster | None]
) -> tuple[Cluster | None, str]:
    """Return whose pool it is, None for others' or all of them, and the group of statuses."""
    clusters: list[Cluster] = []
    group = ""
    for label in list_at(series, "metadatavalues"):
        name, value = text_at(label, "name", "value").lower(), text_at(label, "value")
        if name == "httpstatusgroup":
            group = value.lower()
        else:
            found = (cluster_of(part) for part in value.split(_SEPARATOR))
            clusters += [cluster for cluster in found if cluster is not None]
    return (clusters[0] if clusters else None), group


def _points(series: Document) -> Iterator[tuple[float, Document]]:
    for point in list_at(series, "data"):
        try:
            yield datetime.fromisoformat(text_at(point, "timeStamp")).timestamp(), point
        except ValueError:
            continue


def _steps(points: list[tuple[float, Document]]) -> Iterator[float]:
    return (later - earlier for (earlier, _), (later, _) in pairwise(points) if later > earlier)


def _value(point: Document, kind: str) -> float | None:
    found = value_at(point, kind)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found)


def _take(minute: Minute, metric: str, group: str, value: float) -> None:
    if metric == _GOOD:
        minute.counted += value
    elif metric == _BAD:
        minute.failed += value
    elif metric == _HOSTS:
        minute.healthy = (minute.healthy or 0.0) + value
    elif group:
        minute.answered += value
        minute.errors += value if group.startswith("5") else 0.0
