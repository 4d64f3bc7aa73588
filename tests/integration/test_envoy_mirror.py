"""Copies of requests go to green, and users notice nothing of it."""

import asyncio
from pathlib import Path

from bascule.gateway.envoy import clusters
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.routing.model import RouteSet
from bascule.routing.weights import Weights
from tests.support import tables
from tests.support.envoy_world import EnvoyWorld, SteadyClients, envoy_world, open_websocket
from tests.support.odd_backend import OddBackend, Oddity
from tests.support.tables import ALL_GREEN
from tests.support.waiting import eventually

ALL = Arrangement(mirror=Mirror(share_bp=10_000), preview=Preview(header="x-bascule-preview"))


def _routes(world: EnvoyWorld, green: OddBackend) -> RouteSet:
    pair = (world.backend(Cluster.BLUE), tables.backend(Cluster.GREEN, "web", green.port))
    return world.routes(tables.host("shop.example.com", tables.route(*pair)))


async def test_green_gets_copies_as_users_sent_them_and_users_get_blues_answers(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world, OddBackend() as green:
        await world.apply(_routes(world, green), arrangement=ALL)

        answers = {await world.ask("shop.example.com", f"/{i}") for i in range(20)}

        await eventually(lambda: len(green.requests) == 20)
        assert answers == {"blue"}
        assert sorted(head.split()[1] for head in green.requests) == sorted(
            f"/{i}" for i in range(20)
        )
        assert "\r\nhost: shop.example.com\r\n" in green.requests[0]

        async def is_counted() -> bool:
            latency = (await world.driver.measure())[Cluster.GREEN].latency
            return latency is not None and sum(latency.counts) == 20

        await eventually(is_counted)


async def test_what_green_breaks_reaches_no_user(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world, OddBackend() as green:
        await world.apply(_routes(world, green), arrangement=ALL)
        clients = SteadyClients(world.port, "shop.example.com")
        async with clients.running(2):
            for oddity in Oddity:
                green.oddity = oddity
                await clients.wait_for_more(20)

        assert clients.failures == []
        assert set(clients.answers) == {"blue"}
        assert (await world.driver.measure())[Cluster.GREEN].failures_total > 0


async def test_copies_that_hang_are_limited_and_green_still_serves_users(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world, OddBackend(Oddity.HANG) as green:
        await world.apply(_routes(world, green), arrangement=ALL)
        clients = SteadyClients(world.port, "shop.example.com")
        async with clients.running(8):
            await clients.wait_for_more(2 * clusters.COPIES_MAX + 200)

        assert clients.failures == []
        traffic = await world.driver.measure()
        active = traffic[Cluster.GREEN].requests_active
        assert active is not None
        assert active <= clusters.COPIES_MAX
        assert traffic[Cluster.GREEN].failures_total > 0
        green.oddity = Oddity.NONE
        assert await world.ask("shop.example.com", "/", "x-bascule-preview: green") == "ok"


async def test_only_harmless_requests_are_copied(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world, OddBackend() as green:
        await world.apply(_routes(world, green), arrangement=ALL)

        _, websocket = await open_websocket(world.port, "shop.example.com")
        reader, poster = await asyncio.open_connection("127.0.0.1", world.port)
        poster.write(b"POST /p HTTP/1.1\r\nhost: shop.example.com\r\ncontent-length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await world.ask("shop.example.com", "/previewed", "x-bascule-preview: blue")
        await world.ask("shop.example.com", "/copied")

        await eventually(lambda: green.requests)
        assert [head.split()[1] for head in green.requests] == ["/copied"]
        websocket.close()
        poster.close()


async def test_nothing_is_copied_from_green_to_green(tmp_path: Path) -> None:
    async with envoy_world(tmp_path, settle_s=60) as world, OddBackend() as green:
        routes = _routes(world, green)
        await world.apply(routes, arrangement=ALL)

        for weights in (ALL_GREEN, Weights(5_000)):
            await world.apply(routes, weights, arrangement=ALL)
            green.requests.clear()
            world.blue.heads.clear()
            for _ in range(20):
                await world.ask()
            assert len(green.requests) + len(world.blue.heads) == 20


async def test_a_share_is_copied(tmp_path: Path) -> None:
    half = Arrangement(mirror=Mirror(share_bp=5_000))
    async with envoy_world(tmp_path) as world, OddBackend() as green:
        await world.apply(_routes(world, green), arrangement=half)
        clients = SteadyClients(world.port, "shop.example.com")
        async with clients.running():
            await clients.wait_for_more(300)

        assert 0.3 < len(green.requests) / clients.answers.total() < 0.7
