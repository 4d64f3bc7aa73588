"""A gateway that is put over ARM serves, and what ARM says of it is what its Envoys do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bascule.lab.arm.dataplane.plane import DataPlane
from bascule.lab.arm.network.provider import NetworkProvider
from bascule.lab.arm.requests import ArmReply
from bascule.lab.arm.resources import Document
from tests.support.arm_backends import BLUE, GREEN, Backend, ask
from tests.support.arm_network import GATEWAY, PUBLIC_IP, NetworkLab, gateway_body, network_lab
from tests.support.arm_world import OPERATION_S
from tests.support.network import free_port
from tests.support.waiting import eventually


@asynccontextmanager
async def live_lab(directory: Path) -> AsyncIterator[NetworkLab]:
    """Run the network provider over real gateways, with the article's network made."""
    async with network_lab() as world:
        plane = DataPlane(directory, world.clock)
        world.provider = NetworkProvider(world.world, plane)
        await plane.open()
        try:
            await world.make_article()
            yield world
        finally:
            await plane.close()


async def ended(world: NetworkLab, reply: ArmReply) -> str:
    """Let time pass until an operation ends; return how."""

    async def is_over() -> bool:
        await world.clock.advance(OPERATION_S / 4)
        return bool(world.status(reply)["status"] != "InProgress")

    await eventually(is_over)
    return str(world.status(reply)["status"])


def body(address: str, port: int) -> Document:
    """Return az's body for a gateway that leads to one server of `BACKEND_PORT`."""
    document = gateway_body()
    properties = document["properties"]
    properties["frontendPorts"][0]["properties"]["Port"] = port
    properties["backendHttpSettingsCollection"][0]["properties"]["Port"] = 9000
    properties["backendAddressPools"][0]["properties"]["BackendAddresses"] = [
        {"IpAddress": address}
    ]
    return document


async def test_what_is_put_serves_and_a_put_that_supersedes_wins(tmp_path: Path) -> None:
    async with (
        live_lab(tmp_path) as world,
        Backend(name="blue", address=BLUE),
        Backend(name="green", address=GREEN),
    ):
        public = (await world.get(PUBLIC_IP))["properties"]["ipAddress"]
        port = free_port(public)
        assert await ended(world, await world.ask("PUT", GATEWAY, body(BLUE, port))) == "Succeeded"
        assert (await ask(address=public, port=port)).body["name"] == "blue"

        superseded = await world.ask("PUT", GATEWAY, body(GREEN, port))
        await world.clock.advance(OPERATION_S * 0.4)
        winner = await world.ask("PUT", GATEWAY, body(BLUE, port))

        assert world.status(superseded)["status"] == "Canceled"
        assert await ended(world, winner) == "Succeeded"
        answers = [await ask(address=public, port=port) for _ in range(10)]
        assert {each.body["name"] for each in answers} == {"blue"}


async def test_a_port_that_may_not_be_bound_fails_the_operation_and_says_why(
    tmp_path: Path,
) -> None:
    async with live_lab(tmp_path) as world:
        public = (await world.get(PUBLIC_IP))["properties"]["ipAddress"]
        async with Backend(name="other", address=public, port=free_port(public)) as other:
            reply = await world.ask("PUT", GATEWAY, body(BLUE, other.port))

            assert await ended(world, reply) == "Failed"
            error = world.status(reply)["error"]
            assert error["code"] == "ApplicationGatewayFrontendPortNotUsable"
            assert "another process of this machine listens there" in error["message"]
