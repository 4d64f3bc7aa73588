"""Sets the stage: a lab with an Azure in a private directory, its platform; and clears it."""

import asyncio
import base64
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bascule.errors import BasculeError, NotFoundError
from bascule.lab.shop.certificates import CA_FILE, load_certificate
from bascule.lab.shop.deploy import load_target, open_api
from bascule.lab.shop.manifests import SHOP_HOST
from bascule.lab.story.azure.arm import (
    CLUSTERS_VERSION,
    NETWORK_VERSION,
    RESOURCES_VERSION,
    ArmClient,
    Document,
    open_arm,
)
from bascule.lab.story.azure.files import (
    GATEWAY_FILE,
    NAME,
    PLATFORM_FILE,
    Content,
    Platform,
    build_gateway,
    build_platform,
    build_upgrade,
    find_platform,
    kubeconfig_of,
    write_file,
)
from bascule.lab.story.azure.settings import AzureSettings
from bascule.lab.story.azure.shop import deploy_shop
from bascule.lab.story.azure.traffic import Door, serves
from bascule.lab.story.stage import free_ports
from bascule.lab.story.upgrade import FILE
from bascule.lab.story.verbs import Called, VerbFailedError, call_verb, command_line
from bascule.lab.supervisor.azure import ask_azure, load_access
from bascule.lab.supervisor.control import bring_up, shell_exports, take_down
from bascule.lab.supervisor.description import (
    AzureDescription,
    LabDescription,
    LabDirectory,
    labs_root,
)
from bascule.lab.wall_clock import WallClock

OURS = "bsc-pool-"
"""What the names of the pools begin with that lead to the shop."""
DONE = ("leave",)
"""Of a plan's actions: nothing is to be done."""
RUN_LIMIT_S = 30.0
END_LIMIT_S = 10.0
POLL_S = 0.05


@dataclass(slots=True, kw_only=True)
class AzureStage:
    """What stands while the story is told."""

    directory: Path
    environment: dict[str, str]
    settings: AzureSettings
    platform: Platform | None = None
    address: str = ""
    """Where users reach the application gateway."""
    runtime: subprocess.Popen[bytes] | None = None
    effects: dict[str, dict[str, int]] = field(default_factory=dict)
    """The ledgers of clusters that are gone or soon will be."""

    @property
    def lab(self) -> LabDirectory:
        """The lab's files."""
        return LabDirectory(labs_root(self.environment) / NAME)

    @property
    def door(self) -> Door:
        """Where users come in."""
        return Door(address=self.address, ca_file=self.directory / CA_FILE)

    async def start_lab(self) -> None:
        """Start the lab; afterwards the environment is that of `bascule lab env`."""
        azure = AzureDescription(latency_model=self.settings.model, speed=self.settings.speed)
        await bring_up(LabDescription(name=NAME, clusters=(), azure=azure), self.environment)
        self.environment.update(shell_exports(self.lab, self.environment))

    async def apply_platform(self) -> None:
        """Say `bascule platform apply` of the article's values; write the other files."""
        access = load_access(self.lab)
        before, after = build_platform(access.url)
        file = self.directory / PLATFORM_FILE
        write_file(file, before)
        await self.call("platform", "apply", "-f", str(file), "--yes")
        write_file(file, after)
        self.platform = find_platform(after, f"/subscriptions/{access.subscription_id}")
        async with open_arm(self.lab) as arm:
            found = await arm.get(self.platform.public_ip, NETWORK_VERSION)
        self.address = (found or {})["properties"]["ipAddress"]
        self._write_files(after)

    async def deploy_to_blue(self) -> None:
        """Deploy the shop to blue."""
        async with open_arm(self.lab) as arm:
            await self._fetch_kubeconfig(arm, self.made.clusters["blue"])
        await self.deploy_to("blue")

    async def deploy_to(self, cluster: str) -> None:
        """Deploy the shop to blue or green, whose kubeconfig is there."""
        async with open_arm(self.lab) as arm:
            found = await arm.get(self.made.clusters[cluster], CLUSTERS_VERSION)
        if found is None:
            raise NotFoundError(f"{cluster} is not there")
        version = found["properties"]["currentKubernetesVersion"]
        made = load_certificate(self.directory, (SHOP_HOST,), now=WallClock().now())
        target = load_target(kubeconfig_of(self.directory, cluster))
        await deploy_shop(target, version, made, is_dialled_here=self.settings.envoys)

    async def start_gateway(self) -> None:
        """Start `bascule run` and return when the gateway leads to blue. Raises VerbFailedError."""
        with (
            (self.directory / "run.out").open("wb") as out,
            (self.directory / "run.log").open("wb") as log,
        ):
            # Not a child of asyncio's, which would be killed with the loop: it may stay.
            self.runtime = subprocess.Popen(  # noqa: ASYNC220, S603 — a command line of ours
                command_line("run", "-f", str(self.directory / GATEWAY_FILE), "--output", "json"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        deadline_s = time.monotonic() + RUN_LIMIT_S + self.settings.limit_s
        while not await self._is_served():
            if self.runtime.poll() is not None or time.monotonic() > deadline_s:
                said = (self.directory / "run.log").read_text(errors="replace").splitlines()[-2:]
                raise VerbFailedError(f"`bascule run` did not start: {'; '.join(said)}")
            await asyncio.sleep(POLL_S)

    async def keep_effects(self, cluster: str) -> None:
        """Remember the ledger of a cluster as it is now."""
        async with open_api(load_target(kubeconfig_of(self.directory, cluster))) as api:
            self.effects[cluster] = await api.get("/lab/effects")

    async def call(self, *arguments: str) -> Called:
        """Say a verb of the real command."""
        return await call_verb(self.environment, *arguments, limit_s=self.settings.limit_s)

    async def count_puts(self) -> int:
        """Return how many times anybody has written the gateway, as Azure counts."""
        requests = await ask_azure(self.lab, "GET", "requests")
        return count_puts(requests, self.made.gateway)

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
        plan = await self.call("platform", "plan", "-f", str(self.directory / PLATFORM_FILE))
        return {
            "clusters": {
                cluster: None if found is None else found["properties"]["provisioningState"]
                for cluster, found in states.items()
            },
            "pools": find_pools(gateway or {}),
            "resources": count_kinds((listed or {}).get("value") or ()),
            "requests": {name: requests[name] for name in ("reads", "writes")},
            "puts": count_puts(requests, platform.gateway),
            "left_to_do": [
                str(each["name"]) for each in plan.document["actions"] if each["op"] not in DONE
            ],
            "findings": sorted({str(each["code"]) for each in plan.document["findings"]}),
        }

    def leave(self) -> None:
        """Let go of what runs, so that it goes on without us."""
        if self.runtime is not None and self.runtime.poll() is None:
            self.runtime.returncode = 0  # Popen must not warn that it still runs

    async def clear(self) -> None:
        """End everything and remove every file. Goes on past what cannot be ended."""
        await self._end_gateway()
        if self.lab.description.exists():
            await take_down(self.lab, keeps_data=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def made(self) -> Platform:
        """The platform. Raises NotFoundError before it is made."""
        if self.platform is None:
            raise NotFoundError("the platform was not made")
        return self.platform

    def _write_files(self, content: Content) -> None:
        envoy_port = free_ports(1)[0] if self.settings.envoys else None
        gateway = build_gateway(self.directory, self.address, content, envoy_port=envoy_port)
        write_file(self.directory / GATEWAY_FILE, gateway)
        write_file(self.directory / FILE, build_upgrade(self.settings))

    async def _is_served(self) -> bool:
        """Whether both hosts are answered at the gateway's address, as users reach them."""
        if b'"started"' not in (self.directory / "run.out").read_bytes():
            return False
        return await serves(self.door)

    async def _end_gateway(self) -> None:
        if self.runtime is None:
            return
        with suppress(BasculeError):  # it is ended below, whether it listens or not
            await call_verb(self.environment, "stop", "--gateway", NAME)
        for end in (self.runtime.terminate, self.runtime.kill):
            deadline_s = time.monotonic() + END_LIMIT_S
            while self.runtime.poll() is None and time.monotonic() < deadline_s:
                end()
                await asyncio.sleep(POLL_S)

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
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stage.clear)
        yield stage
        if settings.keep:
            stage.leave()
            stack.pop_all()


def find_pools(gateway: Document) -> dict[str, list[str]]:
    """Return the addresses in the pools that lead to the shop, by the pool's name."""
    return {
        pool["name"]: [
            each.get("ipAddress") or each.get("fqdn", "")
            for each in pool["properties"].get("backendAddresses") or ()
        ]
        for pool in (gateway.get("properties") or {}).get("backendAddressPools") or ()
        if pool["name"].startswith(OURS)
    }


def count_puts(requests: Mapping[str, Any], gateway: str) -> int:
    """Return how many of the writes that Azure took replaced a gateway."""
    return sum(
        each["method"] == "PUT"
        and each["path"].rstrip("/").lower() == gateway.lower()
        and each["status"] < 400
        for each in requests["latestWrites"]
    )


def count_kinds(resources: object) -> dict[str, int]:
    """Return how many resources of each type there are, by the type's last words."""
    counts: dict[str, int] = {}
    for each in resources if isinstance(resources, list | tuple) else ():
        kind = str(each["type"]).rpartition("/")[2]
        kind = kind[:1].lower() + kind[1:]  # lists in Azure do not always say it alike
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))
