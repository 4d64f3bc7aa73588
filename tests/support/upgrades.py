"""Whole upgrades of a site by the command, under load, from a green that may have a fault in it."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bascule.lab.pods.answers import HANG_STATUS
from bascule.lab.shop.deploy import ClusterApi, load_target, open_api, wait_available
from tests.support.asking import ask
from tests.support.site import HOST, Said, Site, Starting

API = "/apis/apps/v1/namespaces/shop/deployments/api"
PODS = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dapi"
SETTLE_S = 20.0
END_LIMIT_S = 240.0
ANSWERS_AGREEING = 20
LOGGED = re.compile(r"\S+ \S*\?n=(\d+) (\d+)")

FAULTS: Mapping[str, Mapping[str, str]] = {
    "healthy": {},
    "errors": {"error-rate": "0.01"},
    "slow": {"latency-ms": "50"},
    "wrong": {"wrong-path": "/cart"},
    "hang": {"hang-rate": "0.3"},
    "broken": {"error-rate": "0.3"},
}
"""What can be planted in green: annotations of the pods behind the host that is asked."""

RIGHT_CART = {
    "name": "cart",
    "type": "http",
    "host": HOST,
    "path": "/cart",
    "every": "500ms",
    "timeout": "2s",
    "sameAsBlue": True,
    "ignore": ['"(cluster|version|pod)":"[^"]*"'],
}
"""A check that asks both clusters for the same page by preview, and compares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an upgrade's file says; holds are in seconds."""

    steps: Sequence[tuple[float, float]] = ((5, 1.0), (50, 1.0), (100, 1.0))
    """Green's share in percent, and for how long."""
    verify_s: float = 1.0
    bake_s: float = 1.0
    min_requests: int = 20
    checks: Sequence[Mapping[str, Any]] = (RIGHT_CART,)
    hooks: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """An upgrade that is over, as the command tells it."""

    code: int
    """Exit code of `bascule upgrade start`."""
    said: str
    status: Mapping[str, Any]
    why: Sequence[str]
    report: Mapping[str, Any] = field(repr=False)

    @property
    def caught_at(self) -> str:
        """Return the step that the rollback's cause names; empty if it was not rolled back."""
        return str(self.status["rollback"]["cause"] or "").partition(":")[0]


def write_upgrade(site: Site, name: str, shape: Shape) -> Path:
    """Write the upgrade's file beside the site's gateway.yaml, which it names."""
    content = {
        "name": name,
        "gateway": site.file.name,
        "sync": {"timeout": "20s"},
        "verify": {"hold": f"{shape.verify_s}s"},
        "steps": [{"weight": weight, "hold": f"{hold_s}s"} for weight, hold_s in shape.steps],
        "analysis": {
            "minRequests": shape.min_requests,
            "maxWait": "30s",
            "checks": list(shape.checks),
        },
        "hooks": list(shape.hooks),
        "bake": {"hold": f"{shape.bake_s}s"},
        "retire": {"policy": "never"},
    }
    file = site.directory / f"{name}.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


async def run_upgrade(site: Site, name: str, shape: Shape) -> Course:
    """Run an upgrade to its end: here if no runtime works on the gateway, else by that one."""
    file = write_upgrade(site, name, shape)
    with site.starting_upgrade(file) as begun:
        code = await asyncio.to_thread(begun.await_end, END_LIMIT_S)
        return await asyncio.to_thread(read_course, site, name, begun, code)


def read_course(site: Site, name: str, begun: Starting, code: int) -> Course:
    """Ask the verbs what became of an upgrade."""
    status = site.on_upgrade("status", name)
    assert status.code == 0, f"{status.err}\n{begun.said}"
    return Course(
        code=code,
        said=begun.said,
        status=status.document,
        why=site.on_upgrade("explain", name).document["why"],
        report=site.on_upgrade("report", name).document,
    )


@asynccontextmanager
async def open_cluster(site: Site, cluster: str) -> AsyncIterator[ClusterApi]:
    """Open a client of one of the site's clusters, as its administrator."""
    async with open_api(load_target(site.kubeconfig, f"{site.name}-{cluster}")) as api:
        yield api


async def plant(site: Site, fault: str) -> None:
    """Give green's pods this fault and no other, and return when such pods alone are asked."""
    known = {name for annotations in FAULTS.values() for name in annotations}
    wanted = FAULTS[fault]
    annotations = {f"lab.bascule.dev/{name}": wanted.get(name) for name in sorted(known)}
    async with open_cluster(site, "green") as api:
        template = {"metadata": {"annotations": annotations}}
        await api.patch(API, {"spec": {"template": template}})
        await wait_available(api, [API])


async def find_hung(site: Site, cluster: str) -> set[int]:
    """Return the numbers of the requests that the cluster's pods let hang, by their logs."""
    found: set[int] = set()
    async with open_cluster(site, cluster) as api:
        for pod in (await api.get(PODS))["items"]:
            for line in await api.read_log("shop", pod["metadata"]["name"]):
                logged = LOGGED.search(line)
                if logged is not None and int(logged[2]) == HANG_STATUS:
                    found.add(int(logged[1]))
    return found


async def find_answering(site: Site) -> set[str]:
    """Return which clusters answer users now."""
    async with asyncio.timeout(SETTLE_S):
        return {await ask(site.port) for _ in range(ANSWERS_AGREEING)}


def go_back(site: Site) -> Said:
    """Switch back to blue after an upgrade was completed; a runtime must be at work."""
    return site.on_gateway("switch", "--from", "green", "--to", "blue", "--yes")
