"""A lab's AKS with a network to be in, and clusters that are only plans."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.containers.provider import ContainerServiceProvider
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.requests import ArmRefusal, ArmReply
from bascule.lab.arm.world import ArmWorld
from tests.support.arm_world import LOCATION, RG, ask, make_world, running
from tests.support.fake_clusters import FakeClusters
from tests.support.virtual_clock import VirtualClock

AKS = f"{RG}/providers/Microsoft.ContainerService/managedClusters"
VNET = f"{RG}/providers/Microsoft.Network/virtualNetworks/vnet"
SUBNET = f"{VNET}/subnets/aks"


def body_of(subnet: str = SUBNET, **properties: Any) -> dict[str, Any]:
    """Return the body that `az aks create` sends, with the article's arguments."""
    pool = {
        "count": 3,
        "vmSize": "",
        "osType": "Linux",
        "type": "VirtualMachineScaleSets",
        "mode": "System",
        "orchestratorVersion": "",
        "nodeTaints": [],
        "name": "nodepool1",
    }
    if subnet:
        pool["vnetSubnetID"] = subnet
    network = {"networkPlugin": "azure", "outboundType": "loadBalancer", "loadBalancerSku": ""}
    return {
        "location": LOCATION,
        "sku": {"name": "Base", "tier": "Free"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "kubernetesVersion": "",
            "dnsPrefix": "old-AKSUpgrade-111111",
            "agentPoolProfiles": [pool],
            "enableRBAC": True,
            "networkProfile": network,
            **properties,
        },
    }


class Aks:
    """The provider with everything around it."""

    def __init__(self, clock: VirtualClock, world: ArmWorld) -> None:
        self.clock = clock
        self.world = world
        self.clusters = FakeClusters()
        self.principals = Principals(clock, world.resources)
        self.quotas = Quotas(world)
        self.provider = ContainerServiceProvider(world, self.clusters, self.principals, self.quotas)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> ArmReply:
        """Ask for a path below the group's managed clusters, or an absolute one."""
        path = path if path.startswith("/") else f"{AKS}/{path}".rstrip("/")
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return await ask(self.provider, method, path, body, headers=named)

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> ArmRefusal:
        """Return the refusal of what must not be taken."""
        with pytest.raises(ArmRefusal) as caught:
            await self.ask(method, path, body, **headers)
        return caught.value

    async def made(self, name: str = "old", body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make a cluster and wait for it; return its document."""
        await self.ask("PUT", name, body or body_of())
        await self.clock.advance(1_000)
        return await self.document(name)

    async def changed(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change a cluster and wait for it; return its document."""
        await self.ask("PUT", name, body)
        await self.clock.advance(1_000)
        return await self.document(name)

    async def document(self, name: str = "old") -> dict[str, Any]:
        """Return a cluster's document."""
        found: dict[str, Any] = (await self.ask("GET", name)).body
        return found


@asynccontextmanager
async def running_aks() -> AsyncIterator[Aks]:
    """Give an AKS whose operations run on a virtual clock."""
    clock = VirtualClock()
    world = make_world(clock)
    world.resources.put(
        {
            "id": VNET,
            "name": "vnet",
            "type": "Microsoft.Network/virtualNetworks",
            "properties": {
                "subnets": [
                    {"name": "aks", "id": SUBNET, "properties": {"addressPrefix": "10.240.0.0/16"}}
                ]
            },
        }
    )
    async with running(world):
        yield Aks(clock, world)
        await asyncio.sleep(0)
