"""Sets the stage: a lab with an Azure in a private directory, its platform; and clears it."""

import base64
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bascule.errors import BasculeError, NotFoundError
from bascule.lab.shop.deploy import Target, load_target
from bascule.lab.story.azure.arm import (
    CLUSTERS_VERSION,
    NETWORK_VERSION,
    RESOURCES_VERSION,
    ArmClient,
    Document,
    open_arm,
)
from bascule.lab.story.azure.files import (
    NAME,
    PLATFORM_FILE,
    Platform,
    build_platform,
    build_upgrade,
    find_platform,
    kubeconfig_of,
    write_file,
)
from bascule.lab.story.azure.pool import write_pool
from bascule.lab.story.azure.settings import AzureSettings
from bascule.lab.story.azure.shop import deploy_shop
from bascule.lab.story.stage import free_ports
from bascule.lab.story.upgrade import FILE
from bascule.lab.story.verbs import call_verb
from bascule.lab.supervisor.azure import ask_azure, load_access
from bascule.lab.supervisor.control import bring_up, shell_exports, take_down
from bascule.lab.supervisor.description import (
    AzureDescription,
    LabDescription,
    LabDirectory,
    labs_root,
)


@dataclass(slots=True, kw_only=True)
class AzureStage:
    """What stands while the story is told."""

    directory: Path
    environment: dict[str, str]
    settings: AzureSettings
    port: int
    """Of the upgrade's own Envoy."""
    platform: Platform | None = None
    address: str = ""
    """Where users reach the application gateway."""
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the shop's pods, by cluster, as Kubernetes says them."""

    @property
    def lab(self) -> LabDirectory:
        """The lab's files."""
        return LabDirectory(labs_root(self.environment) / NAME)

    async def start_lab(self) -> None:
        """Start the lab; afterwards the environment is that of `bascule lab env`."""
        lab = LabDescription(name=NAME, clusters=(), azure=AzureDescription())
        await bring_up(lab, self.environment)
        self.environment.update(shell_exports(self.lab, self.environment))

    async def apply_platform(self) -> None:
        """Say `bascule platform apply` of the article's values."""
        access = load_access(self.lab)
        before, after = build_platform(access.url)
        file = self.directory / PLATFORM_FILE
        write_file(file, before)
        await call_verb(self.environment, "platform", "apply", "-f", str(file), "--yes")
        write_file(file, after)
        self.platform = find_platform(after, f"/subscriptions/{access.subscription_id}")
        async with open_arm(self.lab) as arm:
            found = await arm.get(self.platform.public_ip, NETWORK_VERSION)
        self.address = (found or {})["properties"]["ipAddress"]

    async def deploy_to_blue(self) -> None:
        """Deploy the shop to blue, and write its pods into the gateway's pool."""
        platform = self.made
        async with open_arm(self.lab) as arm:
            await self._fetch_kubeconfig(arm, platform.clusters["blue"])
            await self.deploy_to("blue")
            await write_pool(arm, platform.gateway, self.addresses["blue"])

    async def deploy_to(self, cluster: str) -> None:
        """Deploy the shop to blue or green, whose kubeconfig is there."""
        target = self._target(cluster)
        async with open_arm(self.lab) as arm:
            found = await arm.get(self.made.clusters[cluster], CLUSTERS_VERSION)
        if found is None:
            raise NotFoundError(f"{cluster} is not there")
        version = found["properties"]["currentKubernetesVersion"]
        self.addresses[cluster] = await deploy_shop(target, version)

    def write_upgrade(self) -> None:
        """Write the upgrade's file."""
        content = build_upgrade(self.directory, self.port, self.lab, self.made)
        write_file(self.directory / FILE, content)

    async def look_at_azure(self) -> Document:
        """Return what there is in Azure now."""
        platform = self.made
        async with open_arm(self.lab) as arm:
            gateway = await arm.get(platform.gateway, NETWORK_VERSION)
            listed = await arm.get(f"{arm.subscription}/resources", RESOURCES_VERSION)
            states = {
                cluster: await arm.get(id_, CLUSTERS_VERSION)
                for cluster, id_ in platform.clusters.items()
            }
        requests = await ask_azure(self.lab, "GET", "requests")
        return {
            "clusters": {
                cluster: None if found is None else found["properties"]["provisioningState"]
                for cluster, found in states.items()
            },
            "pool": find_pool(gateway or {}),
            "resources": count_kinds((listed or {}).get("value") or ()),
            "requests": {name: requests[name] for name in ("reads", "writes")},
        }

    async def clear(self) -> None:
        """End everything and remove every file. Goes on past what cannot be ended."""
        with suppress(BasculeError):  # there may be none
            await call_verb(self.environment, "stop", "--gateway", NAME)
        if self.lab.description.exists():
            await take_down(self.lab, keeps_data=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def made(self) -> Platform:
        """The platform. Raises NotFoundError before it is made."""
        if self.platform is None:
            raise NotFoundError("the platform was not made")
        return self.platform

    def _target(self, cluster: str) -> Target:
        return load_target(kubeconfig_of(self.directory, cluster))

    async def _fetch_kubeconfig(self, arm: ArmClient, cluster: str) -> None:
        answer = await arm.post(f"{cluster}/listClusterUserCredential", CLUSTERS_VERSION)
        path = kubeconfig_of(self.directory, "blue")
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(base64.b64decode(answer["kubeconfigs"][0]["value"]))


@asynccontextmanager
async def open_azure_stage(settings: AzureSettings) -> AsyncIterator[AzureStage]:
    """Make a private directory for a story; whatever happens, all that it started is ended.

    With `settings.keep` a story that was told to its end stays as it is.
    """
    directory = Path(tempfile.mkdtemp(prefix="bascule-demo-"))
    stage = AzureStage(
        directory=directory,
        environment={**os.environ, "XDG_STATE_HOME": str(directory / "state")},
        settings=settings,
        port=free_ports(1)[0],
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stage.clear)
        yield stage
        if settings.keep:
            stack.pop_all()


def find_pool(gateway: Document) -> list[str]:
    """Return the addresses in a gateway's first pool."""
    pools = (gateway.get("properties") or {}).get("backendAddressPools") or [{}]
    listed = (pools[0].get("properties") or {}).get("backendAddresses") or ()
    return [each["ipAddress"] for each in listed]


def count_kinds(resources: object) -> dict[str, int]:
    """Return how many resources of each type there are, by the type's last words."""
    counts: dict[str, int] = {}
    for each in resources if isinstance(resources, list | tuple) else ():
        kind = str(each["type"]).rpartition("/")[2]
        kind = kind[:1].lower() + kind[1:]  # lists in Azure do not always say it alike
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))
