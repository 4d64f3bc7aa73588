"""What the reader makes of minutes that come late, in parts, or not at all."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bascule.errors import TransportError
from bascule.gateway.appgw.access_logs import LATEST_AFTER
from bascule.gateway.appgw.monitor import (
    LOOK_FIRST_S,
    READ_LIMIT_S,
    SETTLED_AFTER,
    STALE_AFTER,
    TrafficReader,
)
from bascule.gateway.appgw.settings import AppGwSettings, Mechanism
from bascule.gateway.driver import ClusterTraffic
from bascule.ids import Cluster
from tests.support import monitor_answers as monitor
from tests.support.log_answers import row, setting
from tests.support.monitor_answers import MINUTE_S, Document
from tests.support.reach_documents import ID, gateway, pool, rule
from tests.support.tables import backend, host, route, route_set, table
from tests.support.virtual_clock import VirtualClock

BLUE, GREEN = "bsc-pool-blue_shop_80", "bsc-pool-green_shop_80"
LIVE = "bsc-pool-live_shop_80"
POOLS = (pool(BLUE, "10.1.0.1"), pool(GREEN, "10.2.0.1"))
ROUTE = route(
    backend(Cluster.BLUE, "web", 80, address="10.1.0.1"),
    backend(Cluster.GREEN, "web", 80, address="10.2.0.1"),
)
TABLE = table(route_set([host("shop.example.com", ROUTE)]))


@dataclass
class Azure:
    """One gateway and its Monitor; `requests` are by pool, then by the number of the minute."""

    clock: VirtualClock
    leads_to: str = BLUE
    requests: dict[str, dict[int, float]] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    """Minutes of which nothing is told."""
    error: str = "Success"
    trouble: TransportError | None = None
    hangs: bool = False
    asked: list[Mapping[str, str]] = field(default_factory=list)
    pools: Sequence[Document] = POOLS
    settings: list[Document] = field(default_factory=list)
    """Where the access log goes."""
    rows: dict[int, Document] = field(default_factory=dict)
    """Of the access log, by the number of the minute."""

    async def get(self, _resource: str, /) -> Document | None:
        return gateway(pools=self.pools, rules=[rule("r", to=self.leads_to)])

    async def query(self, resource: str, _text: str, /) -> tuple[Document, ...]:
        assert resource == ID
        return tuple(self.rows.values())

    async def list(
        self, path: str, query: Mapping[str, str] | None = None, /
    ) -> tuple[Document, ...]:
        if path.endswith("/diagnosticSettings"):
            return tuple(self.settings)
        assert path == f"{ID}/providers/Microsoft.Insights/metrics"
        if self.trouble is not None:
            raise self.trouble
        if self.hangs:
            await asyncio.Event().wait()
        self.asked.append(query or {})
        first, last = (query or {})["timespan"].split("/")
        numbers = range(-(-self.number(first) // 1), self.number(last))
        if "BackendResponseStatus" in (query or {})["metricnames"]:
            return (self._metric("BackendResponseStatus", "BackendPool", self.requests, numbers),)
        hosts = {self.leads_to: dict.fromkeys(numbers, 2.0)}
        return (
            self._metric("TotalRequests", "BackendSettingsPool", self.requests, numbers),
            self._metric("HealthyHostCount", "BackendSettingsPool", hosts, numbers),
        )

    def number(self, at: str) -> int:
        return int(-(-datetime.fromisoformat(at).timestamp() // MINUTE_S))

    def _metric(
        self, name: str, label: str, values: Mapping[str, Mapping[int, float]], numbers: range
    ) -> Document:
        starts = [number * MINUTE_S for number in numbers]
        return monitor.metric(
            name,
            *(
                monitor.series(
                    {label: pool_name, "HttpStatusGroup": "2xx"},
                    {n * MINUTE_S: v for n, v in found.items() if n not in self.missing},
                    starts,
                    kind="average" if name == "HealthyHostCount" else "total",
                )
                for pool_name, found in values.items()
            ),
            error=self.error,
        )


@dataclass
class World:
    """A reader of a gateway, and the number of the minute in which it began."""

    clock: VirtualClock
    azure: Azure
    reader: TrafficReader
    first: int

    async def after(self, minutes: float) -> Mapping[Cluster, ClusterTraffic]:
        """Return what is read so many minutes later; it was read every minute in between."""
        left, found = minutes, await self.reader.read()
        while left > 0:
            await self.clock.advance(min(left, 1.0) * MINUTE_S)
            left -= 1.0
            found = await self.reader.read()
        return found


async def make_world(
    mechanism: Mechanism = Mechanism.RULES, *, limit_s: float = READ_LIMIT_S, **azure_more: Any
) -> World:
    clock = VirtualClock()
    azure = Azure(clock, **azure_more)
    settings = AppGwSettings(gateway_id=ID, owner="shop", mechanism=mechanism)
    reader = TrafficReader(azure, ID, settings=settings, clock=clock, logs=azure, limit_s=limit_s)
    reader.note_table(TABLE)
    await reader.read()
    first = -(-int(clock.now().timestamp()) // int(MINUTE_S))
    return World(clock, azure, reader, first)


async def test_totals_are_the_sums_of_minutes_that_are_settled() -> None:
    world = await make_world()
    for number in range(10):
        world.azure.requests.setdefault(BLUE, {})[world.first + number] = 100.0

    seen = [await world.after(minutes) for minutes in (SETTLED_AFTER, 1, 1, 0.1)]

    assert Cluster.BLUE not in seen[0]
    assert [each[Cluster.BLUE].requests_total for each in seen[1:]] == [100, 200, 200]
    blue = seen[-1][Cluster.BLUE]
    assert (blue.requests_active, blue.endpoints_healthy, blue.unused) == (None, 2, None)
    assert blue.completed_total == 200
    assert seen[-1][Cluster.GREEN].requests_total == 0


async def test_all_series_of_the_gateway_are_asked_for_by_pool() -> None:
    world = await make_world()

    await world.after(1)

    by_status, by_pool = world.azure.asked
    assert by_status["$filter"] == "BackendPool eq '*' and HttpStatusGroup eq '*'"
    assert by_pool["$filter"] == "BackendSettingsPool eq '*'"
    assert {each["top"] for each in world.azure.asked} == {"1000"}


async def test_a_minute_that_is_missing_begins_the_totals_anew() -> None:
    world = await make_world()
    world.azure.requests[BLUE] = dict.fromkeys(range(world.first, world.first + 9), 100.0)
    before = await world.after(SETTLED_AFTER + 2)
    world.azure.missing = {world.first + 2}

    during = await world.after(1)
    after = await world.after(1)

    assert before[Cluster.BLUE].requests_total == 200
    assert during == {}
    assert after[Cluster.BLUE].requests_total == 100


async def test_a_cluster_is_unused_since_no_rule_leads_there_and_nothing_is_counted() -> None:
    world = await make_world()
    world.azure.requests = {
        BLUE: dict.fromkeys(range(world.first, world.first + 4), 100.0),
        GREEN: dict.fromkeys(range(world.first + 3, world.first + 20), 100.0),
    }
    await world.after(3.5)
    world.azure.leads_to = GREEN

    too_early = await world.after(SETTLED_AFTER + 0.5)
    proven = await world.after(3)

    assert too_early[Cluster.BLUE].unused is None
    unused = proven[Cluster.BLUE].unused
    assert unused is not None
    assert unused.since.timestamp() == (world.first + 4.5) * MINUTE_S
    assert unused.until.timestamp() == (world.first + 7) * MINUTE_S
    assert "no rule of the gateway leads clients to blue since 00:04:30 UTC" in unused.evidence
    assert "counts no request to its 1 pools" in unused.evidence
    assert proven[Cluster.GREEN].unused is None


async def test_one_request_or_a_rule_that_leads_there_again_ends_the_proof() -> None:
    world = await make_world()
    world.azure.leads_to = GREEN
    assert (await world.after(SETTLED_AFTER + 2))[Cluster.BLUE].unused is not None
    world.azure.requests[BLUE] = {world.first + 2: 1.0}

    counted = await world.after(1)
    quiet_again = await world.after(2)
    world.azure.leads_to = BLUE
    led_back = await world.after(1)

    assert counted[Cluster.BLUE].unused is None
    again = quiet_again[Cluster.BLUE].unused
    assert again is not None
    assert again.since.timestamp() == (world.first + 3) * MINUTE_S
    assert led_back[Cluster.BLUE].unused is None


async def test_what_nobody_can_tell_apart_is_not_known() -> None:
    pools = await make_world(Mechanism.POOLS)
    mixed = await make_world()
    mixed.azure.requests[BLUE] = {mixed.first: 100.0}
    assert (await mixed.after(SETTLED_AFTER + 1))[Cluster.BLUE].requests_total == 100

    async def get(_resource: str, /) -> Document | None:
        both = pool("bsc-pool-shop_80", "10.1.0.1")
        return gateway(pools=[*POOLS, both], rules=[rule("r", to="bsc-pool-shop_80")])

    mixed.azure.get = get  # type: ignore[method-assign]  # another document

    assert await pools.after(9) == {}
    assert pools.azure.asked == []
    assert await mixed.after(2) == {}


async def test_a_metric_that_cannot_be_read_is_not_known() -> None:
    world = await make_world()
    world.azure.requests[BLUE] = {world.first: 100.0}
    world.azure.error = "InvalidSamplingType"

    assert await world.after(SETTLED_AFTER + 2) == {}


async def test_the_last_reading_stands_for_a_while_when_there_is_no_answer() -> None:
    world = await make_world()
    world.azure.requests[BLUE] = {world.first: 100.0}
    before = await world.after(SETTLED_AFTER + 1)
    world.azure.trouble = TransportError("Azure does not answer")

    stands = await world.after(STALE_AFTER)
    stale = await world.after(1)

    assert stands == before
    assert stale == {}


async def test_nobody_waits_for_long() -> None:
    world = await make_world(limit_s=0.01)
    world.azure.hangs = True

    assert await world.after(1) == {}


async def test_readings_are_shared() -> None:
    world = await make_world()
    await world.after(1)
    count = len(world.azure.asked)

    await asyncio.gather(*(world.reader.read() for _ in range(20)))
    await world.clock.advance(LOOK_FIRST_S)
    await world.reader.read()

    assert len(world.azure.asked) == count


async def make_logged(mechanism: Mechanism = Mechanism.RULES, **azure: Any) -> World:
    """Return a world whose access log can be read."""
    return await make_world(mechanism, settings=[setting()], **azure)


def log(world: World, minutes: range, **sums: Any) -> None:
    """Have the access log tell the same of each of these minutes."""
    for number in (world.first + minute for minute in minutes):
        world.azure.rows[number] = row(number * MINUTE_S, **sums)


async def test_an_access_log_tells_more_than_metrics_and_metrics_who_is_healthy() -> None:
    world = await make_logged()
    world.azure.requests[BLUE] = {world.first + 1: 7.0}
    log(world, range(9), both=1, blue={"took_ms": [4, 40], "failures": 1, "clients": 2})

    seen = await world.after(SETTLED_AFTER + 2.5)

    blue = seen[Cluster.BLUE]
    assert (blue.requests_total, blue.failures_total, blue.completed_total) == (4, 2, 4)
    assert (blue.clients, blue.clients_of_both, blue.endpoints_healthy) == (2, 1, 2)
    assert blue.latency is not None
    assert sum(blue.latency.counts) == 4
    assert blue.source == "access log"
    assert seen[Cluster.GREEN].requests_total == 0


async def test_the_log_tells_of_pools_that_change_clusters_and_proves_that_one_is_unused() -> None:
    world = await make_logged(
        Mechanism.POOLS, pools=[pool(LIVE, "10.1.0.1", "10.2.0.1")], leads_to=LIVE
    )
    log(world, range(3), blue={"took_ms": [5]}, green={"took_ms": [5]})
    log(world, range(3, 30), green={"took_ms": [5]})
    shared = await world.after(SETTLED_AFTER + 2.5)

    world.azure.pools = [pool(LIVE, "10.2.0.1")]
    switched = await world.after(1)
    proven = await world.after(SETTLED_AFTER + 2)

    assert shared[Cluster.BLUE].requests_total == 2
    assert shared[Cluster.BLUE].unused is None
    assert switched[Cluster.BLUE].unused is None
    unused = proven[Cluster.BLUE].unused
    assert unused is not None
    assert unused.since.timestamp() == (world.first + SETTLED_AFTER + 3.5) * MINUTE_S
    assert "its access log, which has requests of each minute, has none to blue" in unused.evidence
    assert proven[Cluster.GREEN].unused is None


async def test_a_member_of_such_a_pool_whom_nobody_knows_may_be_blues() -> None:
    pools = [pool(LIVE, "10.2.0.1", "10.3.0.1")]
    world = await make_logged(Mechanism.POOLS, pools=pools, leads_to=LIVE)
    log(world, range(30), green={"took_ms": [5]})

    seen = await world.after(SETTLED_AFTER + 4)

    assert seen[Cluster.BLUE].requests_total == 0
    assert seen[Cluster.BLUE].unused is None


async def test_metrics_do_where_the_log_stays_empty_and_totals_begin_anew() -> None:
    world = await make_logged()
    world.azure.requests[BLUE] = dict.fromkeys(range(world.first, world.first + 40), 100.0)
    nothing = await world.after(LATEST_AFTER)

    metrics = await world.after(SETTLED_AFTER + 4)
    log(world, range(12, 40), blue={"took_ms": [5]})
    both = await world.after(1)
    logged = await world.after(SETTLED_AFTER + 2)

    assert nothing == {}
    assert metrics[Cluster.BLUE].source == "Azure Monitor"
    assert metrics[Cluster.BLUE].requests_total >= 100
    assert both == {}
    assert logged[Cluster.BLUE].source == "access log"
    assert logged[Cluster.BLUE].requests_total < 10


async def test_a_log_does_without_metrics() -> None:
    world = await make_logged()
    world.azure.trouble = TransportError("Azure does not answer")
    log(world, range(9), blue={"took_ms": [5]})

    seen = await world.after(SETTLED_AFTER + 2.5)

    assert seen[Cluster.BLUE].requests_total == 2
    assert seen[Cluster.BLUE].endpoints_healthy is None


async def test_metrics_of_pools_that_change_clusters_take_the_place_of_no_log() -> None:
    pools = [pool(LIVE, "10.1.0.1")]
    world = await make_logged(Mechanism.POOLS, pools=pools, leads_to=LIVE)
    world.azure.requests[BLUE] = dict.fromkeys(range(world.first, world.first + 40), 100.0)

    assert await world.after(LATEST_AFTER + SETTLED_AFTER + 4) == {}
