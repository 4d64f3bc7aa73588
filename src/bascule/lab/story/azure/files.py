"""The files of the demonstration on Azure: the article's platform, its gateway, its upgrade."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bascule.lab.story.azure.settings import AzureSettings
from bascule.lab.story.examples import find_example

NAME = "demo-azure"
"""The upgrade's name, and its gateway's."""
PLATFORM_FILE, GATEWAY_FILE = "platform.yaml", "gateway.yaml"
ARTICLE, GREEN = "platform-article.yaml", "platform-green.yaml"
"""The examples with the article's platform, and with a new cluster beside it."""
HTTP_PORT, HTTPS_PORT = 8080, 8443
"""The article's 80 may be bound by few."""
ENVOY = "127.0.0.1"
QUIET_S = 0.2
IDLE_MINUTES = 2
"""So many of Azure Monitor's minutes blue gets nothing before it is removed."""

Content = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What `platform apply` makes and the upgrade adds, by their ids."""

    gateway: str
    public_ip: str
    clusters: Mapping[str, str]
    """By blue and green."""

    def name_of(self, cluster: str) -> str:
        """Return what blue or green is called."""
        return self.clusters[cluster].rpartition("/")[2]


def find_platform(content: Content, subscription: str) -> Platform:
    """Return where things are that a platform.yaml with both clusters names."""
    group = f"{subscription}/resourceGroups/{content['resourceGroup']}"
    network = f"{group}/providers/Microsoft.Network"
    clusters = f"{group}/providers/Microsoft.ContainerService/managedClusters"
    return Platform(
        gateway=f"{network}/applicationGateways/{content['gateway']['name']}",
        public_ip=f"{network}/publicIPAddresses/{content['publicIp']['name']}",
        clusters={name: f"{clusters}/{each['name']}" for name, each in content["clusters"].items()},
    )


def build_platform(cloud: str) -> tuple[Content, Content]:
    """Return the article's platform in another cloud: before green is thought of, and with it."""
    article = _load(ARTICLE)
    gateway = {**article["gateway"], "port": HTTP_PORT}
    before = {**article, "cloud": cloud, "gateway": gateway}
    green = _load(GREEN)["clusters"]["green"]
    return before, {**before, "clusters": {**before["clusters"], "green": green}}


def write_file(path: Path, content: Content) -> None:
    """Write a file of ours."""
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def kubeconfig_of(directory: Path, cluster: str) -> Path:
    """Return where the kubeconfig of blue or green is written."""
    return directory / "kube" / f"{cluster}.yaml"


def build_gateway(
    directory: Path, address: str, content: Content, *, envoy_port: int | None
) -> Content:
    """Return the gateway.yaml: the platform's gateway, which `content` describes, at `address`.

    With `envoy_port` it leads to an Envoy of the runtime's own that listens there.
    """
    names = {cluster: each["name"] for cluster, each in content["clusters"].items()}
    envoys = {"addresses": [ENVOY], "listen": ENVOY, "port": envoy_port, "concurrency": 1}
    kind: Content = {"type": "appgw"}
    if envoy_port is not None:
        kind = {"type": "appgw+envoy", "envoys": envoys}
    return {
        "name": NAME,
        "clusters": {
            cluster: {
                "kubeconfig": str(kubeconfig_of(directory, cluster)),
                "context": names[cluster],
                "awaited": True,
            }
            for cluster in ("blue", "green")
        },
        "listeners": [
            {"name": "http", "address": address, "port": HTTP_PORT},
            {"name": "https", "address": address, "port": HTTPS_PORT, "tls": True},
        ],
        "gateway": {
            **kind,
            "cloud": content["cloud"],
            "resourceGroup": content["resourceGroup"],
            "name": content["gateway"]["name"],
            "quietSeconds": QUIET_S,
        },
    }


def build_upgrade(settings: AzureSettings) -> Content:
    """Return the upgrade: a canary, then everything.

    What Azure Monitor counts in so little time judges nobody: the load is the judge.
    """
    hold_s = settings.hold_s
    idle_s = IDLE_MINUTES * settings.minute_s
    return {
        "name": NAME,
        "platform": {
            "type": "azure",
            "file": PLATFORM_FILE,
            "stopped": "1s",
            "keepGreen": True,
        },
        "gateway": GATEWAY_FILE,
        "sync": {"timeout": "60s"},
        "preview": "off",
        "verify": {"hold": "1s"},
        "steps": [{**step, "hold": f"{hold_s:g}s"} for step in settings.course.steps],
        "analysis": {
            "minRequests": 0,
            "successRate": {"min": None, "maxBelowBlue": None},
            "latency": [],
        },
        "bake": {"hold": f"{hold_s:g}s"},
        "retire": {"policy": "approval", "hold": "1s", "idle": f"{idle_s:g}s"},
    }


def _load(example: str) -> Content:
    content: Content = yaml.safe_load(find_example(example).read_text())
    return content
