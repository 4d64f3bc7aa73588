"""A server in each throw-away cluster, deployed by kubectl: one pod, one internal load balancer."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from bascule.app.kubeconfigs import write_kubeconfig
from bascule.errors import TransportError
from scripts.azure_real.world import GATEWAY_RANGE, POD_PORT, World

APP = "bascule-echo"
KUBECTL = Path(sys.executable).parent / "kubectl"
KUBECTL_MAX_S = 400.0
BALANCER_MAX_S = 300.0
LOOK_S = 1.0
EXTENSION = {
    "apiVersion": "acn.azure.com/v1alpha1",
    "kind": "OverlayExtensionConfig",
    "metadata": {"name": "bascule-azure-real", "namespace": "kube-system"},
    "spec": {"extensionIPRange": GATEWAY_RANGE},
}
"""What AGIC from 1.8 on asks an overlay for, so that the gateway reaches its pods."""


async def deploy(world: World, cluster: str) -> dict[str, Any]:
    """Deploy to a cluster; returns the addresses of its pod and its load balancer."""
    world.tell(f"deploying   to cluster {cluster}")
    kubeconfig = _kubeconfig(world, cluster)
    await write_kubeconfig(world.azure, world.ids().cluster(cluster), kubeconfig, cluster)
    await _apply(kubeconfig, _manifests(world.settings.image))
    await _kubectl(kubeconfig, "rollout", "status", f"deployment/{APP}", "--timeout=300s")
    is_extended = await _is_extended(kubeconfig)
    pods = await _get(kubeconfig, "pods", "-l", f"app={APP}")
    return {
        "pods": [pod["status"]["podIP"] for pod in pods["items"]],
        "balancer": await _await_balancer(world, kubeconfig),
        "is_overlay_extended": is_extended,
    }


async def count_in_log(world: World, cluster: str, text: str) -> int:
    """Return how many lines of the server's log hold a text."""
    kubeconfig = _kubeconfig(world, cluster)
    log = await _kubectl(kubeconfig, "logs", f"deployment/{APP}", "--tail=-1")
    return sum(text in line for line in log.splitlines())


def _kubeconfig(world: World, cluster: str) -> Path:
    return world.directory / f"{cluster}.kubeconfig"


async def _is_extended(kubeconfig: Path) -> bool:
    """Ask the overlay to let the gateway in; some clusters do not know how to be asked."""
    try:
        await _apply(kubeconfig, [EXTENSION])
    except TransportError:
        return False
    return True


async def _await_balancer(world: World, kubeconfig: Path) -> list[str]:
    clock = world.arm.clock
    deadline_s = clock.monotonic_s() + BALANCER_MAX_S
    while clock.monotonic_s() < deadline_s:
        service = await _get(kubeconfig, "service", APP)
        found = service["status"].get("loadBalancer", {}).get("ingress", [])
        if found:
            return [each["ip"] for each in found]
        await clock.sleep_until(clock.monotonic_s() + LOOK_S)
    return []


async def _get(kubeconfig: Path, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await _kubectl(kubeconfig, "get", *words, "-o", "json"))
    return found


async def _apply(kubeconfig: Path, manifests: list[dict[str, Any]]) -> None:
    await _kubectl(kubeconfig, "apply", "-f", "-", given=yaml.safe_dump_all(manifests))


async def _kubectl(kubeconfig: Path, *words: str, given: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        *(str(KUBECTL), f"--kubeconfig={kubeconfig}", *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(KUBECTL_MAX_S):
            out, complaint = await process.communicate(given.encode())
    except TimeoutError as error:
        raise TransportError(f"kubectl {words[0]}: no end in {KUBECTL_MAX_S:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise TransportError(f"kubectl {words[0]}: {complaint.decode().strip()}")
    return out.decode()


def _manifests(image: str) -> list[dict[str, Any]]:
    labels = {"app": APP}
    container = {
        "name": "echo",
        "image": image,
        "args": ["netexec", f"--http-port={POD_PORT}"],
        "ports": [{"containerPort": POD_PORT}],
        "readinessProbe": {"httpGet": {"path": "/", "port": POD_PORT}},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP, "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": APP,
            "namespace": "default",
            "annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
        },
        "spec": {
            "type": "LoadBalancer",
            "selector": labels,
            "ports": [{"port": POD_PORT, "targetPort": POD_PORT}],
        },
    }
    return [deployment, service]
