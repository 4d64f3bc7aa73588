"""What a run is told, and what it works with: Azure, the throw-away platform, where news go."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from bascule.app.clock import SystemClock
from bascule.azure.clouds import resolve_cloud
from bascule.azure.credentials import find_settings, open_credential
from bascule.azure.opening import Azure
from bascule.azure.trust import find_trust
from bascule.platform.desired.ids import Ids
from bascule.platform.live import LiveArm
from bascule.platform.pending import PendingFile
from bascule.spec.azure.prices import Prices
from bascule.spec.load import parse_platform
from scripts.azure_real.watching import WatchedClient

NAME = "bascule-azure-real"
"""The platform's name, by whose tag all of it is known and removed."""
GATEWAY_RANGE, NODES_RANGE = "10.1.0.0/16", "10.240.0.0/16"
"""All of the network: ranges of pods and services lie outside of it, as Azure asks."""
BLUE, GREEN = "one", "two"
POD_PORT = 8080


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line says."""

    subscription: str
    group: str
    cloud: str
    location: str
    vm_size: str
    port: int
    image: str
    slow_path: str
    """With `{seconds}` or `{ms}` for how long a pod takes to answer it."""
    drain_s: int
    longest_s: float
    """How long the slowest request takes."""
    patience_s: float
    """How long servers have to become healthy, and users to get a first good answer."""
    prices: Prices | None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What everything here works with."""

    settings: Settings
    azure: Azure
    client: WatchedClient
    arm: LiveArm
    directory: Path
    tell: Callable[[str], None]

    def ids(self, *, has_green: bool = True) -> Ids:
        """Return where everything of the throw-away platform is."""
        text = yaml.safe_dump(_platform(self.settings, has_green=has_green))
        return Ids(parse_platform(text, "azure-real"), self.settings.subscription)

    @property
    def pending(self) -> PendingFile:
        """The operations that were begun."""
        return PendingFile(self.directory)


@asynccontextmanager
async def open_world(
    settings: Settings, environ: dict[str, str], directory: Path, tell: Callable[[str], None]
) -> AsyncIterator[World]:
    """Yield Azure, signed in as the environment says; nothing is asked of it yet."""
    trust, found = find_trust(environ), find_settings(environ)
    cloud = await resolve_cloud(settings.cloud, trust=trust)
    async with open_credential(found, cloud, trust=trust) as credential:
        client = WatchedClient(cloud, credential, clock=SystemClock(), trust=trust)
        client.seen = {}
        client.know_version("Microsoft.OperationalInsights/workspaces", "2023-09-01")
        async with client:
            yield World(
                settings=settings,
                azure=Azure(
                    cloud=cloud, credential=credential, kind=found.kind, client=client, trust=trust
                ),
                client=client,
                arm=LiveArm(client),
                directory=directory,
                tell=tell,
            )


def _platform(settings: Settings, *, has_green: bool) -> dict[str, object]:
    """Return a platform.yaml: a gateway, and one or two overlay clusters of one node each."""
    network = {
        "plugin": "azure",
        "mode": "overlay",
        "podCidr": "10.200.0.0/16",
        "serviceCidr": "10.2.0.0/16",
        "dnsServiceIp": "10.2.0.10",
    }
    blue = {
        "name": BLUE,
        "subnet": "nodes",
        "network": network,
        "pools": [{"name": "nodes", "count": 1, "vmSize": settings.vm_size}],
        "autoUpgrade": {"channel": "none", "nodeOs": "None"},
    }
    green = {"name": GREEN, "podCidr": "10.201.0.0/16", "egress": {"acknowledged": True}}
    return {
        "name": NAME,
        "location": settings.location,
        "resourceGroup": settings.group,
        "network": {
            "name": "network",
            "addressSpace": [GATEWAY_RANGE, NODES_RANGE],
            "subnets": [
                {"name": "gateway", "prefix": GATEWAY_RANGE},
                {"name": "nodes", "prefix": NODES_RANGE},
            ],
        },
        "publicIp": {"name": "address"},
        "gateway": {
            "name": "gateway",
            "subnet": "gateway",
            "capacity": 2,
            "port": settings.port,
        },
        "clusters": {"blue": blue, **({"green": green} if has_green else {})},
    }
