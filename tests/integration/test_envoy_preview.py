"""What reaches one cluster whatever the split says, at a real Envoy."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement, Preview
from bascule.routing.certificates import Certificate
from bascule.routing.model import CertificateRef, Host, RouteSettings
from bascule.routing.weights import Weights
from tests.support import tables
from tests.support.envoy_world import EnvoyWorld, envoy_world, fetch
from tests.support.pki import Authority
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.waiting import eventually

HEADER = "x-bascule-preview"
BY_HEADER = Arrangement(preview=Preview(header=HEADER))
GREEN, BLUE = "X-Bascule-Preview: green", f"{HEADER}: blue"


async def test_the_header_chooses_the_cluster_whatever_the_split_says(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        routes = world.routes()

        for weights, usual in ((ALL_BLUE, "blue"), (ALL_GREEN, "green")):
            await world.apply(routes, weights, arrangement=BY_HEADER)
            asked = [(), (GREEN,), (BLUE,), (f"{HEADER}: Green",), (f"{HEADER}: ",)]
            answers = [await world.ask("shop.example.com", "/", *headers) for headers in asked]

            assert answers == [usual, "green", "blue", usual, usual]


async def test_a_switch_is_one_small_message_under_an_arrangement_too(tmp_path: Path) -> None:
    async with envoy_world(tmp_path, settle_s=60) as world:
        routes = world.routes()
        await world.apply(routes, arrangement=BY_HEADER)

        flip = await world.apply(routes, ALL_GREEN, arrangement=BY_HEADER)

        assert flip.is_split_only
        assert await world.ask() == "green"
        assert await world.ask("shop.example.com", "/", BLUE) == "blue"
        ended = await world.apply(routes, ALL_GREEN)
        assert not ended.is_split_only
        assert await world.ask("shop.example.com", "/", BLUE) == "green"


async def test_a_preview_never_shows_the_other_cluster_and_says_so(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        down = tables.backend(Cluster.GREEN, "web")
        hosts = [
            tables.host("old.example.com", tables.route(world.backend(Cluster.BLUE), None)),
            tables.host("shop.example.com", tables.route(world.backend(Cluster.BLUE), down)),
        ]
        await world.apply(world.routes(*hosts), arrangement=BY_HEADER)

        for host in hosts:
            answer = await fetch(world.port, host.name, headers=(GREEN,))
            assert answer.status == 503
            assert "green has no ready endpoint" in answer.body
            assert await world.ask(host.name, "/", BLUE) == "blue"
            assert await world.ask(host.name) == "blue"


async def test_a_preview_gets_no_cookie_and_is_not_bound_by_one(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        await world.apply(world.routes(), Weights(5_000), arrangement=BY_HEADER)

        user = await fetch(world.port, "shop.example.com")
        cookie = user.headers["set-cookie"].split(";")[0]
        seen = [
            await fetch(world.port, "shop.example.com", headers=(asked, f"cookie: {cookie}"))
            for asked in (GREEN, BLUE)
        ]

        assert [answer.body for answer in seen] == ["green", "blue"]
        assert all("set-cookie" not in answer.headers for answer in seen)


async def test_wildcards_and_the_host_for_any_name_are_previewed_each_by_its_own_routes(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world:
        any_host = tables.host("*", tables.route(world.backend(Cluster.BLUE), None))
        await world.apply(
            world.routes(world.host("*.example.com"), any_host), arrangement=BY_HEADER
        )

        assert await world.ask("a.example.com", "/", GREEN) == "green"
        assert await world.ask("a.b.example.com", "/", GREEN) == "503"
        assert await world.ask("a.b.example.com", "/", BLUE) == "blue"


async def test_tls_hosts_are_previewed_by_header_and_plain_requests_are_still_redirected(
    tmp_path: Path,
) -> None:
    authority = Authority()
    shop = authority.certify("shop.example.com")
    async with envoy_world(tmp_path) as world:
        host = _tls_host(world, shop, is_redirected=True)
        await world.apply(
            world.routes(host, tls=True), ALL_BLUE, tables.store(shop), arrangement=BY_HEADER
        )

        secure = await fetch(
            world.tls_port, "shop.example.com", headers=(GREEN,), tls=authority.trusting
        )
        plain = await fetch(world.port, "shop.example.com", headers=(GREEN,))

        assert secure.body == "green"
        assert plain.status == 308


async def test_a_preview_host_shows_green_under_its_own_name(tmp_path: Path) -> None:
    arrangement = _showing("next.example.com")
    async with envoy_world(tmp_path) as world:
        await world.apply(world.routes(), arrangement=arrangement)

        assert await world.ask("next.example.com") == "green"
        assert await world.ask("next.example.com", "/", BLUE) == "green"
        assert await world.ask() == "blue"
        assert "host: shop.example.com" in world.green.heads[-1].lower()


async def test_a_preview_host_is_served_by_tls_where_the_certificate_is_for_it(
    tmp_path: Path,
) -> None:
    authority = Authority()
    both = authority.certify("shop.example.com", "next.example.com")
    wild = authority.certify("*.example.com")
    trusting = authority.trusting
    async with envoy_world(tmp_path) as world:
        shop = _tls_host(world, both, "shop.example.com", "next.example.com")
        other = _tls_host(world, wild, name="*.example.com")
        routes, store = world.routes(shop, other, tls=True), tables.store(both, wild)
        await world.apply(routes, ALL_BLUE, store)
        await world.apply(routes, ALL_BLUE, store, arrangement=_showing("next.example.com"))

        async def ask(host: str, server_name: str) -> str:
            answer = await fetch(world.tls_port, host, tls=trusting, server_name=server_name)
            return answer.body if answer.status == 200 else str(answer.status)

        assert await ask("next.example.com", "next.example.com") == "green"
        assert await ask("shop.example.com", "shop.example.com") == "blue"
        assert await ask("next.example.com", "other.example.com") == "421"
        assert await ask("other.example.com", "next.example.com") == "421"
        await world.apply(routes, ALL_BLUE, store)
        assert await ask("next.example.com", "next.example.com") == "blue"  # of the wildcard


async def test_a_preview_host_that_the_certificate_is_not_for_is_never_served_by_tls(
    tmp_path: Path,
) -> None:
    authority = Authority()
    shop = authority.certify("shop.example.com")
    async with envoy_world(tmp_path) as world:
        for is_redirected, status in ((True, 503), (False, 200)):
            host = _tls_host(world, shop, "shop.example.com", is_redirected=is_redirected)
            await world.apply(
                world.routes(host, tls=True),
                ALL_BLUE,
                tables.store(shop),
                arrangement=_showing("next.example.com"),
            )

            assert (await fetch(world.port, "next.example.com")).status == status
            with pytest.raises(OSError):  # noqa: PT011 - a closed handshake has many faces
                await fetch(world.tls_port, "next.example.com", tls=authority.trusting)


async def test_a_switch_overtakes_an_arrangement_that_is_being_pushed(tmp_path: Path) -> None:
    async with envoy_world(tmp_path, settle_s=60) as world:
        live = world.routes(*(world.host(f"h{i}.example.com") for i in range(1_000)))
        await world.apply(live)
        async with asyncio.TaskGroup() as tasks:
            bulk = tasks.create_task(world.apply(live, arrangement=BY_HEADER))
            await eventually(lambda: world.driver.is_pushing)
            bulk.cancel()
            flip = tasks.create_task(world.apply(live, ALL_GREEN))

        assert flip.result().is_split_only
        assert await world.ask("h999.example.com") == "green"
        await world.apply(live, ALL_GREEN, arrangement=BY_HEADER)
        back = await world.apply(live, ALL_BLUE, arrangement=BY_HEADER)
        assert back.is_split_only
        assert await world.ask("h0.example.com") == "blue"
        assert await world.ask("h0.example.com", "/", GREEN) == "green"


async def test_a_cluster_that_is_taken_out_leaves_nothing_in_envoy(tmp_path: Path) -> None:
    authority = Authority()
    old, new = (authority.certify("shop.example.com") for _ in range(2))
    async with envoy_world(tmp_path) as world:
        before = _tls_host(world, old)
        await world.apply(world.routes(before, tls=True), ALL_GREEN, tables.store(old))
        held = await _dump(world)
        route = tables.route(None, world.backend(Cluster.GREEN))
        after = replace(_tls_host(world, new, name="shop.example.com"), routes=(route,))

        await world.apply(world.routes(after, tls=True), ALL_GREEN, tables.store(new))

        assert "blue/shop/web/http" in held

        async def is_gone() -> bool:
            return "blue/" not in await _dump(world)

        await eventually(is_gone)
        assert await world.ask() == "green"
        assert set(await world.driver.measure()) == set(Cluster)


async def _dump(world: EnvoyWorld) -> str:
    admin = world.process.admin
    pages = [await admin.fetch_text(path) for path in ("/config_dump?include_eds", "/clusters")]
    return "".join(pages)


def _showing(alias: str) -> Arrangement:
    return Arrangement(preview=Preview(header=HEADER, hosts={alias: "shop.example.com"}))


def _tls_host(
    world: EnvoyWorld,
    certificate: Certificate,
    *names: str,
    name: str = "shop.example.com",
    is_redirected: bool = False,
) -> Host:
    both = [world.backend(cluster) for cluster in Cluster]
    route = tables.route(*both, settings=RouteSettings(ssl_redirect=is_redirected))
    reference = CertificateRef(
        namespace="shop", secret=f"{name}-tls", digest=certificate.digest, names=names
    )
    return Host(name=name, routes=(route,), certificate=reference, is_tls=True)
