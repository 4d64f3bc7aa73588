"""The lab's Microsoft.Network in one process: the article's network, and a gateway's body."""

import asyncio
import copy
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from typing_extensions import override

from bascule.lab.arm.network.plane_port import GatewayHealth, NoPlane, ProbeWanted, ServerHealth
from bascule.lab.arm.network.provider import NetworkProvider
from bascule.lab.arm.operation_pages import answer_poll
from bascule.lab.arm.operations import OperationFailedError
from bascule.lab.arm.requests import ArmRefusal, ArmReply
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld
from tests.support.arm_gateways import part
from tests.support.arm_world import LOCATION, OPERATION_S, RG, ask, make_world, request, running
from tests.support.virtual_clock import VirtualClock

NET = f"{RG}/providers/Microsoft.Network"
NETWORK = f"{NET}/virtualNetworks/AksVnet"
GATEWAY_SUBNET = f"{NETWORK}/subnets/AppGwSubnet"
CLUSTER_SUBNET = f"{NETWORK}/subnets/AksSubnet"
PUBLIC_IP = f"{NET}/publicIPAddresses/AppGatewayIp"
GATEWAY = f"{NET}/applicationGateways/AppGateway"

Applied = tuple[str, Document, Document | None, Mapping[str, str]]


class RecordingPlane(NoPlane):
    """Notes what it is told; `refusal` makes an apply fail, `hold_s` makes it take time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.applied: list[Applied] = []
        self.told: list[str] = []
        self.applying = 0
        self.most_at_once = 0
        self.refusal: OperationFailedError | None = None
        self.hold_s = 0.0
        self.known: GatewayHealth = {}

    @override
    async def apply(
        self,
        gateway_id: str,
        document: Document,
        *,
        previous: Document | None,
        frontend_addresses: Mapping[str, str],
        duration_s: float,
    ) -> None:
        self.applied.append((gateway_id, document, previous, frontend_addresses))
        self.applying += 1
        self.most_at_once = max(self.most_at_once, self.applying)
        try:
            await self._clock.sleep_until(self._clock.monotonic_s() + self.hold_s)
        finally:
            await asyncio.sleep(0)
            self.applying -= 1
        if self.refusal is not None:
            raise self.refusal

    @override
    async def remove(self, gateway_id: str) -> None:
        self.told.append(f"remove {gateway_id}")

    @override
    async def stop(self, gateway_id: str) -> None:
        self.told.append(f"stop {gateway_id}")

    @override
    async def health(self, gateway_id: str) -> GatewayHealth:
        return self.known

    @override
    async def probe(self, document: Document, wanted: ProbeWanted) -> Sequence[ServerHealth]:
        return self.known.get((wanted.pool, wanted.settings), ())


@dataclass(slots=True, kw_only=True)
class NetworkLab:
    """A provider, its world, its plane, and words for asking it."""

    world: ArmWorld
    clock: VirtualClock
    plane: RecordingPlane
    provider: NetworkProvider = field(init=False)

    def __post_init__(self) -> None:
        self.provider = NetworkProvider(self.world, self.plane)

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> ArmReply:
        """Ask, and answer with what was answered, refusals as well."""
        try:
            return await ask(self.provider, method, path, copy.deepcopy(body), **more)
        except ArmRefusal as refusal:
            return refusal.render()

    async def settle(self) -> None:
        """Let what has begun come to its end."""
        await self.clock.advance(OPERATION_S + 1)

    async def done(self, method: str, path: str, body: Any = None, **more: Any) -> ArmReply:
        """Ask, let the operation end, and return the first answer."""
        reply = await self.ask(method, path, body, **more)
        assert reply.status < 300, reply.body
        await self.settle()
        return reply

    async def get(self, path: str) -> Any:
        """Return a resource's document."""
        reply = await self.ask("GET", path)
        assert reply.status == 200, reply.body
        return reply.body

    def poll(self, url: str) -> ArmReply:
        """Ask for the page of an operation, by the URL that a header named."""
        path = url.removeprefix(self.world.settings.url).partition("?")[0]
        try:
            return answer_poll(self.world, request("GET", path))
        except ArmRefusal as refusal:
            return refusal.render()

    def status(self, reply: ArmReply) -> Any:
        """Return the status of the operation that an answer named."""
        return self.poll(reply.headers["Azure-AsyncOperation"]).body

    async def make_article(self) -> None:
        """Make the article's network: two subnets and a public IP."""
        await self.done("PUT", NETWORK, network_body())
        await self.done("PUT", CLUSTER_SUBNET, subnet_body("10.240.0.0/16"))
        await self.done("PUT", PUBLIC_IP, public_ip_body())


@asynccontextmanager
async def network_lab(*, honours_if_match: bool = True) -> AsyncIterator[NetworkLab]:
    """Run a provider on a clock that stands still until it is moved."""
    clock = VirtualClock()
    world = make_world(clock)
    world = replace(world, settings=replace(world.settings, honours_if_match=honours_if_match))
    async with running(world):
        yield NetworkLab(world=world, clock=clock, plane=RecordingPlane(clock))


def network_body() -> Document:
    """Return what `az network vnet create` sends."""
    return {
        "location": LOCATION,
        "tags": None,
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
            "enableDdosProtection": False,
            "subnets": [{"name": "AppGwSubnet", **subnet_body("10.1.0.0/16")}],
        },
    }


def subnet_body(prefix: str) -> Document:
    """Return a subnet with one prefix."""
    return {"properties": {"addressPrefix": prefix}}


def public_ip_body() -> Document:
    """Return what `az network public-ip create --sku Standard` sends."""
    return {
        "location": "ChinaNorth2",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static", "idleTimeoutInMinutes": 4},
    }


def gateway_body(**changes: Any) -> Document:
    """Return a gateway in the casing of az's template; `changes` replace properties."""
    settings: Document = {
        "Port": 80,
        "Protocol": "http",
        "CookieBasedAffinity": "disabled",
        "connectionDraining": {"drainTimeoutInSec": 1, "enabled": False},
    }
    frontend = {
        "privateIPAllocationMethod": "dynamic",
        "publicIPAddress": {"id": PUBLIC_IP},
    }
    listener = {
        "FrontendIpConfiguration": {"Id": f"{GATEWAY}/frontendIPConfigurations/public"},
        "FrontendPort": {"Id": f"{GATEWAY}/frontendPorts/port"},
        "Protocol": "http",
        "SslCertificate": None,
    }
    properties: Document = {
        "backendAddressPools": [part("pool", BackendAddresses=[{"IpAddress": "10.240.0.4"}])],
        "backendHttpSettingsCollection": [part("settings", **settings)],
        "frontendIPConfigurations": [part("public", **frontend)],
        "frontendPorts": [part("port", Port=8080)],
        "gatewayIPConfigurations": [part("subnet", subnet={"id": GATEWAY_SUBNET})],
        "httpListeners": [part("listener", **listener)],
        "requestRoutingRules": [rule("rule1", 100)],
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2},
        **changes,
    }
    return {"location": "ChinaNorth2", "zones": None, "properties": properties}


def rule(name: str, priority: int | None, listener: str = "listener") -> Document:
    """Return a basic rule of the gateway; None leaves the priority out."""
    return {
        "Name": name,
        "properties": {
            "RuleType": "Basic",
            **({"priority": priority} if priority is not None else {}),
            "httpListener": {"id": f"{GATEWAY}/httpListeners/{listener}"},
            "backendAddressPool": {"id": f"{GATEWAY}/backendAddressPools/pool"},
            "backendHttpSettings": {"id": f"{GATEWAY}/backendHttpSettingsCollection/settings"},
        },
    }


def error_codes(reply: ArmReply) -> tuple[str, ...]:
    """Return the code of a refusal and those of its details."""
    error = reply.body["error"]
    return (error["code"], *(detail["code"] for detail in error.get("details", ())))
