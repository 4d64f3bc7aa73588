"""Reads what an Application Gateway counted for each cluster from Azure Monitor.

Minutes come late and grow, so that one counts when it is `SETTLED_AFTER` of its lengths old; one
that is not there then is a gap, and the totals begin anew. What is open is not told: that a cluster
is unused is shown by the rules, which lead to none of its addresses, and by minutes without a
request to its pools since then.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Protocol

import structlog

from bascule.azure.document import Document
from bascule.clock import Clock
from bascule.errors import BasculeError
from bascule.gateway.appgw.minutes import (
    BY_POOL,
    BY_STATUS,
    GRAIN_S,
    Minute,
    Minutes,
    read_minutes,
)
from bascule.gateway.appgw.reach import Reach, cluster_of_pool, read_reach
from bascule.gateway.appgw.settings import AppGwSettings, Mechanism
from bascule.gateway.driver import ClusterTraffic, Unused
from bascule.ids import Cluster

SETTLED_AFTER: Final = 3
"""A minute counts once so many of its lengths have passed since its end."""
LOOKS_A_MINUTE: Final = 4
LOOK_FIRST_S: Final = 5.0
"""How often it is looked while it is not known how long a minute is."""
READ_LIMIT_S: Final = 4.0
"""So long a reading may take; then the last one stands. Nobody's switch waits for Azure Monitor."""
STALE_AFTER: Final = 10
"""A reading stands for so many lengths of a minute; then nothing is known."""
SPAN_MIN_S: Final = 1.0
SPAN_MAX_S: Final = 86_400.0
"""Minutes that are older are not asked for any more."""
SERIES_MAX: Final = 1_000
"""Azure Monitor gives ten series of a metric unless it is asked for more."""
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")

_NOTHING: Final[Mapping[Cluster, ClusterTraffic]] = MappingProxyType({})


class Arm(Protocol):
    """What is asked of Azure Resource Manager."""

    async def get(self, resource: str, /) -> Document | None:
        """Return a resource; None if there is none."""
        ...

    async def list(
        self, path: str, query: Mapping[str, str] | None = None, /
    ) -> tuple[Document, ...]:
        """Return the `value` of an answer."""
        ...


@dataclass(slots=True)
class _Totals:
    """What one cluster did in all settled minutes since the reader began, or began anew."""

    requests: int = 0
    failures: int = 0
    healthy: int | None = None
    is_known: bool = False
    """Whether anything was ever told of it."""
    quiet_since: float | None = None
    """When the first of the minutes began that follow each other up to now, without a request."""

    def add(self, start_s: float, minute: Minute | None) -> None:
        """Take in a minute that is there."""
        self.healthy = None
        if minute is not None:
            self.is_known = True
            self.requests += minute.ended
            self.failures += minute.failures
            self.healthy = None if minute.healthy is None else int(minute.healthy)
        if minute is not None and minute.ended:
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = start_s


def _no_totals() -> dict[Cluster, _Totals]:
    return {cluster: _Totals() for cluster in Cluster}


@dataclass(slots=True)
class _Course:
    """How far the minutes are taken in."""

    next_s: float
    """When the next minute to take in begins, in seconds since 1970."""
    totals: dict[Cluster, _Totals] = field(default_factory=_no_totals)


class TrafficReader:
    """One gateway's counts. Readings are shared: those who ask in between get the last one."""

    def __init__(
        self,
        client: Arm,
        gateway_id: str,
        *,
        settings: AppGwSettings,
        clock: Clock,
        limit_s: float = READ_LIMIT_S,
    ) -> None:
        self._client = client
        self._gateway_id = gateway_id
        self._settings = settings
        self._clock = clock
        self._limit_s = limit_s
        self._lock = asyncio.Lock()
        self._grain_s = GRAIN_S
        self._due_s = self._read_s = clock.monotonic_s()
        self._course: _Course | None = None
        self._unreached: dict[Cluster, datetime] = {}
        """Since when the rules are known to lead nowhere in a cluster."""
        self._traffic = _NOTHING
        self._trouble = ""

    async def read(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what is counted for each cluster; a cluster that is absent is not known.

        Never raises; while Azure Monitor does not answer, the last reading stands.
        """
        if self._settings.mechanism is Mechanism.POOLS:
            return _NOTHING  # a pool that changes clusters tells nobody whose its requests were
        async with self._lock:
            if self._clock.monotonic_s() < self._due_s:
                return self._traffic
            try:
                async with asyncio.timeout(self._limit_s):
                    await self._refresh()
            except TimeoutError:
                self._tell(f"no answer in {self._limit_s:g} s")
            except BasculeError as error:
                self._tell(error.message)
            else:
                self._trouble = ""
                self._read_s = self._clock.monotonic_s()
            pause_s = LOOK_FIRST_S if self._course is None else self._grain_s / LOOKS_A_MINUTE
            now_s = self._clock.monotonic_s()
            self._due_s = now_s + pause_s
            if now_s - self._read_s > STALE_AFTER * self._grain_s:
                self._traffic = _NOTHING
            return self._traffic

    def _tell(self, why: str) -> None:
        if why != self._trouble:
            _LOG.warning("azure monitor cannot be read", gateway=self._gateway_id, why=why)
        self._trouble = why

    async def _refresh(self) -> None:
        now = self._clock.now()
        document = await self._client.get(self._gateway_id)
        reach = read_reach(document or {}, self._settings.prefix)
        self._note_reach(reach, now)
        if self._course is None:
            self._course = _Course(next_s=now.timestamp())
        from_s = max(self._course.next_s, now.timestamp() - SPAN_MAX_S)
        minutes = await self._fetch_minutes(from_s, now.timestamp())
        if minutes is None or reach.untold:
            # Whose the requests of a pool of both clusters were is told by nobody.
            self._course = _Course(next_s=now.timestamp())
            self._traffic = _NOTHING
            return
        self._take_in(self._course, minutes, now.timestamp())
        self._traffic = self._render(self._course, reach)

    def _note_reach(self, reach: Reach, now: datetime) -> None:
        for cluster in Cluster:
            if cluster in reach.reached or reach.untold:
                self._unreached.pop(cluster, None)
            else:
                self._unreached.setdefault(cluster, now)

    async def _fetch_minutes(self, from_s: float, to_s: float) -> Minutes | None:
        """Return the minutes that are told of; None where a metric cannot be read."""
        if to_s - from_s < SPAN_MIN_S:
            return Minutes()
        by_status = await self._fetch(
            BY_STATUS, "BackendPool eq '*' and HttpStatusGroup eq '*'", from_s, to_s
        )
        by_pool = await self._fetch(BY_POOL, "BackendSettingsPool eq '*'", from_s, to_s)
        prefix = self._settings.prefix
        return read_minutes((*by_pool, *by_status), lambda name: cluster_of_pool(name, prefix))

    async def _fetch(
        self, names: tuple[str, ...], split: str, from_s: float, to_s: float
    ) -> tuple[Document, ...]:
        return await self._client.list(
            f"{self._gateway_id}/providers/Microsoft.Insights/metrics",
            {
                "metricnames": ",".join(names),
                "timespan": f"{_time(from_s)}/{_time(to_s)}",
                "interval": "PT1M",
                "aggregation": "Total,Average",
                "$filter": split,
                "top": str(SERIES_MAX),
            },
        )

    def _take_in(self, course: _Course, minutes: Minutes, now_s: float) -> None:
        """Add the minutes that are settled; one that is not there is a gap."""
        if minutes.starts:
            self._grain_s = minutes.grain_s
        settled_s = now_s - SETTLED_AFTER * self._grain_s
        for start_s in minutes.starts:
            is_taken = start_s < course.next_s - self._grain_s / 100
            if is_taken or start_s + self._grain_s > settled_s:
                continue
            minute = minutes.by_start.get(start_s)
            if minute is None:
                course.totals = _no_totals()
            else:
                for cluster, totals in course.totals.items():
                    totals.add(start_s, minute.get(cluster))
            course.next_s = start_s + self._grain_s

    def _render(self, course: _Course, reach: Reach) -> Mapping[Cluster, ClusterTraffic]:
        found = {}
        for cluster, totals in course.totals.items():
            unused = self._prove_unused(cluster, totals, reach, until_s=course.next_s)
            if totals.is_known or unused is not None:
                found[cluster] = ClusterTraffic(
                    requests_total=totals.requests,
                    requests_active=None,
                    endpoints_healthy=totals.healthy,
                    failures_total=totals.failures,
                    completed_total=totals.requests,
                    unused=unused,
                )
        return MappingProxyType(found)

    def _prove_unused(
        self, cluster: Cluster, totals: _Totals, reach: Reach, *, until_s: float
    ) -> Unused | None:
        """Return the proof for minutes that began after the rules were seen to lead elsewhere."""
        unreached = self._unreached.get(cluster)
        if unreached is None or totals.quiet_since is None:
            return None
        since_s = max(unreached.timestamp(), totals.quiet_since)
        if since_s >= until_s:
            return None
        since, until = datetime.fromtimestamp(since_s, UTC), datetime.fromtimestamp(until_s, UTC)
        return Unused(
            since=since,
            until=until,
            evidence=(
                f"no rule of the gateway leads clients to {cluster} since {unreached:%H:%M:%S} "
                "UTC, and Azure Monitor counts no request to its "
                f"{len(reach.pools[cluster])} pools from "
                f"{since:%H:%M:%S} to {until:%H:%M:%S}; WebSockets that were open before are not "
                "counted by cluster there"
            ),
        )


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
