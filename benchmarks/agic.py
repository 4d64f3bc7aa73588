"""What AGIC does to a gateway, without its waste: it lists its cluster and rewrites the whole.

As AGIC 1.9.8 does: names without the cluster, addresses that are not ready too, no If-Match, and
everything goes that it does not know. The start of its pod and of its caches takes no time here.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bascule.lab.shop.deploy import ClusterApi
from bascule.lab.shop.manifests import NAMESPACE
from bascule.lab.story.azure.arm import NETWORK_VERSION, ArmClient

Document = dict[str, Any]
FIRST_PRIORITY = 19_000
_LISTS = {
    "ingresses": f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses",
    "services": f"/api/v1/namespaces/{NAMESPACE}/services",
    "slices": f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices",
}
_REWRITTEN = (
    "frontendPorts",
    "backendAddressPools",
    "backendHttpSettingsCollection",
    "probes",
    "httpListeners",
    "urlPathMaps",
    "requestRoutingRules",
    "redirectConfigurations",
)
"""Of these nothing stays that AGIC did not make."""


@dataclass(slots=True, kw_only=True)
class Agic:
    """One cluster's controller; it follows its cluster as long as `run` does."""

    api: ClusterApi
    arm: ArmClient
    gateway_id: str
    frontend: str
    """The name of the frontend that listeners are on."""
    port: int
    pause_s: float
    """Between two looks at the cluster; AGIC's is a second."""
    is_in_force: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once its first document has been taken over."""

    async def run(self) -> None:
        """Write the gateway now, and again whenever what it makes differs from its last one."""
        written: Document | None = None
        while True:
            wanted = await self._build()
            if wanted != written:
                await self._put(wanted)
                written = wanted
                self.is_in_force.set()
            await asyncio.sleep(self.pause_s)

    async def _build(self) -> Document:
        lists = {}
        for name, path in _LISTS.items():
            lists[name] = (await self.api.get(path))["items"]
        return Builder(self.gateway_id, self.frontend, self.port, lists).build()

    async def _put(self, wanted: Document) -> None:
        found = await self.arm.get(self.gateway_id, NETWORK_VERSION)
        assert found is not None
        kept = {k: v for k, v in found["properties"].items() if k not in _REWRITTEN}
        await self.arm.put(
            self.gateway_id, NETWORK_VERSION, {**found, "properties": {**kept, **wanted}}
        )


class Builder:
    """AGIC's document for what a cluster lists."""

    def __init__(
        self, gateway_id: str, frontend: str, port: int, lists: dict[str, list[Document]]
    ) -> None:
        self._gateway_id = gateway_id
        self._frontend = frontend
        self._port = port
        self._ingresses = lists["ingresses"]
        self._services = {each["metadata"]["name"]: each for each in lists["services"]}
        self._slices = lists["slices"]
        self._made: dict[str, dict[str, Document]] = {name: {} for name in _REWRITTEN}

    def build(self) -> Document:
        """Return the collections, each sorted by name."""
        self._add("frontendPorts", f"fp-{self._port}", port=self._port)
        self._add("backendAddressPools", "defaultaddresspool", backendAddresses=[])
        self._add("backendHttpSettingsCollection", "defaulthttpsetting", port=80, protocol="Http")
        rules = [
            (ingress["metadata"]["name"], rule)
            for ingress in self._ingresses
            for rule in ingress["spec"]["rules"]
        ]
        for number, (ingress, rule) in enumerate(sorted(rules, key=lambda each: each[0])):
            self._add_host(number, ingress, rule)
        return {
            name: sorted(found.values(), key=lambda each: str(each["name"]))
            for name, found in self._made.items()
        }

    def _add_host(self, number: int, ingress: str, rule: Document) -> None:
        host = rule["host"]
        digest = _digest(self._port, host)
        paths = list(self._paths(ingress, rule))
        default = next((each for path, each in paths if path == "/"), paths[0][1])
        self._add(
            "httpListeners",
            f"fl-{digest}",
            frontendIPConfiguration=self._ref("frontendIPConfigurations", self._frontend),
            frontendPort=self._ref("frontendPorts", f"fp-{self._port}"),
            protocol="Http",
            hostNames=[host],
        )
        self._add(
            "urlPathMaps",
            f"url-{digest}",
            defaultBackendAddressPool=default["backendAddressPool"],
            defaultBackendHttpSettings=default["backendHttpSettings"],
            pathRules=[
                {
                    "name": f"pr-{NAMESPACE}-{ingress}-rule-0-path-{index}",
                    "properties": {"paths": [f"{path}*"], **backend},
                }
                for index, (path, backend) in enumerate(paths)
            ],
        )
        self._add(
            "requestRoutingRules",
            f"rr-{digest}",
            ruleType="PathBasedRouting",
            priority=FIRST_PRIORITY + number,
            httpListener=self._ref("httpListeners", f"fl-{digest}"),
            urlPathMap=self._ref("urlPathMaps", f"url-{digest}"),
        )

    def _paths(self, ingress: str, rule: Document) -> Iterator[tuple[str, Document]]:
        for path in rule["http"]["paths"]:
            service = path["backend"]["service"]
            yield path["path"], self._add_backend(ingress, rule["host"], service)

    def _add_backend(self, ingress: str, host: str, backend: Document) -> Document:
        name, number = backend["name"], backend["port"]["number"]
        ports = self._services[name]["spec"]["ports"]
        port_name = next(each["name"] for each in ports if each["port"] == number)
        port, addresses = self._find_endpoints(name, port_name)
        pool = f"pool-{NAMESPACE}-{name}-{number}-bp-{port}"
        settings = f"bp-{NAMESPACE}-{name}-{number}-{port}-{ingress}"
        probe = f"pb-{NAMESPACE}-{name}-{number}-{ingress}"
        members = [{"ipAddress": each} for each in addresses]
        self._add("backendAddressPools", pool, backendAddresses=members)
        self._add(
            "probes",
            probe,
            protocol="Http",
            host=host,
            path="/healthz",
            interval=1,
            timeout=1,
            unhealthyThreshold=2,
        )
        self._add(
            "backendHttpSettingsCollection",
            settings,
            port=port,
            protocol="Http",
            requestTimeout=30,
            cookieBasedAffinity="Disabled",
            probe=self._ref("probes", probe),
        )
        return {
            "backendAddressPool": self._ref("backendAddressPools", pool),
            "backendHttpSettings": self._ref("backendHttpSettingsCollection", settings),
        }

    def _find_endpoints(self, service: str, port_name: str) -> tuple[int, list[str]]:
        """Return the port, and all addresses: those that are not ready too."""
        port, addresses = 80, []
        for each in self._slices:
            if each["metadata"]["labels"].get("kubernetes.io/service-name") != service:
                continue
            with suppress(StopIteration):
                port = next(p["port"] for p in each["ports"] if p["name"] == port_name)
            addresses += [address for e in each["endpoints"] for address in e["addresses"]]
        return port, sorted(set(addresses))

    def _add(self, kind: str, name: str, **properties: Any) -> None:
        self._made[kind][name] = {"name": name, "properties": properties}

    def _ref(self, kind: str, name: str) -> Document:
        return {"id": f"{self._gateway_id}/{kind}/{name}"}


def _digest(port: int, host: str) -> str:
    identity = {"FrontendPort": port, "HostNames": [host, "", "", "", ""], "FrontendType": "Public"}
    text = json.dumps(identity, separators=(",", ":"))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
