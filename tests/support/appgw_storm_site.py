"""Where a storm on a gateway takes place: an Azure whose clock jumps, or one that serves, in haste.

Both run in one event loop, so that a test may look at what Azure holds at any moment.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

from aiohttp import web
from typing_extensions import override

from bascule.ids import Cluster
from bascule.lab.arm.addresses import real_address
from tests.support.arm_backends import BLUE, GREEN
from tests.support.azure_place import azure_place
from tests.support.gateway_lab import GatewayLab, gateway_lab
from tests.support.network import free_port
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

IfMatch = Literal["honour", "ignore"]
Body = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")

FACTOR = 50.0
FLOW_S = 0.002
"""So often a clock that flows is moved."""
BACKEND_PORT = 9010
FOREIGN = "foreign"


class FlowingClock(VirtualClock):
    """Goes `factor` times as fast as time does while it flows; else it is moved by hand."""

    factor = FACTOR

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Let time pass during the block."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._flow())
            yield
            task.cancel()

    async def _flow(self) -> None:
        loop = asyncio.get_running_loop()
        last_s = loop.time()
        while True:
            await asyncio.sleep(FLOW_S)
            now_s = loop.time()
            self._wake_at(self._now_s + (now_s - last_s) * self.factor)
            last_s = now_s

    @override
    async def drive(self, work: Coroutine[object, object, T], *, within_s: float = 1e9) -> T:
        return await work


@dataclass(frozen=True, slots=True, kw_only=True)
class StormSite:
    """A gateway on which nothing is but what is somebody else's. `address` is "" if none serves."""

    lab: GatewayLab
    port: int
    address: str
    servers: Mapping[Cluster, tuple[str, ...]]
    """The addresses of the pods of each cluster."""
    clock: FlowingClock


class InlineExecutor(ThreadPoolExecutor):
    """Runs what would run in a thread at once, so that a seed gives the same storm again."""

    @override
    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        done: Future[T] = Future()
        done.set_result(work(*args, **kwargs))
        return done


@asynccontextmanager
async def quick_site(seed: int, if_match: IfMatch) -> AsyncIterator[StormSite]:
    """Yield a gateway that is a document only, on a clock that jumps."""
    asyncio.get_running_loop().set_default_executor(InlineExecutor(1))
    port = 8080
    async with gateway_lab(
        if_match=if_match, seed=seed, build=partial(foreign_body, port=port + 1)
    ) as lab:
        servers = {Cluster.BLUE: ("10.1.0.4", "10.1.0.5"), Cluster.GREEN: ("10.2.0.4", "10.2.0.5")}
        yield StormSite(lab=lab, port=port, address="", servers=servers, clock=FlowingClock())


@asynccontextmanager
async def live_site(
    directory: Path, seed: int, if_match: IfMatch, *, factor: float = FACTOR
) -> AsyncIterator[StormSite]:
    """Yield a gateway that serves, before two servers of each cluster; waits for its turn."""
    clock = FlowingClock()
    clock.factor = factor
    build = partial(foreign_body, port=free_port())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(azure_place())
        lab = await stack.enter_async_context(
            gateway_lab(if_match=if_match, seed=seed, build=build, clock=clock, directory=directory)
        )
        operations = lab.ours.azure.world.operations
        await eventually(lambda: operations.running_on(lab.gateway_id) is None)
        servers = {Cluster.BLUE: _beside(BLUE), Cluster.GREEN: _beside(GREEN)}
        for cluster, addresses in servers.items():
            for address in addresses:
                await stack.enter_async_context(_serve(cluster, address))
        public = await lab.other.ask("GET", _public_ip(lab.gateway_id))
        await stack.enter_async_context(clock.flowing())
        yield StormSite(
            lab=lab,
            port=free_port(),
            address=public.body["properties"]["ipAddress"],
            servers=servers,
            clock=clock,
        )


def _beside(address: str) -> tuple[str, ...]:
    first, second, rest = address.split(".", 2)
    return address, f"{first}.{int(second) + 2}.{rest}"


def _public_ip(gateway_id: str) -> str:
    return f"{gateway_id.rpartition('/applicationGateways')[0]}/publicIPAddresses/ip"


@asynccontextmanager
async def _serve(cluster: Cluster, address: str) -> AsyncIterator[None]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path}, headers={"x-lab-cluster": cluster})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, real_address(address), BACKEND_PORT).start()
    try:
        yield
    finally:
        await runner.cleanup()


def foreign_body(gateway_id: str, *, subnet_id: str, address_id: str, port: int) -> Body:
    """Return a body whose listener, rule and pool are somebody else's."""

    def ref(kind: str, name: str = FOREIGN) -> Body:
        return {"id": f"{gateway_id}/{kind}/{name}"}

    def part(name: str = FOREIGN, /, **properties: Any) -> Body:
        return {"name": name, "properties": properties}

    rule = {
        "ruleType": "Basic",
        "priority": 19_000,
        "httpListener": ref("httpListeners"),
        "backendAddressPool": ref("backendAddressPools"),
        "backendHttpSettings": ref("backendHttpSettingsCollection"),
    }
    listener = {
        "frontendIPConfiguration": ref("frontendIPConfigurations"),
        "frontendPort": ref("frontendPorts"),
        "protocol": "Http",
    }
    return {
        "tags": {"team": FOREIGN},
        "properties": {
            "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2},
            "gatewayIPConfigurations": [part(subnet={"id": subnet_id})],
            "frontendIPConfigurations": [part(publicIPAddress={"id": address_id})],
            "frontendPorts": [part(port=port)],
            "backendAddressPools": [part(backendAddresses=[{"ipAddress": "10.9.9.9"}])],
            "backendHttpSettingsCollection": [part(port=9, protocol="Http", requestTimeout=17)],
            "httpListeners": [part(**listener)],
            "requestRoutingRules": [part(**rule)],
        },
    }
