"""What each cluster did in all minutes that counted so far; a minute that is missing is a gap.

After a gap the totals begin anew, so that no interval between two readings spans it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bascule.gateway.appgw.minutes import Minute, Minutes
from bascule.gateway.driver import Histogram
from bascule.ids import Cluster


@dataclass(slots=True)
class Totals:
    """Of one cluster."""

    requests: int = 0
    failures: int = 0
    healthy: int | None = None
    latency: Histogram | None = None
    clients: int | None = None
    clients_of_both: int | None = None
    """In the last minute, as is `healthy`; what there is besides is of all minutes."""
    is_known: bool = False
    """Whether anything was ever told of it."""
    quiet_since: float | None = None
    """When the first of the minutes began that follow each other up to now, without a request."""

    def add(self, start_s: float, minute: Minute | None) -> None:
        """Take in a minute that is there."""
        self.healthy = self.clients = self.clients_of_both = None
        if minute is not None:
            self.is_known = True
            self.requests += minute.ended
            self.failures += minute.failures
            self.healthy = None if minute.healthy is None else int(minute.healthy)
            self.latency = _add(self.latency, minute.latency)
            self.clients, self.clients_of_both = minute.clients, minute.clients_of_both
        if minute is not None and minute.ended:
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = start_s


def _no_totals() -> dict[Cluster, Totals]:
    return {cluster: Totals() for cluster in Cluster}


@dataclass(slots=True)
class Course:
    """How far the minutes are taken in."""

    next_s: float
    """When the next minute to take in begins, in seconds since 1970."""
    by_cluster: dict[Cluster, Totals] = field(default_factory=_no_totals)

    def take_in(self, minutes: Minutes, settled_s: float) -> None:
        """Add the minutes that ended before `settled_s`; one that is not there is a gap."""
        for start_s in self._new(minutes, settled_s):
            minute = minutes.by_start.get(start_s)
            if minute is None:
                self.by_cluster = _no_totals()
            else:
                self._add(start_s, minute)
            self.next_s = start_s + minutes.grain_s

    def _new(self, minutes: Minutes, settled_s: float) -> Iterable[float]:
        for start_s in minutes.starts:
            is_taken = start_s < self.next_s - minutes.grain_s / 100
            if not is_taken and start_s + minutes.grain_s <= settled_s:
                yield start_s

    def _add(self, start_s: float, minute: Mapping[Cluster, Minute]) -> None:
        for cluster, totals in self.by_cluster.items():
            totals.add(start_s, minute.get(cluster))


def _add(first: Histogram | None, second: Histogram | None) -> Histogram | None:
    """Return both together; bounds are the same wherever there are some."""
    if first is None or second is None:
        return first or second
    counts = tuple(a + b for a, b in zip(first.counts, second.counts, strict=True))
    return Histogram(bounds_ms=first.bounds_ms, counts=counts)
