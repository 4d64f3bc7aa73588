"""Load balancers of lab clusters pass connections on to ready pods, and to nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bascule.lab.controllers.network.load_balancers import LoadBalancers
from bascule.lab.controllers.work import Key
from bascule.lab.pods.network import span
from tests.support.lab_plane import Plane, service
from tests.support.waiting import eventually

FRONT = "127.233.200.1"
BACKS = span("127.233.1.1", "127.233.1.9")
FRONTS = span("127.233.200.1", "127.233.200.9")
PORT = 18_089
WEB = Key("default", "web")


class World(Plane):
    def __init__(self) -> None:
        super().__init__()
        self.balancers = LoadBalancers(self.store, FRONTS, BACKS)

    def publish(self, **status: Any) -> None:
        ports = [{"name": "http", "port": PORT, "targetPort": 8080}]
        made = self.create("services", service("web", type="LoadBalancer", ports=ports))
        self.store.update_status("services", {**made, "status": {"loadBalancer": status}})
        self.balancers.reconcile(WEB)

    def add_endpoint(self, address: str, port: int, *, is_ready: bool) -> None:
        labels = {"kubernetes.io/service-name": "web"}
        self.create(
            "endpointslices.discovery.k8s.io",
            {
                "metadata": {"name": f"web-{port}", "labels": labels},
                "addressType": "IPv4",
                "endpoints": [{"addresses": [address], "conditions": {"ready": is_ready}}],
                "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
            },
        )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(world.balancers.run())
        yield world
        running.cancel()


@asynccontextmanager
async def echo(address: str) -> AsyncIterator[int]:
    """Answer each line with the address that it reached."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(address.encode() + b" " + await reader.read())
        writer.close()

    server = await asyncio.start_server(answer, address, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(FRONT, PORT)
    try:
        writer.write(text)
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def is_open() -> bool:
    try:
        _, writer = await asyncio.open_connection(FRONT, PORT)
    except OSError:
        return False
    writer.close()
    return True


async def test_connections_reach_ready_pods_in_turn(world: World) -> None:
    world.publish(ingress=[{"ip": FRONT}])
    await eventually(is_open)

    async with echo("127.233.1.1") as first, echo("127.233.1.2") as second:
        world.add_endpoint("127.233.1.1", first, is_ready=True)
        world.add_endpoint("127.233.1.2", second, is_ready=True)
        world.add_endpoint("127.233.1.3", 9, is_ready=False)
        answers = {await ask(b"hello") for _ in range(4)}

    assert answers == {b"127.233.1.1 hello", b"127.233.1.2 hello"}


async def test_without_a_ready_pod_connections_are_cut(world: World) -> None:
    world.publish(ingress=[{"ip": FRONT}])
    await eventually(is_open)

    with pytest.raises(ConnectionError):
        await ask(b"hello")


async def test_a_service_that_goes_is_listened_for_no_longer(world: World) -> None:
    world.publish(ingress=[{"ip": FRONT}])
    await eventually(is_open)

    world.store.delete("services", "web", "default")
    world.balancers.reconcile(WEB)

    await eventually(_is_closed)


async def _is_closed() -> bool:
    return not await is_open()


async def test_addresses_of_others_are_left_alone(world: World) -> None:
    world.publish(ingress=[{"ip": "127.233.1.1"}])

    assert not await is_open()
