"""Which host and path answers at a real Envoy, by plain HTTP and by TLS."""

import asyncio
import ssl
from pathlib import Path

import pytest

from bascule.ids import Cluster
from bascule.routing.certificates import Certificate
from bascule.routing.model import Host, PathKind, RouteSettings
from tests.support import tables
from tests.support.envoy_world import EnvoyWorld, envoy_world, fetch
from tests.support.pki import Authority
from tests.support.tables import ALL_BLUE


def _tls_host(world: EnvoyWorld, name: str, certificate: Certificate | None) -> Host:
    both = [world.backend(cluster) for cluster in Cluster]
    return tables.host(name, tables.route(*both), certificate=certificate, is_tls=True)


async def test_paths_match_by_element_and_exact_ones_to_the_letter(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        blue, green = (world.backend(cluster) for cluster in Cluster)
        host = tables.host(
            "shop.example.com",
            tables.route(None, green, path="/exact", kind=PathKind.EXACT),
            tables.route(blue, None, path="/foo"),
        )
        await world.apply(world.routes(host))

        asked = ["/foo", "/foo/", "/foo/bar", "/foo?a=b", "/foobar", "/exact", "/exact/", "/"]
        answers = [await world.ask("shop.example.com", path) for path in asked]

        assert answers == ["blue", "blue", "blue", "blue", "404", "green", "404", "404"]


async def test_hosts_match_whatever_case_and_port_and_wildcards_take_one_label(
    tmp_path: Path,
) -> None:
    async with envoy_world(tmp_path) as world:
        blue, green = (world.backend(cluster) for cluster in Cluster)
        wild = tables.host("*.example.com", tables.route(None, green, path="/w"))
        exact = tables.host("shop.example.com", tables.route(blue, None))
        any_host = tables.host("*", tables.route(blue, None, path="/any"))
        await world.apply(world.routes(wild, exact, any_host))

        answers = {
            (name, path): await world.ask(name, path)
            for name, path in [
                ("SHOP.Example.com:8080", "/"),
                ("shop.example.com.", "/"),
                ("a.example.com", "/w"),
                ("A.EXAMPLE.COM:99", "/w"),
                ("a.example.com", "/any"),
                ("a.b.example.com", "/w"),
                ("a.b.example.com", "/any"),
                ("example.com", "/any"),
                ("other.org", "/w"),
            ]
        }

        assert list(answers.values()) == [
            "blue", "blue", "green", "green", "404", "404", "blue", "blue", "404",
        ]  # fmt: skip


async def test_http_1_0_is_served(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        await world.apply(world.routes())

        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(b"GET / HTTP/1.0\r\nhost: shop.example.com\r\n\r\n")
        answer = await reader.read()
        writer.close()

        assert answer.endswith(b"blue")


async def test_tls_is_chosen_by_server_name_and_another_hosts_name_is_misdirected(
    tmp_path: Path,
) -> None:
    authority = Authority()
    shop, pay = (authority.certify(n) for n in ("shop.example.com", "pay.example.com"))
    trusting = authority.trusting
    async with envoy_world(tmp_path) as world:
        hosts = [
            _tls_host(world, "shop.example.com", shop),
            _tls_host(world, "pay.example.com", pay),
        ]
        await world.apply(world.routes(*hosts, tls=True), ALL_BLUE, tables.store(shop, pay))

        async def ask(host: str, server_name: str) -> int:
            answer = await fetch(world.tls_port, host, tls=trusting, server_name=server_name)
            return answer.status

        assert await ask("shop.example.com", "shop.example.com") == 200
        assert await ask("pay.example.com:8443", "pay.example.com") == 200
        assert await ask("pay.example.com", "shop.example.com") == 421
        assert await ask("unknown.org", "shop.example.com") == 421
        assert await world.ask("shop.example.com") == "blue"
        with pytest.raises(OSError):  # noqa: PT011 - a closed handshake has many faces
            await ask("unknown.org", "unknown.org")


async def test_one_certificate_for_two_hosts_lets_a_connection_be_shared(tmp_path: Path) -> None:
    authority = Authority()
    both = authority.certify("a.example.com", "b.example.com")
    async with envoy_world(tmp_path) as world:
        pair = [world.backend(cluster) for cluster in Cluster]
        hosts = [
            tables.host(name, tables.route(*pair), certificate=both, secret="both")
            for name in ("a.example.com", "b.example.com")
        ]
        await world.apply(world.routes(*hosts, tls=True), ALL_BLUE, tables.store(both))

        answer = await fetch(
            world.tls_port, "b.example.com", tls=authority.trusting, server_name="a.example.com"
        )

        assert answer.status == 200


async def test_a_wildcard_certificate_does_not_open_an_exact_host_of_another(
    tmp_path: Path,
) -> None:
    authority = Authority()
    wild = authority.certify("*.example.com")
    pay = authority.certify("pay.example.com")
    trusting = authority.trusting
    async with envoy_world(tmp_path) as world:
        hosts = [
            _tls_host(world, "*.example.com", wild),
            _tls_host(world, "pay.example.com", pay),
            _tls_host(world, "lost.example.com", None),
        ]
        await world.apply(world.routes(*hosts, tls=True), ALL_BLUE, tables.store(wild, pay))

        async def ask(host: str, server_name: str) -> int:
            answer = await fetch(world.tls_port, host, tls=trusting, server_name=server_name)
            return answer.status

        assert await ask("a.example.com", "a.example.com") == 200
        assert await ask("pay.example.com", "pay.example.com") == 200
        assert await ask("pay.example.com", "a.example.com") == 421
        assert await ask("lost.example.com", "a.example.com") == 421
        with pytest.raises(OSError):  # noqa: PT011 - a closed handshake has many faces
            await ask("lost.example.com", "lost.example.com")


async def test_a_tls_host_without_certificate_is_never_served_in_the_clear(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        host = _tls_host(world, "shop.example.com", None)
        await world.apply(world.routes(host, tls=True))

        assert await world.ask("shop.example.com") == "503"
        with pytest.raises(OSError):  # noqa: PT011 - a closed handshake has many faces
            await fetch(world.tls_port, "shop.example.com", tls=ssl.create_default_context())
        assert world.blue.hits == {}


async def test_ssl_redirect_leads_to_the_tls_port_and_keeps_path_and_method(
    tmp_path: Path,
) -> None:
    authority = Authority()
    shop = authority.certify("shop.example.com")
    async with envoy_world(tmp_path) as world:
        pair = [world.backend(cluster) for cluster in Cluster]
        route = tables.route(*pair, settings=RouteSettings(ssl_redirect=True))
        host = tables.host("shop.example.com", route, certificate=shop)
        await world.apply(world.routes(host, tls=True), ALL_BLUE, tables.store(shop))

        answer = await fetch(world.port, "shop.example.com", "/a?b=c")
        secure = await fetch(world.tls_port, "shop.example.com", tls=authority.trusting)

        assert answer.status == 308
        assert answer.headers["location"] == f"https://shop.example.com:{world.tls_port}/a?b=c"
        assert secure.body == "blue"


async def test_a_renewed_certificate_is_served_without_a_new_listener(tmp_path: Path) -> None:
    old_authority, new_authority = Authority("old"), Authority("new")
    old, new = (a.certify("shop.example.com") for a in (old_authority, new_authority))
    async with envoy_world(tmp_path) as world:
        host = _tls_host(world, "shop.example.com", old)
        await world.apply(world.routes(host, tls=True), ALL_BLUE, tables.store(old))
        renewed = _tls_host(world, "shop.example.com", new)

        await world.apply(world.routes(renewed, tls=True), ALL_BLUE, tables.store(new))

        context = new_authority.trusting
        assert (await fetch(world.tls_port, "shop.example.com", tls=context)).status == 200
        stats = await world.process.admin.fetch_text("/stats", filter="listener_manager.listener")
        assert "listener_manager.listener_modified: 0" in stats
        assert "listener_manager.listener_in_place_updated: 0" in stats


async def test_a_new_tls_host_leaves_the_connections_of_others_alone(tmp_path: Path) -> None:
    authority = Authority()
    shop, pay = (authority.certify(n) for n in ("shop.example.com", "pay.example.com"))
    async with envoy_world(tmp_path) as world:
        first = _tls_host(world, "shop.example.com", shop)
        await world.apply(world.routes(first, tls=True), ALL_BLUE, tables.store(shop))
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", world.tls_port, ssl=authority.trusting, server_hostname=first.name
        )

        async def ask() -> bytes:
            writer.write(b"GET / HTTP/1.1\r\nhost: shop.example.com\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            return await reader.readexactly(4)

        assert await ask() == b"blue"
        second = _tls_host(world, "pay.example.com", pay)
        await world.apply(world.routes(first, second, tls=True), ALL_BLUE, tables.store(shop, pay))

        assert await ask() == b"blue"
        answer = await fetch(world.tls_port, "pay.example.com", tls=authority.trusting)
        assert answer.body == "blue"
        stats = await world.process.admin.fetch_text("/stats", filter="listener_manager.listener")
        assert "listener_manager.listener_in_place_updated: 1" in stats
        writer.transport.abort()
