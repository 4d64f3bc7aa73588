"""What a real Envoy counts when requests fail, each in its own way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from bascule.gateway.driver import ClusterTraffic
from bascule.gateway.envoy.statistics import LATENCY_BOUNDS_MS
from bascule.ids import Cluster
from bascule.routing.model import Backend, Host, RouteSettings
from tests.support import tables
from tests.support.envoy_world import EnvoyWorld, envoy_world, fetch, open_websocket
from tests.support.network import free_port
from tests.support.odd_backend import OddBackend, Oddity
from tests.support.waiting import eventually

HOST = "shop.example.com"


@asynccontextmanager
async def serving(
    state: Path, *oddities: Oddity, ports: tuple[int, ...] = (), timeout_s: float | None = None
) -> AsyncIterator[EnvoyWorld]:
    """Run an Envoy whose blue is of these backends, and of nobody at `ports`."""
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(envoy_world(state))
        odd = [await stack.enter_async_context(OddBackend(oddity)) for oddity in oddities]
        blue = tables.backend(Cluster.BLUE, "web", *(b.port for b in odd), *ports)
        await world.apply(world.routes(_host(blue, timeout_s)))
        yield world


def _host(blue: Backend, timeout_s: float | None = None) -> Host:
    settings = RouteSettings(timeout_s=timeout_s)
    return tables.host(HOST, tables.route(blue, None, settings=settings))


async def ask(world: EnvoyWorld, times: int = 3, *, patience_s: float = 10.0) -> None:
    for _ in range(times):
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(patience_s):
                await fetch(world.port, HOST)


async def blue(world: EnvoyWorld) -> ClusterTraffic:
    return (await world.driver.measure())[Cluster.BLUE]


async def counted(world: EnvoyWorld) -> tuple[int | None, int, int | None]:
    """Return completed, failed and abandoned requests of blue once none is open."""

    async def is_over() -> bool:
        return (await blue(world)).requests_active == 0

    await eventually(is_over)
    seen = await blue(world)
    return seen.completed_total, seen.failures_total, seen.abandoned_total


async def test_answers_are_completed_and_their_latencies_are_in_our_own_buckets(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, Oddity.NONE) as world:
        await ask(world)

        assert await counted(world) == (3, 0, 0)

        async def has_latencies() -> bool:
            latency = (await blue(world)).latency
            return latency is not None and sum(latency.counts) == 3

        await eventually(has_latencies)
        latency = (await blue(world)).latency
        assert latency is not None
        assert latency.bounds_ms == LATENCY_BOUNDS_MS


async def test_what_a_backend_breaks_is_a_failure_once(tmp_path: Path) -> None:
    async with serving(tmp_path, Oddity.NONE) as world:
        broken = (Oddity.ERROR, Oddity.CLOSE, Oddity.BREAK, Oddity.RESET, Oddity.GARBAGE)
        for number, oddity in enumerate(broken, 1):
            async with OddBackend(oddity) as odd:
                backend = tables.backend(Cluster.BLUE, f"s{number}", odd.port)
                await world.apply(world.routes(_host(backend)))
                await ask(world)

                assert await counted(world) == (3, 3, 0), oddity


async def test_refused_connections_are_failures_unless_a_retry_saves_them(tmp_path: Path) -> None:
    async with serving(tmp_path, ports=(free_port(),)) as world:
        await ask(world)

        assert await counted(world) == (3, 3, 0)

        async with OddBackend() as good:
            saved = tables.backend(Cluster.BLUE, "saved", good.port, free_port())
            await world.apply(world.routes(_host(saved)))
            await ask(world, 10)
            assert await counted(world) == (10, 0, 0)


async def test_no_endpoint_is_a_failure(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        await ask(world)

        assert await counted(world) == (3, 3, 0)


async def test_a_hang_is_a_failure_at_its_time_limit(tmp_path: Path) -> None:
    async with serving(tmp_path, Oddity.HANG, timeout_s=0.1) as world:
        await ask(world)

        assert await counted(world) == (3, 3, 0)


async def test_a_hang_that_the_client_ends_is_abandoned(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world, OddBackend(Oddity.HANG) as odd:
        hanging = _host(tables.backend(Cluster.BLUE, "hanging", odd.port))
        await world.apply(world.routes(hanging, world.host("well.example.com")))
        assert await world.ask("well.example.com") == "blue"

        await ask(world, patience_s=0.2)

        assert await counted(world) == (1, 0, 3)


async def test_a_websocket_that_ends_is_no_failure(tmp_path: Path) -> None:
    async with envoy_world(tmp_path) as world:
        await world.apply(world.routes())
        reader, writer = await open_websocket(world.port, HOST)
        writer.write(b"hello")
        await reader.readexactly(10)
        writer.close()

        assert await counted(world) == (1, 0, 0)


async def test_counting_begins_anew_with_another_envoy(tmp_path: Path) -> None:
    async with serving(tmp_path, Oddity.NONE) as world:
        await ask(world)
        before = (await blue(world)).requests_total

        await world.process.stop()
        await world.process.start()
        await eventually(world.process.admin.is_ready)

        assert (await blue(world)).requests_total < before


async def test_without_an_answer_nothing_is_claimed(tmp_path: Path) -> None:
    async with serving(tmp_path, Oddity.NONE) as world:
        await world.process.stop()

        assert await world.driver.measure() == {}
