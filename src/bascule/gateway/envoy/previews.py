"""What previews count apart, and the figures of users without them.

Envoy counts the requests of preview routes by virtual host and cluster. What goes to a backend
counts in its cluster first and here right after, and a page tells the clusters first: so what is
left for users is at times a little low, is right at the next look, and is never made to fall.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bascule.gateway.driver import ClusterTraffic, Histogram
from bascule.routing.naming import read_tag

VIRTUAL_HOST = "host"
"""The name of every virtual host: with one name they share one set of counts, however many."""
FIGURES = ("upstream_rq_total", "upstream_rq_completed", "upstream_rq_5xx")
STARTED, COMPLETED, FAILED = FIGURES
ABANDONED = "abandoned"
PATTERN = rf"vhost\.{VIRTUAL_HOST}\.route\.preview-((?:blue|green)(?:-\d+)?)\."
"""What the names of these statistics begin with, and in it the tag of the cluster."""

_NUMBER = re.compile(rf"^{PATTERN}(\w+): (\d+)$", re.MULTILINE)

Figures = Counter[str | float]
"""Figures by name, and how many answers fell in a bucket of latency by its bound."""


def name_count(backend: str) -> str:
    """Return what the previews of `backend` count under."""
    return f"preview-{read_tag(backend)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one Envoy counts for a cluster."""

    everything: ClusterTraffic
    previews: Mapping[str, int] = field(default_factory=dict)
    """By the names of FIGURES; a part of everything."""
    preview_latency: Histogram | None = None


def read_previews(page: str) -> Mapping[str, Mapping[str, int]]:
    """Return what was counted for previews, by the tag of the cluster."""
    counts: dict[str, dict[str, int]] = {}
    for tag, statistic, value in _NUMBER.findall(page):
        counts.setdefault(tag, {})[statistic] = int(value)
    return counts


class Ledger:
    """Takes the previews of one cluster out of what one Envoy counts, from look to look.

    Envoy forgets some figures of previews when their routes go, and keeps them when a backend goes.
    So what was taken out once stays so, and what is no part of the backends' figures never is.
    """

    def __init__(self) -> None:
        self._total: Figures | None = None
        """Of all requests, what Envoy told at the last look, but for what may fall."""
        self._told = Figures()
        """Of previews, what Envoy told at the last look."""
        self._forgotten = Figures()
        """Of previews, what Envoy told once and has forgotten."""
        self._first: Figures | None = None
        """Of previews, what was told at the first look, until the next look."""
        self._past = Figures()
        """Of previews, what is in no backend's figures."""
        self._most = Figures()
        """Of users, the highest so far."""

    def take(self, now: Counted) -> ClusterTraffic:
        """Return the figures of users; no total falls unless counting began anew."""
        everything = now.everything
        told = _previews(now)
        self._forgotten += self._told - told
        self._told = told
        previews = told + self._forgotten
        total = _everything(everything)
        steady = total - Figures({ABANDONED: total[ABANDONED]})
        if self._first is not None:
            # Compared with clusters that were read later, which lack none of these.
            self._past |= self._first - total
            self._first = None
        if self._total is None or self._total - steady:
            self._first = previews
            self._past |= self._forgotten - (total - told)
            self._most = Figures()
        self._total = steady
        unanswered = max(0, previews[STARTED] - previews[COMPLETED])
        self._most |= total - (previews - self._past) - Figures({ABANDONED: unanswered})
        return _replace(everything, self._most, previews_total=previews[STARTED])


def _previews(now: Counted) -> Figures:
    figures = Figures(now.previews)
    if now.preview_latency is not None:
        figures.update(_buckets(now.preview_latency))
    return figures


def _everything(traffic: ClusterTraffic) -> Figures:
    figures = Figures(
        {
            STARTED: traffic.requests_total,
            COMPLETED: traffic.completed_total or 0,
            FAILED: traffic.failures_total,
            ABANDONED: traffic.abandoned_total or 0,
        }
    )
    if traffic.latency is not None:
        figures.update(_buckets(traffic.latency))
    return figures


def _buckets(latency: Histogram) -> dict[str | float, int]:
    return dict(zip((*latency.bounds_ms, math.inf), latency.counts, strict=True))


def _replace(traffic: ClusterTraffic, users: Figures, *, previews_total: int) -> ClusterTraffic:
    is_known = traffic.completed_total is not None
    latency = traffic.latency
    if latency is not None:
        counts = tuple(users[bound] for bound in _buckets(latency))
        latency = Histogram(bounds_ms=latency.bounds_ms, counts=counts)
    return replace(
        traffic,
        requests_total=users[STARTED],
        failures_total=users[FAILED],
        completed_total=users[COMPLETED] if is_known else None,
        abandoned_total=users[ABANDONED] if is_known else None,
        latency=latency,
        previews_total=previews_total if is_known else None,
    )
