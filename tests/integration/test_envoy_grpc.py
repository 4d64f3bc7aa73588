"""gRPC streams through a real Envoy, to backends that speak HTTP/2 in the clear."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from bascule.ids import Cluster
from bascule.routing.model import BackendProtocol
from tests.support import tables
from tests.support.envoy_world import envoy_world
from tests.support.tables import ALL_GREEN
from tests.support.waiting import eventually


@asynccontextmanager
async def _echo_server(name: str) -> AsyncIterator[int]:
    async def echo(requests: AsyncIterator[bytes], _context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield name.encode() + b":" + request

    server = grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(echo)
    service = grpc.method_handlers_generic_handler("test.Echo", {"Echo": handler})
    server.add_generic_rpc_handlers((service,))
    port: int = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(grace=None)


async def test_a_grpc_stream_stays_and_a_new_one_on_the_same_connection_goes_to_green(
    tmp_path: Path,
) -> None:
    async with (
        _echo_server("blue") as blue,
        _echo_server("green") as green,
        envoy_world(tmp_path) as world,
    ):
        ports = {Cluster.BLUE: blue, Cluster.GREEN: green}
        pair = [
            tables.backend(cluster, "echo", ports[cluster], protocol=BackendProtocol.H2C)
            for cluster in Cluster
        ]
        routes = world.routes(tables.host("*", tables.route(*pair)))
        await world.apply(routes)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{world.port}") as channel:
            echo = channel.stream_stream("/test.Echo/Echo")
            old = echo()
            await old.write(b"1")
            assert await old.read() == b"blue:1"

            await world.apply(routes, ALL_GREEN)
            new = echo()
            await new.write(b"2")
            await old.write(b"3")

            assert await new.read() == b"green:2"
            assert await old.read() == b"blue:3"
            active = {
                c: t.requests_active for c, t in (await world.driver.observe()).traffic.items()
            }
            assert active == {Cluster.BLUE: 1, Cluster.GREEN: 1}
            await old.done_writing()

            async def is_drained() -> bool:
                traffic = (await world.driver.observe()).traffic
                return traffic[Cluster.BLUE].requests_active == 0

            await eventually(is_drained)
            new.cancel()
