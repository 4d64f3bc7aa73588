"""Switching traffic at a real Envoy."""

import asyncio
from itertools import count
from pathlib import Path

from bascule.gateway.driver import Convergence
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.model import RouteSet, RouteSettings
from bascule.routing.weights import Weights
from tests.support import tables
from tests.support.envoy_world import SteadyClients, envoy_world, fetch, open_websocket
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.waiting import eventually


async def test_switching_to_and_fro_under_requests_fails_none_and_leaves_none_behind(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world:
        routes = world.routes()
        await world.apply(routes)
        clients = SteadyClients(world.port, "shop.example.com")
        async with clients.running():
            for weights in (ALL_GREEN, ALL_BLUE, Weights(5_000), ALL_GREEN, ALL_BLUE, ALL_GREEN):
                await world.apply(routes, weights)
                expected = {c.value for c in Cluster if weights.of(c)}
                await clients.wait_for_more(40)
                assert await world.ask() in expected

        assert clients.failures == []
        assert clients.answers["blue"] > 0
        assert clients.answers["green"] > 0


async def test_a_flip_is_one_small_message_and_the_routes_follow_later(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        routes = world.routes()
        first = await world.apply(routes)

        flip = await world.apply(routes, ALL_GREEN)

        assert (first.is_split_only, flip.is_split_only) == (False, True)
        assert await world.process.admin.fetch_runtime() == {"bascule.green": "100"}
        assert await world.ask() == "green"

        async def is_consolidated() -> bool:
            return await world.process.admin.fetch_runtime() == {}

        await eventually(is_consolidated)
        assert await world.ask() == "green"
        assert (await world.driver.observe()).convergence is Convergence.CONVERGED


async def test_a_rollback_right_after_a_flip_stops_the_routes_from_following(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path, settle_s=30) as world:
        routes = world.routes()
        await world.apply(routes)
        await world.apply(routes, ALL_GREEN)

        back = await world.apply(routes, ALL_BLUE)

        assert back.is_split_only
        assert await world.ask() == "blue"


async def test_users_with_a_cookie_stay_and_nobody_moves_back_as_the_share_grows(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world:
        routes = world.routes()
        cookies: list[str] = []
        await world.apply(routes, Weights(9_000))
        first: list[str] = []
        for _ in range(80):
            answer = await fetch(world.port, "shop.example.com")
            first.append(answer.body)
            cookies.append(answer.headers["set-cookie"].split(";")[0])

        async def ask_all() -> list[str]:
            return [await world.ask("shop.example.com", "/", f"cookie: a=b; {c}") for c in cookies]

        assert await ask_all() == first
        green: set[int] = set()
        for blue_bp in (9_000, 5_000, 1_000, 0):
            await world.apply(routes, Weights(blue_bp))
            now = {i for i, body in enumerate(await ask_all()) if body == "green"}
            assert green <= now
            green = now
        assert len(green) == len(cookies)


async def test_a_header_keeps_a_user_on_a_cluster(tmp_path: Path) -> None:
    settings = RouteSettings(affinity=Affinity(kind=AffinityKind.HEADER, name="x-user"))
    async with envoy_world(tmp_path) as world:
        both = [world.backend(cluster) for cluster in Cluster]
        host = tables.host("shop.example.com", tables.route(*both, settings=settings))
        await world.apply(world.routes(host), Weights(5_000))

        seen = {
            user: {await world.ask("shop.example.com", "/", f"x-user: u{user}") for _ in range(3)}
            for user in range(30)
        }

        assert {len(found) for found in seen.values()} == {1}
        assert {next(iter(found)) for found in seen.values()} == {"blue", "green"}


async def test_a_hundredth_of_a_percent_is_told_from_nothing(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        routes = world.routes()
        await world.apply(routes, Weights(9_999))

        answer = await fetch(world.port, "shop.example.com")

        dump = await world.process.admin.fetch_json(
            "/config_dump", resource="dynamic_route_configs"
        )
        host = dump["configs"][0]["route_config"]["virtual_hosts"][0]
        shares = host["routes"][-1]["route"]["weighted_clusters"]["clusters"]
        assert [share["weight"] for share in shares] == [9_999, 1]
        assert "bascule=" in answer.headers["set-cookie"]
        observed = await world.driver.observe()
        assert observed.split is not None
        assert observed.split.default == Weights(9_999)


async def test_a_host_with_weights_of_its_own_is_switched_by_itself(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        routes = world.routes(world.host(), world.host("pay.example.com"))
        await world.apply(routes, ALL_BLUE, pay_example_com=ALL_GREEN)
        assert (await world.ask(), await world.ask("pay.example.com")) == ("blue", "green")

        flip = await world.apply(routes, ALL_GREEN, pay_example_com=ALL_BLUE)

        assert flip.is_split_only
        assert (await world.ask(), await world.ask("pay.example.com")) == ("green", "blue")


async def test_a_route_of_one_cluster_is_served_from_there_whatever_the_weights(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world:
        only_blue = tables.host("old.example.com", tables.route(world.backend(Cluster.BLUE), None))
        routes = world.routes(world.host(), only_blue)
        await world.apply(routes)

        await world.apply(routes, ALL_GREEN)

        assert await world.ask("old.example.com") == "blue"
        assert await world.ask() == "green"


async def test_a_websocket_stays_through_the_switch_and_is_counted_until_it_ends(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world:
        routes = world.routes()
        await world.apply(routes)
        reader, writer = await open_websocket(world.port, "shop.example.com")

        await world.apply(routes, ALL_GREEN)
        writer.write(b"hello")

        assert await reader.readexactly(10) == b"blue:hello"
        traffic = (await world.driver.observe()).traffic
        assert traffic[Cluster.BLUE].requests_active == 1
        writer.close()
        await writer.wait_closed()

        async def is_drained() -> bool:
            seen = (await world.driver.observe()).traffic
            return seen[Cluster.BLUE].requests_active == 0

        await eventually(is_drained)


async def test_a_websocket_outlives_the_cluster_that_serves_it(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        await world.apply(world.routes())
        reader, writer = await open_websocket(world.port, "shop.example.com")
        green = tables.host("shop.example.com", tables.route(None, world.backend(Cluster.GREEN)))

        await world.apply(world.routes(green), ALL_GREEN)
        writer.write(b"still")

        assert await reader.readexactly(10) == b"blue:still"
        assert await world.ask() == "green"
        writer.close()


async def test_the_last_endpoint_of_a_cluster_goes_without_a_failure(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        full = world.routes()
        gone = tables.backend(Cluster.BLUE, "web")
        green = world.backend(Cluster.GREEN)
        empty = world.routes(tables.host("shop.example.com", tables.route(gone, green)))
        await world.apply(full)
        clients = SteadyClients(world.port, "shop.example.com")
        async with clients.running():
            for routes in (empty, full, empty, full, empty):
                await world.apply(routes)
                await asyncio.sleep(0)

        assert clients.failures == []
        assert await world.ask() == "green"


async def test_a_change_of_one_endpoint_reaches_its_host_alone(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        hosts = [world.host(f"h{i}.example.com", f"s{i}") for i in range(200)]
        await world.apply(world.routes(*hosts))
        other = tables.backend(Cluster.BLUE, "s7", world.green.port)
        hosts[7] = tables.host(
            "h7.example.com", tables.route(other, world.backend(Cluster.GREEN, "s7"))
        )

        await world.apply(world.routes(*hosts))

        assert await world.ask("h7.example.com") == "green"
        assert await world.ask("h8.example.com") == "blue"


async def test_the_routes_follow_a_switch_although_endpoints_change_all_the_time(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path, settle_s=0.3) as world:
        green = world.backend(Cluster.GREEN)

        def routes(spare: bool) -> RouteSet:  # noqa: FBT001 - two shapes of one thing
            ports = (world.blue.port, world.green.port) if spare else (world.blue.port,)
            blue = tables.backend(Cluster.BLUE, "web", *ports)
            return world.routes(tables.host("shop.example.com", tables.route(blue, green)))

        await world.apply(routes(spare=False))
        await world.apply(routes(spare=False), ALL_GREEN)

        for turn in count():
            await world.apply(routes(spare=turn % 2 == 0), ALL_GREEN)
            if await world.process.admin.fetch_runtime() == {}:
                break

        assert await world.ask() == "green"


async def test_a_switch_overtakes_routes_that_are_being_pushed(tmp_path: Path) -> None:
    async with envoy_world(tmp_path, settle_s=60) as world:
        hosts = [world.host(f"h{i}.example.com") for i in range(1_000)]
        live = world.routes(*hosts)
        await world.apply(live)
        extra = tables.route(world.backend(Cluster.BLUE), None, path="/x")
        moved = [tables.host(host.name, extra, *host.routes) for host in hosts]
        more = world.routes(*moved)
        async with asyncio.TaskGroup() as tasks:
            bulk = tasks.create_task(world.apply(more))
            await eventually(lambda: world.driver.is_pushing)
            bulk.cancel()
            flip = tasks.create_task(world.apply(live, ALL_GREEN))

        assert flip.result().is_split_only
        assert await world.ask("h999.example.com") == "green"
        observed = await world.driver.observe()
        assert observed.convergence is Convergence.CONVERGED, observed.reason
        await world.apply(more, ALL_GREEN)
        assert await world.ask("h0.example.com", "/x") == "blue"
