"""The part of the shop that an application gateway sends to, and the upgrade's own small door.

The upgrade itself runs an Envoy on this machine. It has to see endpoints that this machine can
dial, so it serves an ingress class of its own: one Ingress whose Service has an EndpointSlice made
by hand, with the address at which a pod really listens.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bascule.lab.arm.addresses import real_address
from bascule.lab.shop.deploy import Target, deploy, open_api
from bascule.lab.shop.manifests import CONTAINER_PORT, NAMESPACE, Object, ShopOptions, build_shop

SERVICE = "api"
REPLICAS = 3
LATENCY_MS = 25
DOOR = "door"
DOOR_CLASS = "bascule-demo"
DOOR_HOST = "door.example.test"


def build_pods(version: str) -> tuple[Object, ...]:
    """Return the shop's one part: a Deployment with its Service, and what they need."""
    options = ShopOptions(
        replicas={SERVICE: REPLICAS},
        annotations={"lab.bascule.dev/latency-ms": str(LATENCY_MS)},
    )
    everything = build_shop(version, b"", b"", options=options)
    return tuple(each for each in everything if _is_needed(each))


def build_door(address: str) -> tuple[Object, ...]:
    """Return an Ingress of the class that the upgrade's gateway serves, and what is behind it.

    `address` is a pod's, as Kubernetes says it.
    """
    metadata = {"name": DOOR, "namespace": NAMESPACE}
    backend = {"service": {"name": DOOR, "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rule = {"host": DOOR_HOST, "http": {"paths": [path]}}
    return (
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"ports": [{"name": "http", "port": 80, "targetPort": CONTAINER_PORT}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": DOOR}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": CONTAINER_PORT, "protocol": "TCP"}],
            "endpoints": [
                {"addresses": [real_address(address)], "conditions": {"ready": True}},
            ],
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": metadata,
            "spec": {"ingressClassName": DOOR_CLASS, "rules": [rule]},
        },
    )


async def deploy_shop(target: Target, version: str) -> tuple[str, ...]:
    """Deploy the shop and its door to a cluster; return the addresses of its pods."""
    await deploy(target, build_pods(version))
    addresses = await fetch_addresses(target)
    await deploy(target, build_door(addresses[0]))
    return addresses


async def fetch_addresses(target: Target) -> tuple[str, ...]:
    """Return the addresses of the shop's pods that are ready, as Kubernetes says them."""
    async with open_api(target) as api:
        listed = await api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")
    return find_addresses(listed["items"])


def find_addresses(pods: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the addresses of the pods that are ready, in order."""
    return tuple(sorted(pod["status"]["podIP"] for pod in pods if _is_ready(pod)))


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    is_leaving = "deletionTimestamp" in pod["metadata"]
    return not is_leaving and any(
        each["type"] == "Ready" and each["status"] == "True" for each in conditions
    )


def _is_needed(each: Object) -> bool:
    if each["kind"] == "Namespace":
        return True
    name: str = each["metadata"]["name"]
    return name == SERVICE and each["kind"] != "Ingress"
