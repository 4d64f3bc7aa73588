"""A site whose gateway is an Application Gateway of a lab's Azure, beside a lab with two clusters.

The gateway has a listener and a rule of somebody else before we come.
"""

import asyncio
import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bascule.lab.story.azure.arm import open_arm
from bascule.lab.supervisor.control import shell_exports
from bascule.lab.supervisor.description import LabDirectory, labs_root
from tests.support import arm_network, arm_world
from tests.support.arm_logs import setting, workspace_id
from tests.support.azure_place import azure_turn
from tests.support.network import free_port
from tests.support.site import Site, open_site

NAME = "appgw"
TURN_S = 180.0
VERSION = "2024-05-01"
GROUPS_VERSION = "2021-04-01"
WORKSPACES_VERSION, SETTINGS_VERSION = "2023-09-01", "2021-05-01-preview"
OWN_LISTENER, OWN_RULE = "listener", "rule1"
"""Of somebody else."""

_GATEWAY = """\
name: {name}
clusters:
  blue: {{kubeconfig: {kubeconfig}, context: {name}-blue}}
  green: {{kubeconfig: {kubeconfig}, context: {name}-green}}
listeners:
  - {{name: http, address: {address}, port: {port}}}
report: [events, status]
gateway: {gateway}
"""


@dataclass(slots=True, kw_only=True)
class AppGwSite:
    """A site, and what of its gateway a test looks at."""

    site: Site
    lab: LabDirectory
    subscription: str
    address: str
    port: int
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def gateway_id(self) -> str:
        return _here(arm_network.GATEWAY, self.subscription)

    def read_gateway(self) -> dict[str, Any]:
        """Return the gateway as Azure shows it."""
        return asyncio.run(self._read(self.gateway_id))

    async def _read(self, path: str) -> dict[str, Any]:
        async with open_arm(self.lab) as arm:
            found = await arm.get(path, VERSION)
        assert found is not None
        return found

    async def put_gateway(self, body: dict[str, Any]) -> None:
        """Write the gateway as somebody else does, and return when that has ended."""
        async with open_arm(self.lab) as arm:
            await arm.put(self.gateway_id, VERSION, body)

    async def send_logs(self) -> None:
        """Send the gateway's access log to a workspace."""
        workspace = workspace_id(_here(arm_world.RG, self.subscription))
        place = f"{self.gateway_id}/providers/Microsoft.Insights/diagnosticSettings/logs"
        async with open_arm(self.lab) as arm:
            await arm.put(workspace, WORKSPACES_VERSION, {"location": arm_world.LOCATION})
            await arm.put(place, SETTINGS_VERSION, setting(workspace))

    async def make_gateway(self) -> None:
        """Make the article's network, and a gateway that serves something else."""
        group = _here(arm_world.RG, self.subscription)
        async with open_arm(self.lab) as arm:
            await arm.put(group, GROUPS_VERSION, {"location": arm_world.LOCATION})
            for path, body in (
                (arm_network.NETWORK, arm_network.network_body()),
                (arm_network.PUBLIC_IP, arm_network.public_ip_body()),
            ):
                await arm.put(_here(path, self.subscription), VERSION, body)
            address = await arm.get(_here(arm_network.PUBLIC_IP, self.subscription), VERSION)
            assert address is not None
            self.address = address["properties"]["ipAddress"]
            self.port = free_port(self.address)
            body = arm_network.gateway_body()
            body["properties"]["frontendPorts"][0]["properties"]["Port"] = free_port(self.address)
            text = json.dumps(body)
            await arm.put(self.gateway_id, VERSION, json.loads(_here(text, self.subscription)))
        self.before = copy.deepcopy(await self._read(self.gateway_id))

    def write_file(self, **gateway: Any) -> None:
        """Write gateway.yaml; keywords are keys of its `gateway`."""
        wanted = {
            "type": "appgw",
            "cloud": self.site.environment["AZURE_RESOURCE_MANAGER_ENDPOINT"],
            "resourceGroup": "AKS_Upgrade",
            "name": "AppGateway",
            "quietSeconds": 0.1,
            "maxDelaySeconds": 1.0,
            **gateway,
        }
        text = _GATEWAY.format(
            name=self.site.name,
            kubeconfig=self.site.kubeconfig,
            address=self.address,
            port=self.port,
            gateway=json.dumps(wanted),
        )
        self.site.file.write_text(text)


@contextmanager
def open_appgw_site(directory: Path, *lab: str) -> Iterator[AppGwSite]:
    """Start both labs and make the gateway; end all of it. Waits for the machine's one place.

    `lab` are options of `lab up --azure`.
    """
    with (
        azure_turn(TURN_S),
        open_site(directory, name=NAME, port=free_port()) as site,
        _azure(site, lab) as found,
    ):
        asyncio.run(found.make_gateway())
        found.write_file()
        try:
            yield found
        finally:
            site.close()


@contextmanager
def _azure(site: Site, options: Sequence[str]) -> Iterator[AppGwSite]:
    name = f"{NAME}-azure"
    up = site.verb("lab", "up", "--azure", "--name", name, *options)
    assert up.code == 0, up.err
    try:
        lab = LabDirectory(labs_root(site.environment) / name)
        exports = shell_exports(lab, site.environment)
        site.environment = {**site.environment, **exports, "KUBECONFIG": str(site.kubeconfig)}
        subscription = exports["AZURE_SUBSCRIPTION_ID"]
        yield AppGwSite(site=site, lab=lab, subscription=subscription, address="", port=0)
    finally:
        site.verb("lab", "down", "--name", name)


def _here(text: str, subscription: str) -> str:
    former = arm_network.GATEWAY.split("/")[2]
    return text.replace(former, subscription)
