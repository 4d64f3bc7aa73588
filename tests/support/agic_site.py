"""Makes the gateway of a site AGIC's: its objects on the gateway, and its Deployment in blue."""

import asyncio
import copy
import hashlib
from typing import Any

from bascule.app.clock import SystemClock
from bascule.kube import resources
from bascule.kube.client import KubeClient, Selection
from bascule.kube.kubeconfig import load_kubeconfig
from tests.support.appgw_site import AppGwSite
from tests.support.arm_gateways import part

Document = dict[str, Any]
NAMESPACE, NAME = "agic", "ingress-azure"
HOST = "api.example.test"
FORMER_HOST = "old.example.test"
"""AGIC serves it, of an Ingress that nobody of us reads."""
CONTAINER_PORT = 8080
TAGS = {"managed-by-k8s-ingress": "1.9.8/f42103d", "team": "shop"}


async def make_agic(site: AppGwSite, *, replicas: int = 1) -> None:
    """Let AGIC have written the gateway for the shop of blue, and run in it.

    Its pools hold one pod of those that there are: AGIC is late.
    """
    async with _open_blue(site) as client:
        addresses = await _find_pods(client)
        await client.create(resources.NAMESPACES, _named("v1", "Namespace", NAMESPACE))
        await client.create(resources.DEPLOYMENTS, _deployment(replicas))
    await site.put_gateway(add_agic(await _read(site), site.port, addresses[:1]))
    site.before = copy.deepcopy(await _read(site))


async def find_replicas(site: AppGwSite) -> int:
    """Return how many replicas AGIC's Deployment is to have."""
    async with _open_blue(site) as client:
        raw: Any = await client.get(resources.DEPLOYMENTS, NAME, namespace=NAMESPACE)
    return int(raw["spec"]["replicas"])


async def find_addresses(site: AppGwSite) -> list[str]:
    """Return the addresses of the pods of blue that answer for the host."""
    async with _open_blue(site) as client:
        return await _find_pods(client)


def add_agic(document: Document, port: int, addresses: list[str]) -> Document:
    """Return the document with AGIC's objects for two hosts beside what is there."""
    body = copy.deepcopy(document)
    body["tags"] = {**document.get("tags", {}), **TAGS}
    _add(body, "frontendPorts", f"fp-{port}", port=port)
    _add(body, "backendAddressPools", "defaultaddresspool", backendAddresses=[])
    _add(body, "backendHttpSettingsCollection", "defaulthttpsetting", port=80, protocol="Http")
    for number, (host, service) in enumerate(((HOST, "api"), (FORMER_HOST, "gone"))):
        pool = f"pool-shop-{service}-80-bp-{CONTAINER_PORT}"
        settings = f"bp-shop-{service}-80-{CONTAINER_PORT}-{service}"
        members = [{"ipAddress": each} for each in addresses]
        _add(body, "backendAddressPools", pool, backendAddresses=members)
        _add(body, "backendHttpSettingsCollection", settings, port=CONTAINER_PORT, protocol="Http")
        digest = hashlib.md5(host.encode(), usedforsecurity=False).hexdigest()
        _add(
            body,
            "httpListeners",
            f"fl-{digest}",
            frontendIPConfiguration=_ref(body, "frontendIPConfigurations", "public"),
            frontendPort=_ref(body, "frontendPorts", f"fp-{port}"),
            protocol="Http",
            hostNames=[host],
        )
        _add(
            body,
            "requestRoutingRules",
            f"rr-{digest}",
            ruleType="Basic",
            priority=19_000 + 5 * number,
            httpListener=_ref(body, "httpListeners", f"fl-{digest}"),
            backendAddressPool=_ref(body, "backendAddressPools", pool),
            backendHttpSettings=_ref(body, "backendHttpSettingsCollection", settings),
        )
    return body


def _add(body: Document, kind: str, name: str, **properties: Any) -> None:
    body["properties"].setdefault(kind, []).append(part(name, **properties))


def _ref(body: Document, kind: str, name: str) -> Document:
    return {"id": f"{body['id']}/{kind}/{name}"}


def _open_blue(site: AppGwSite) -> KubeClient:
    connection = load_kubeconfig(site.site.kubeconfig, f"{site.site.name}-blue")
    return KubeClient(connection, clock=SystemClock())


async def _find_pods(client: KubeClient) -> list[str]:
    selection = Selection(namespace="shop", label_selector="app=api")
    listing = await client.list_all(resources.PODS, selection=selection, keep=_find_address)
    return sorted(listing.items)


def _find_address(raw: Any) -> str:
    return str(raw["status"]["podIP"])


async def _read(site: AppGwSite) -> Document:
    return await asyncio.to_thread(site.read_gateway)


def _named(version: str, kind: str, name: str, **more: Any) -> Document:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


def _deployment(replicas: int) -> Document:
    labels = {"app": "ingress-azure"}
    container = {
        "name": "agic",
        "image": "mcr.example/azure-application-gateway/kubernetes-ingress",
    }
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    found = _named("apps/v1", "Deployment", NAME, spec=spec)
    found["metadata"]["namespace"] = NAMESPACE
    return found
