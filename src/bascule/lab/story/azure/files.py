"""The files of the demonstration on Azure: the article's platform, and its upgrade."""

import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from bascule.lab.story.azure.shop import DOOR_CLASS, DOOR_HOST
from bascule.lab.supervisor.description import LabDirectory

NAME = "demo-azure"
"""The upgrade's name, and its gateway's."""
BOTH, ALONE = "pool-both", "pool-green"
"""The hooks that write the pool: pods of both clusters, then green's alone."""
PLATFORM_FILE = "platform.yaml"
ARTICLE_FILE = "platform-article.yaml"
FRONTEND_PORT = 8080
"""The article's 80 may be bound by few."""
GREEN = {
    "name": "new",
    "version": "1.36",
    "egress": {"acknowledged": True},
    "pools": [{"name": "nodepool1", "count": 4}],
}
"""As in examples/platform-green.yaml."""

Content = dict[str, Any]


def find_article() -> Path:
    """Return the file with the article's values: the package's own, or the checkout's."""
    packaged = Path(str(files("bascule.lab.story"))) / ARTICLE_FILE
    if packaged.exists():
        return packaged
    return Path(__file__).parents[5] / "examples" / ARTICLE_FILE


def build_platform(article: Content, cloud: str, *, has_green: bool) -> Content:
    """Return the article's platform in another cloud, with its new cluster or without."""
    clusters = {**article["clusters"], **({"green": GREEN} if has_green else {})}
    gateway = {**article["gateway"], "port": FRONTEND_PORT}
    return {**article, "cloud": cloud, "gateway": gateway, "clusters": clusters}


def write_platform(directory: Path, cloud: str, *, has_green: bool) -> Content:
    """Write platform.yaml and return what it says."""
    article = yaml.safe_load(find_article().read_text())
    content = build_platform(article, cloud, has_green=has_green)
    (directory / PLATFORM_FILE).write_text(yaml.safe_dump(content, sort_keys=False))
    return content


def kubeconfig_of(directory: Path, cluster: str) -> Path:
    """Return where the kubeconfig of blue or green is written."""
    return directory / "kube" / f"{cluster}.yaml"


def build_upgrade(directory: Path, port: int, lab: LabDirectory, gateway: str) -> Content:
    """Return the upgrade: two steps, each followed by a hook that writes the pool.

    `port` is that of the upgrade's own Envoy, `gateway` the id of the application gateway.
    """
    blue, green = (str(kubeconfig_of(directory, each)) for each in ("blue", "green"))
    module = (sys.executable, "-m", "bascule.lab.story.azure.pool")
    write = [*module, "--lab", str(lab.path), "--gateway", gateway]
    check = {"type": "http", "name": "door", "host": DOOR_HOST, "every": "500ms", "timeout": "2s"}
    return {
        "name": NAME,
        "platform": {
            "type": "azure",
            "file": PLATFORM_FILE,
            "blue": {"kubeconfig": blue, "context": "old"},
            "green": {"kubeconfig": green, "context": GREEN["name"]},
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
        "steps": [{"weight": 50, "hold": "2s"}, {"weight": 100, "hold": "2s"}],
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
