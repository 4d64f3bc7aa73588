"""Application gateways put over ARM serve for real, through updates that supersede each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bascule.lab.arm.dataplane.plane import DataPlane
from bascule.lab.arm.network.provider import NetworkProvider
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.requests import ArmReply
from bascule.lab.arm.world import ArmWorld
from tests.support.arm_backends import BLUE, GREEN, PUBLIC, Backend, names
from tests.support.arm_gateways import BACKEND_PORT
from tests.support.arm_network import (
    GATEWAY,
    NETWORK,
    PUBLIC_IP,
    gateway_body,
    network_body,
    public_ip_body,
)
from tests.support.arm_world import OPERATION_S, ask, make_world, running
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually


@dataclass(slots=True, kw_only=True)
class Served:
    """A provider with a live data plane, on a clock that is told."""

    world: ArmWorld
    clock: VirtualClock
    provider: NetworkProvider

    async def put(self, address: str) -> Operation:
        """Have the gateway lead to one server, and return the operation that began."""
        pool = {"name": "pool", "properties": {"backendAddresses": [{"ipAddress": address}]}}
        settings = {"name": "settings", "properties": {"port": BACKEND_PORT, "protocol": "Http"}}
        body = gateway_body(backendAddressPools=[pool], backendHttpSettingsCollection=[settings])
        return self._operation(await ask(self.provider, "PUT", GATEWAY, body))

    async def stop(self) -> Operation:
        return self._operation(await ask(self.provider, "POST", f"{GATEWAY}/stop"))

    async def end(self, operation: Operation) -> None:
        """Let time pass until an operation has ended; Envoys take real time."""

        async def ended() -> None:
            await eventually(lambda: operation.is_ended)

        await self.clock.drive(ended())

    def _operation(self, reply: ArmReply) -> Operation:
        url = reply.headers["Azure-AsyncOperation"]
        found = self.world.operations.find(url.partition("?")[0].rpartition("/")[2])
        assert found is not None
        return found


async def make_network(world: ArmWorld, clock: VirtualClock) -> None:
    """Make a network and a public IP, whose address belongs to this process of tests."""
    provider = NetworkProvider(world, DataPlane(Path(), clock))
    await ask(provider, "PUT", NETWORK, network_body())
    await ask(provider, "PUT", PUBLIC_IP, public_ip_body())
    await clock.advance(OPERATION_S + 1)
    document = (await ask(provider, "GET", PUBLIC_IP)).body
    document["properties"]["ipAddress"] = PUBLIC
    world.resources.put(document)


@asynccontextmanager
async def serving(world: ArmWorld, clock: VirtualClock, directory: Path) -> AsyncIterator[Served]:
    plane = DataPlane(directory, clock)
    await plane.open()
    try:
        provider = NetworkProvider(world, plane)
        await provider.start()
        yield Served(world=world, clock=clock, provider=provider)
    finally:
        await plane.close()


async def test_a_gateway_serves_what_was_put_last_and_again_after_a_restart(
    tmp_path: Path,
) -> None:
    clock = VirtualClock()
    world = make_world(clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(world))
        for name, address in (("blue", BLUE), ("green", GREEN)):
            await stack.enter_async_context(Backend(name=name, address=address))
        await make_network(world, clock)
        async with serving(world, clock, tmp_path) as served:
            created = await served.put(BLUE)
            await served.end(created)
            assert await names(4) == {"blue"}

            first = await served.put(GREEN)
            await clock.advance(OPERATION_S / 2)
            await eventually(_both_answer)
            second = await served.put(BLUE)
            await served.end(second)
            assert (created.status, first.status, second.status) == (
                "Succeeded",
                "Canceled",
                "Succeeded",
            )
            assert await names(8) == {"blue"}

        async with serving(world, clock, tmp_path) as served:
            assert await names(4) == {"blue"}

            await served.end(await served.stop())
            assert not await _listens()
            await served.end(await served.put(GREEN))
            assert await names(4) == {"green"}


async def _both_answer() -> bool:
    return await names(10) == {"blue", "green"}


async def _listens() -> bool:
    try:
        _, writer = await asyncio.open_connection(PUBLIC, 8080)
    except OSError:
        return False
    writer.close()
    return True
