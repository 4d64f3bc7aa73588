"""What the reader makes of minutes that come late, in parts, or not at all."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bascule.errors import TransportError
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
from tests.support.monitor_answers import MINUTE_S, Document
from tests.support.reach_documents import ID, gateway, pool, rule
from tests.support.virtual_clock import VirtualClock

BLUE, GREEN = "bsc-pool-blue_shop_80", "bsc-pool-green_shop_80"
POOLS = (pool(BLUE, "10.1.0.1"), pool(GREEN, "10.2.0.1"))


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

    async def get(self, _resource: str, /) -> Document | None:
        return gateway(pools=POOLS, rules=[rule("r", to=self.leads_to)])

    async def list(
        self, path: str, query: Mapping[str, str] | None = None, /
    ) -> tuple[Document, ...]:
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
    mechanism: Mechanism = Mechanism.RULES, *, limit_s: float = READ_LIMIT_S
) -> World:
    clock = VirtualClock()
    azure = Azure(clock)
    settings = AppGwSettings(gateway_id=ID, owner="shop", mechanism=mechanism)
    reader = TrafficReader(azure, ID, settings=settings, clock=clock, limit_s=limit_s)
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
