"""Reads what an Application Gateway counted for each cluster, from its access log or from metrics.

Minutes come late and grow, so that one counts when it is `SETTLED_AFTER` of its lengths old; one
that is not there then is a gap, and the totals begin anew. What is open is not told: that a cluster
is unused is shown by the rules, which lead to none of its addresses, and by minutes without a
request to it since then.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType
from typing import Final, Protocol

import structlog

from bascule.azure.document import Document
from bascule.clock import Clock
from bascule.errors import BasculeError
from bascule.gateway.appgw.access_logs import AccessLogs, Logs
from bascule.gateway.appgw.minutes import (
    BY_POOL,
    BY_STATUS,
    GRAIN_S,
    Minutes,
    read_minutes,
    with_health,
)
from bascule.gateway.appgw.reach import Reach, cluster_of_pool, read_reach
from bascule.gateway.appgw.settings import AppGwSettings, Mechanism
from bascule.gateway.appgw.totals import Course, Totals
from bascule.gateway.appgw.whose import Whose
from bascule.gateway.driver import ClusterTraffic, Unused
from bascule.ids import Cluster
from bascule.routing.model import RoutingTable

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


class Source(Enum):
    """Who tells what was counted."""

    LOG = "access log"
    METRICS = "Azure Monitor"

    def say_none(self, cluster: Cluster, pools: int) -> str:
        """Return in words that a cluster got no request."""
        if self is Source.LOG:
            return f"its access log, which has requests of each minute, has none to {cluster}"
        return f"Azure Monitor counts no request to its {pools} pools"


@dataclass(frozen=True, slots=True)
class _Told:
    source: Source
    minutes: Minutes


class TrafficReader:
    """One gateway's counts. Readings are shared: those who ask in between get the last one.

    The access log, where it can be read, tells whose each request was and how long it took; metrics
    tell of pools, as long as each is of one cluster.
    """

    def __init__(
        self,
        client: Arm,
        gateway_id: str,
        *,
        settings: AppGwSettings,
        clock: Clock,
        logs: Logs | None = None,
        limit_s: float = READ_LIMIT_S,
    ) -> None:
        self._client = client
        self._gateway_id = gateway_id
        self._settings = settings
        self._clock = clock
        self._whose = Whose(settings)
        self._log = AccessLogs(client, logs, settings, self._whose) if logs else None
        self._limit_s = limit_s
        self._lock = asyncio.Lock()
        self._grain_s = GRAIN_S
        self._due_s = self._read_s = clock.monotonic_s()
        self._course: Course | None = None
        self._source = Source.METRICS
        self._unreached: dict[Cluster, datetime] = {}
        """Since when the rules are known to lead nowhere in a cluster."""
        self._traffic = _NOTHING
        self._trouble = ""

    def note_table(self, table: RoutingTable) -> None:
        """Learn which addresses each cluster has by a table that is to be live."""
        self._whose.note_table(table, self._clock.now().timestamp())

    async def read(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what is counted for each cluster; a cluster that is absent is not known.

        Never raises; while Azure Monitor does not answer, the last reading stands.
        """
        if self._log is None and self._settings.mechanism is Mechanism.POOLS:
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
        now_s = now.timestamp()
        document = await self._client.get(self._gateway_id) or {}
        self._whose.note_document(document, now_s)
        reach = read_reach(document, self._settings.prefix)
        self._note_reach(reach, now)
        if self._course is None:
            self._course = Course(next_s=now_s)
        told = await self._fetch_minutes(max(self._course.next_s, now_s - SPAN_MAX_S), now_s, reach)
        if told is None or told.source is not self._source:
            self._course = Course(next_s=now_s)
            self._traffic = _NOTHING
        if told is not None:
            self._source = told.source
            self._course.take_in(told.minutes, now_s - SETTLED_AFTER * self._grain_s)
            self._traffic = self._render(self._course, reach)

    def _note_reach(self, reach: Reach, now: datetime) -> None:
        known = self._whose.known()
        is_unclear = bool(reach.untold_addresses - known[Cluster.BLUE] - known[Cluster.GREEN])
        for cluster in Cluster:
            is_led = cluster in reach.reached or bool(reach.addresses & known[cluster])
            if is_led or is_unclear:
                self._unreached.pop(cluster, None)
            else:
                self._unreached.setdefault(cluster, now)

    async def _fetch_minutes(self, from_s: float, to_s: float, reach: Reach) -> _Told | None:
        """Return what is told of these minutes; None where nobody can tell whose requests were."""
        log = self._log
        has_log = log is not None and await log.find(to_s, self._grain_s)
        is_mixed = self._settings.mechanism is Mechanism.POOLS or bool(reach.untold)
        if is_mixed and not has_log:
            return None
        try:
            metrics = await self._fetch_metrics(from_s, to_s)
        except BasculeError:
            if not has_log:
                raise
            metrics = None
        if metrics is not None and metrics.starts:
            self._grain_s = metrics.grain_s
        logged = await log.fetch(from_s, to_s, self._grain_s) if log and has_log else None
        if logged is not None:
            return _Told(Source.LOG, with_health(logged, metrics))
        return None if metrics is None or is_mixed else _Told(Source.METRICS, metrics)

    async def _fetch_metrics(self, from_s: float, to_s: float) -> Minutes | None:
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

    def _render(self, course: Course, reach: Reach) -> Mapping[Cluster, ClusterTraffic]:
        found = {}
        for cluster, totals in course.by_cluster.items():
            unused = self._prove_unused(cluster, totals, reach, until_s=course.next_s)
            if totals.is_known or unused is not None:
                found[cluster] = ClusterTraffic(
                    requests_total=totals.requests,
                    requests_active=None,
                    endpoints_healthy=totals.healthy,
                    failures_total=totals.failures,
                    completed_total=totals.requests,
                    latency=totals.latency,
                    unused=unused,
                    clients=totals.clients,
                    clients_of_both=totals.clients_of_both,
                    source=self._source.value,
                )
        return MappingProxyType(found)

    def _prove_unused(
        self, cluster: Cluster, totals: Totals, reach: Reach, *, until_s: float
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
                f"UTC, and {self._source.say_none(cluster, len(reach.pools[cluster]))} from "
                f"{since:%H:%M:%S} to {until:%H:%M:%S}; WebSockets that were open before are not "
                "counted by cluster there"
            ),
        )


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
