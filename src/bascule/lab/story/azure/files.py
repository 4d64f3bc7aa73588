"""The files of the demonstration on Azure: the article's platform, and its upgrade."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bascule.lab.story.azure.shop import DOOR_CLASS, DOOR_HOST
from bascule.lab.story.examples import find_example
from bascule.lab.supervisor.description import LabDirectory

NAME = "demo-azure"
"""The upgrade's name, and its gateway's."""
BOTH, ALONE = "pool-both", "pool-green"
"""The hooks that write the pool: pods of both clusters, then green's alone."""
PLATFORM_FILE = "platform.yaml"
ARTICLE, GREEN = "platform-article.yaml", "platform-green.yaml"
"""The examples with the article's platform, and with a new cluster beside it."""
FRONTEND_PORT = 8080
"""The article's 80 may be bound by few."""

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
    gateway = {**article["gateway"], "port": FRONTEND_PORT}
    before = {**article, "cloud": cloud, "gateway": gateway}
    green = _load(GREEN)["clusters"]["green"]
    return before, {**before, "clusters": {**before["clusters"], "green": green}}


def write_file(path: Path, content: Content) -> None:
    """Write a file of ours."""
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def kubeconfig_of(directory: Path, cluster: str) -> Path:
    """Return where the kubeconfig of blue or green is written."""
    return directory / "kube" / f"{cluster}.yaml"


def build_upgrade(directory: Path, port: int, lab: LabDirectory, platform: Platform) -> Content:
    """Return the upgrade: two steps, each followed by a hook that writes the pool.

    `port` is that of the upgrade's own Envoy.
    """
    blue, green = (str(kubeconfig_of(directory, each)) for each in ("blue", "green"))
    module = (sys.executable, "-m", "bascule.lab.story.azure.pool")
    write = [*module, "--lab", str(lab.path), "--gateway", platform.gateway]
    check = {"type": "http", "name": "door", "host": DOOR_HOST, "every": "500ms", "timeout": "2s"}
    return {
        "name": NAME,
        "platform": {
            "type": "azure",
            "file": PLATFORM_FILE,
            "blue": {"kubeconfig": blue, "context": platform.name_of("blue")},
            "green": {"kubeconfig": green, "context": platform.name_of("green")},
            "stopped": "1s",
        },
        "gateway": {
            "name": NAME,
            "listeners": [{"name": "http", "port": port}],
            "ingressClasses": [DOOR_CLASS],
            "gateway": {"type": "envoy", "concurrency": 1},
        },
        "sync": {"timeout": "60s"},
        "verify": {"hold": "1s"},
        "steps": [{"weight": 50, "hold": "1s"}, {"weight": 100, "hold": "1s"}],
        "hooks": [
            {
                "name": BOTH,
                "after": "shift-50",
                "run": [*write, blue, green],
                "undo": [*write, blue],
                "timeout": "60s",
                "repeatable": True,
            },
            {
                "name": ALONE,
                "after": "shift-100",
                "run": [*write, green],
                "undo": [*write, blue, green],
                "timeout": "60s",
                "repeatable": True,
            },
        ],
        # The load goes through the application gateway; the Envoy has the checks' requests alone.
        "analysis": {"minRequests": 0, "checks": [check]},
        "bake": {"hold": "1s"},
        "retire": {"policy": "approval", "hold": "1s", "idle": "1s"},
    }


def _load(example: str) -> Content:
    content: Content = yaml.safe_load(find_example(example).read_text())
    return content
