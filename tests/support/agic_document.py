"""The document that AGIC writes for two Ingresses, with its own names, tags and defaults.

Facts from AGIC 1.9.8: names of sub-resources are `pool-NS-SVC-PORT-bp-PORT`, `bp-...`, `pb-...`,
and `fl-`, `rr-`, `url-` with the MD5 of the listener's identity; `defaultaddresspool` and
`defaulthttpsetting` stand for what has no backend.
"""

import hashlib
import json
from typing import Any

Document = dict[str, Any]
HOSTS = ("shop.example.com", "api.example.com")


def build_agic_gateway(
    gateway_id: str, *, subnet_id: str, address_id: str, cluster_id: str
) -> Document:
    """Return a body for a PUT; without a cluster it bears no tag of AGIC's."""

    def ref(kind: str, name: str) -> Document:
        return {"id": f"{gateway_id}/{kind}/{name}"}

    properties: Document = {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2},
        "gatewayIPConfigurations": [
            _part("appGatewayIpConfig", subnet={"id": subnet_id}),
        ],
        "frontendIPConfigurations": [
            _part("appGwPublicFrontendIp", publicIPAddress={"id": address_id})
        ],
        "frontendPorts": [_part("fp-80", port=80)],
        "backendAddressPools": [_part("defaultaddresspool", backendAddresses=[])],
        "backendHttpSettingsCollection": [
            _part("defaulthttpsetting", port=80, protocol="Http", requestTimeout=30)
        ],
        "probes": [],
        "httpListeners": [],
        "requestRoutingRules": [],
    }
    for number, host in enumerate(HOSTS):
        service = host.partition(".")[0]
        digest = _digest(host)
        pool = f"pool-default-{service}-80-bp-8080"
        settings = f"bp-default-{service}-80-8080-{service}"
        probe = f"pb-default-{service}-80-{service}"
        properties["backendAddressPools"].append(
            _part(pool, backendAddresses=[{"ipAddress": f"10.240.0.{7 + number}"}])
        )
        properties["probes"].append(
            _part(
                probe,
                protocol="Http",
                host=host,
                path="/",
                interval=30,
                timeout=30,
                unhealthyThreshold=3,
            )
        )
        properties["backendHttpSettingsCollection"].append(
            _part(
                settings,
                port=8080,
                protocol="Http",
                requestTimeout=30,
                cookieBasedAffinity="Disabled",
                probe=ref("probes", probe),
            )
        )
        properties["httpListeners"].append(
            _part(
                f"fl-{digest}",
                frontendIPConfiguration=ref("frontendIPConfigurations", "appGwPublicFrontendIp"),
                frontendPort=ref("frontendPorts", "fp-80"),
                protocol="Http",
                hostNames=[host],
            )
        )
        properties["requestRoutingRules"].append(
            _part(
                f"rr-{digest}",
                ruleType="Basic",
                priority=19_000 + 5 * number,
                httpListener=ref("httpListeners", f"fl-{digest}"),
                backendAddressPool=ref("backendAddressPools", pool),
                backendHttpSettings=ref("backendHttpSettingsCollection", settings),
            )
        )
    tags = {
        "managed-by-k8s-ingress": "1.9.8/f42103d/2026-03-01-10:00T+0000",
        "ingress-for-aks-cluster-id": cluster_id,
    }
    return {"tags": tags if cluster_id else {}, "properties": properties}


def _part(name: str, **properties: Any) -> Document:
    return {"name": name, "properties": properties}


def _digest(host: str) -> str:
    identity = {"FrontendPort": 80, "HostNames": [host, "", "", "", ""], "FrontendType": "Public"}
    text = json.dumps(identity, separators=(",", ":"))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
