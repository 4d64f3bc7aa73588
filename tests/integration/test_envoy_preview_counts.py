"""What users ask and what previews ask is counted apart, at a real Envoy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bascule.app.clock import SystemClock
from bascule.gateway.driver import ClusterTraffic
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.routing.weights import Split
from bascule.upgrade.standstill import observe_standstill
from tests.support import tables
from tests.support.envoy_world import EnvoyWorld, SteadyClients, envoy_world, fetch
from tests.support.odd_backend import OddBackend, Oddity
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.waiting import eventually

HOST, ALIAS = "shop.example.com", "next.example.com"
PREVIEW = Preview(header="x-bascule-preview", hosts={ALIAS: HOST})
PREVIEWED = Arrangement(preview=PREVIEW)
MIRRORED = Arrangement(preview=PREVIEW, mirror=Mirror(share_bp=10_000))
GREEN, BLUE = "x-bascule-preview: green", "x-bascule-preview: blue"


async def test_users_previews_and_copies_are_counted_apart(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world, OddBackend() as green:
        route = tables.route(
            world.backend(Cluster.BLUE), tables.backend(Cluster.GREEN, "web", green.port)
        )
        routes = world.routes(tables.host(HOST, route), tables.host("*.example.com", route))
        await world.apply(routes, arrangement=MIRRORED)
        for _ in range(5):
            await world.ask("any.example.com")
        for name, header in ((HOST, GREEN), (HOST, BLUE), (ALIAS, ""), ("any.example.com", GREEN)):
            await fetch(world.port, name, headers=(header,) if header else ())
        green.oddity = Oddity.ERROR
        for _ in range(3):
            await fetch(world.port, HOST, headers=(GREEN,))

        async def is_counted() -> bool:
            latency = (await world.driver.measure())[Cluster.GREEN].latency
            return latency is not None and sum(latency.counts) == 5

        await eventually(is_counted)
        blue, green_traffic = await _measure(world)
        assert (blue.requests_total, blue.completed_total, blue.failures_total) == (5, 5, 0)
        assert blue.previews_total == 1
        assert blue.latency is not None
        assert sum(blue.latency.counts) == 5
        assert (green_traffic.requests_total, green_traffic.completed_total) == (5, 5)
        assert (green_traffic.failures_total, green_traffic.abandoned_total) == (0, 0)
        assert green_traffic.previews_total == 6


async def test_what_was_a_preview_stays_one_when_previews_end_and_begin_again(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world:
        routes = world.routes()
        await world.apply(routes, arrangement=PREVIEWED)
        await _preview(world, 5)
        assert (await _measure(world))[1].previews_total == 5

        await world.apply(routes)
        assert await world.ask() == "blue"

        for arrangement in (None, PREVIEWED):
            if arrangement is not None:
                await world.apply(routes, arrangement=arrangement)
                await _preview(world, 2)
            blue, green = await _measure(world)
            assert (blue.requests_total, blue.completed_total) == (1, 1)
            assert (green.requests_total, green.completed_total, green.failures_total) == (0, 0, 0)
            assert green.previews_total == (5 if arrangement is None else 7)


async def test_a_preview_that_its_client_gives_up_is_nobodys_abandoned_request(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world, OddBackend(Oddity.HANG) as green:
        pair = (world.backend(Cluster.BLUE), tables.backend(Cluster.GREEN, "web", green.port))
        routes = world.routes(tables.host(HOST, tables.route(*pair)))
        await world.apply(routes, arrangement=PREVIEWED)
        assert await world.ask() == "blue"
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(fetch(world.port, HOST, headers=(GREEN,)))
            await eventually(lambda: green.requests)
            assert (await _measure(world))[1].requests_active == 1
            asking.cancel()

        async def is_over() -> bool:
            return (await _measure(world))[1].requests_active == 0

        await eventually(is_over)
        seen = (await _measure(world))[1]
        assert (seen.requests_total, seen.abandoned_total, seen.previews_total) == (0, 0, 1)


PREVIEWS_UNDER_WAY = 1
"""Of each cluster, at any moment."""


async def test_a_switch_is_over_although_previews_go_on(tmp_path: Path) -> None:
    clock = SystemClock()
    async with envoy_world(tmp_path) as world:
        routes = world.routes()
        await world.apply(routes, arrangement=PREVIEWED)
        users = SteadyClients(world.port, HOST)
        async with users.running(2), _previewing(world):
            await users.wait_for_more(20)
            for weights, idle in ((ALL_GREEN, Cluster.BLUE), (ALL_BLUE, Cluster.GREEN)):
                applied = await world.apply(routes, weights, arrangement=PREVIEWED)
                over_s = await observe_standstill(
                    world.driver,
                    clock,
                    Split(weights),
                    acknowledged_s=applied.acknowledged_s,
                )
                settled = (await world.driver.observe()).traffic[idle]
                await users.wait_for_more(200)
                after = (await world.driver.observe()).traffic[idle]

                assert over_s is not None
                # The one preview that is under way at a look is told from users only when it ends.
                users_more = after.requests_total - settled.requests_total
                assert abs(users_more) <= PREVIEWS_UNDER_WAY
                assert (after.previews_total or 0) > (settled.previews_total or 0) + 10
        assert users.failures == []


@asynccontextmanager
async def _previewing(world: EnvoyWorld) -> AsyncIterator[None]:
    """Ask both clusters by the header, over and over."""

    async def repeat(header: str) -> None:
        while True:
            await fetch(world.port, HOST, headers=(header,))

    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(repeat(header)) for header in (GREEN, BLUE)]
        yield
        for task in asking:
            task.cancel()


async def _preview(world: EnvoyWorld, times: int) -> None:
    for _ in range(times):
        assert await world.ask(HOST, "/", GREEN) == "green"


async def _measure(world: EnvoyWorld) -> tuple[ClusterTraffic, ClusterTraffic]:
    traffic = await world.driver.measure()
    return traffic[Cluster.BLUE], traffic[Cluster.GREEN]
