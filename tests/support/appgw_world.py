"""An application gateway of a lab's Azure, part of which is somebody else's, and our driver."""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from typing_extensions import override

from bascule.app.clock import SystemClock
from bascule.azure.client import ArmClient
from bascule.azure.opening import open_azure
from bascule.clock import Clock
from bascule.gateway.appgw.budget import Budget
from bascule.gateway.appgw.driver import AppGwDriver, TrafficSource
from bascule.gateway.appgw.operations import FileOperationLog
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.ownership import Owns
from bascule.lab.arm.faults import FaultRule
from bascule.lab.supervisor.description import AzureDescription
from tests.support.azure_place import azure_turn
from tests.support.azure_site import LOCATION, AzureSite, azure_site
from tests.support.network import free_port
from tests.support.waiting import eventually

Body = dict[str, Any]
OWNER = "shop"
FOREIGN = "foreign"
SPEED = 1_000.0
"""So much faster than recorded are the lab's operations here."""
NETWORK = ("Microsoft.Network/virtualNetworks", "AksVnet")
ADDRESS = ("Microsoft.Network/publicIPAddresses", "AppGatewayIp")
GATEWAY = ("Microsoft.Network/applicationGateways", "AppGateway")


class HurriedWriter(GatewayWriter):
    """Leaves out the pause between two writes, which spares real Azure's patience."""

    @override
    def __init__(self, client: ArmClient, gateway_id: str, **more: Any) -> None:
        super().__init__(client, gateway_id, **more)
        self._budget = Budget(spacing_s=0.0)


@dataclass(kw_only=True)
class AppGwWorld:
    """The gateway, and how a test speaks with it."""

    site: AzureSite
    client: ArmClient
    directory: Path
    settings: AppGwSettings
    address: str
    """The gateway's public address."""
    clock: Clock = field(default_factory=SystemClock)
    writer_type: type[GatewayWriter] = HurriedWriter
    fence: list[Exception] = field(default_factory=list)
    """What the lease says from now on, if anything."""

    @property
    def gateway_id(self) -> str:
        return self.settings.gateway_id

    @property
    def owns(self) -> Owns:
        return Owns(prefix=self.settings.prefix, owner=self.settings.owner)

    @property
    def puts(self) -> int:
        """How many PUTs of the gateway Azure took, whoever sent them."""
        writes = self.site.azure.admin.counters.to_json()["latestWrites"]
        key = self.gateway_id.lower()
        return sum(
            w["method"] == "PUT" and w["path"].lower() == key and w["status"] < 300 for w in writes
        )

    @property
    def reads(self) -> int:
        """How many requests there were that change nothing."""
        return int(self.site.azure.admin.counters.to_json()["reads"])

    def fates(self) -> list[str]:
        """Return how each operation on the gateway ended, the oldest first."""
        key = self.gateway_id.lower()
        operations = self.site.azure.world.operations.all()
        return [each.status for each in operations if each.resource_id.lower() == key]

    def slow_down(self, seconds: float) -> None:
        """Let each operation on the gateway take so much longer."""
        rule = FaultRule(kind="slow", operation="PutApplicationGateway", seconds=seconds)
        self.site.azure.admin.faults.add(rule)

    def writer(self) -> GatewayWriter:
        """Return a writer as a fresh process has it."""
        return self.writer_type(
            self.client,
            self.gateway_id,
            clock=self.clock,
            operations=FileOperationLog(self.directory / "operations.json"),
            owns=self.owns,
            fence=self._fence,
        )

    def driver(self, traffic: TrafficSource | None = None, **settings: Any) -> AppGwDriver:
        """Return a driver as a fresh process has it, with what its state directory holds."""
        return AppGwDriver(
            writer=self.writer(),
            settings=replace(self.settings, **settings),
            owns=self.owns,
            clock=self.clock,
            fence=self._fence,
            traffic=traffic,
        )

    async def document(self) -> Body:
        """Return the gateway as ARM shows it now."""
        found = await self.client.get(self.gateway_id)
        assert found is not None
        return copy.deepcopy(dict(found))

    async def change(self, body: Body) -> None:
        """Write the gateway as somebody else would, and wait until it is at rest."""
        await asyncio.to_thread(self.site.put, self.gateway_id, body)
        await asyncio.to_thread(self.site.run, self.wait_for_rest())

    async def wait_for_rest(self) -> None:
        """Return when no operation runs on the gateway; to be awaited in the lab's own thread."""
        operations = self.site.azure.world.operations
        await eventually(lambda: operations.running_on(self.gateway_id) is None)

    def refuse_next_put(self, message: str = "It is wrong.", times: int = 1) -> None:
        """Let ARM say no to the next PUT of the gateway, as to a document that is wrong."""
        rule = FaultRule(
            kind="error",
            method="PUT",
            path="applicationGateways",
            times=times,
            status=400,
            code="InvalidRequestFormat",
            message=message,
        )
        self.site.azure.admin.faults.add(rule)

    def _fence(self) -> None:
        if self.fence:
            raise self.fence[0]


@contextmanager
def appgw_site(
    directory: Path, *, is_live: bool = False, if_match: Literal["honour", "ignore"] = "honour"
) -> Iterator[AzureSite]:
    """Yield an Azure with the article's network; its gateways serve by Envoys if `is_live`.

    Only one that is live may be at a time on a machine: tests take turns.
    """
    description = AzureDescription(
        seed=7, location=LOCATION, latency_model="real", speed=SPEED, if_match=if_match
    )
    place = azure_turn() if is_live else nullcontext()
    with (
        place,
        azure_site(directory, description, live=directory / "lab" if is_live else None) as site,
    ):
        site.ask("PUT", site.group, {"location": LOCATION})
        subnet = {"name": "AppGwSubnet", "properties": {"addressPrefix": "10.1.0.0/16"}}
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}, "subnets": [subnet]}
        site.put(site.id_of(*NETWORK), {"location": LOCATION, "properties": space})
        static = {"publicIPAllocationMethod": "Static"}
        standard = {"sku": {"name": "Standard"}, "properties": static}
        site.put(site.id_of(*ADDRESS), {"location": LOCATION, **standard})
        yield site


@asynccontextmanager
async def appgw_world(site: AzureSite, directory: Path) -> AsyncIterator[AppGwWorld]:
    """Yield a world whose gateway holds nothing but what is somebody else's."""
    environ = site.environment(site.owner)
    gateway_id = site.id_of(*GATEWAY)
    address = site.settle(site.id_of(*ADDRESS))["properties"]["ipAddress"]
    async with open_azure(environ, clock=SystemClock(), cloud=site.url) as opened:
        world = AppGwWorld(
            site=site,
            client=opened.client,
            directory=directory,
            settings=AppGwSettings(gateway_id=gateway_id, owner=OWNER),
            address=address,
        )
        await world.change(foreign_gateway(site, port=free_port(address)))
        site.azure.admin.counters.clear()
        yield world


def foreign_gateway(site: AzureSite, *, port: int) -> Body:
    """Return a body whose listener, rule and pool are somebody else's."""
    gateway_id = site.id_of(*GATEWAY)
    subnet_id = f"{site.id_of(*NETWORK)}/subnets/AppGwSubnet"
    address_id = site.id_of(*ADDRESS)

    def ref(kind: str, name: str = FOREIGN) -> Body:
        return {"id": f"{gateway_id}/{kind}/{name}"}

    def part(name: str = FOREIGN, /, **properties: Any) -> Body:
        return {"name": name, "properties": properties}

    listener = {
        "frontendIPConfiguration": ref("frontendIPConfigurations", "public"),
        "frontendPort": ref("frontendPorts"),
        "protocol": "Http",
    }
    rule = {
        "ruleType": "Basic",
        "priority": 19_000,
        "httpListener": ref("httpListeners"),
        "backendAddressPool": ref("backendAddressPools"),
        "backendHttpSettings": ref("backendHttpSettingsCollection"),
    }
    settings = {"port": 9, "protocol": "Http", "requestTimeout": 17}
    return {
        "location": LOCATION,
        "tags": {"team": FOREIGN},
        "properties": {
            "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2},
            "gatewayIPConfigurations": [part("subnet", subnet={"id": subnet_id})],
            "frontendIPConfigurations": [part("public", publicIPAddress={"id": address_id})],
            "frontendPorts": [part(port=port)],
            "backendAddressPools": [part(backendAddresses=[{"ipAddress": "10.9.9.9"}])],
            "backendHttpSettingsCollection": [part(**settings)],
            "httpListeners": [part(**listener)],
            "requestRoutingRules": [part(**rule)],
        },
    }
