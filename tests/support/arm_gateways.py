"""Documents of application gateways, canonical as Azure shows them, in few words."""

from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]

GATEWAY = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/AKS_Upgrade/providers"
    "/Microsoft.Network/applicationGateways/AppGateway"
)
PUBLIC = "127.255.0.1"
PRIVATE = "10.1.0.10"
FRONTEND_ADDRESSES = {"public": PUBLIC, "private": PRIVATE}
PORT = 8080
BACKEND_PORT = 9000


def ref(collection: str, name: str) -> Document:
    """Refer to a part of the gateway."""
    return {"id": f"{GATEWAY}/{collection}/{name}"}


def part(name: str, **properties: Any) -> Document:
    """Return a part of the gateway."""
    return {"name": name, "properties": properties}


def pool(name: str, *addresses: str) -> Document:
    """Return a pool; what does not begin with a digit is an FQDN."""
    targets = [{"ipAddress" if each[0].isdigit() else "fqdn": each} for each in addresses]
    return part(name, backendAddresses=targets)


def settings(name: str = "web", **changes: Any) -> Document:
    """Return backend settings for plain HTTP to `BACKEND_PORT`."""
    defaults = {
        "port": BACKEND_PORT,
        "protocol": "Http",
        "cookieBasedAffinity": "Disabled",
        "pickHostNameFromBackendAddress": False,
        "requestTimeout": 30,
    }
    return part(name, **{**defaults, **changes})


def listener(name: str = "all", *hosts: str, port: int = PORT, **changes: Any) -> Document:
    """Return a listener on the public frontend: basic without hosts."""
    defaults = {
        "frontendIPConfiguration": ref("frontendIPConfigurations", "public"),
        "frontendPort": ref("frontendPorts", f"port-{port}"),
        "protocol": "Http",
        "hostNames": list(hosts),
        "requireServerNameIndication": False,
    }
    return part(name, **{**defaults, **changes})


def rule(name: str, priority: int, *, listener: str = "all", **changes: Any) -> Document:
    """Return a rule; without a target it leads to the pool `blue` by the settings `web`."""
    target = {
        "backendAddressPool": ref("backendAddressPools", "blue"),
        "backendHttpSettings": ref("backendHttpSettingsCollection", "web"),
    }
    if {"urlPathMap", "redirectConfiguration"} & changes.keys():
        target = {}
    defaults = {
        "ruleType": "PathBasedRouting" if "urlPathMap" in changes else "Basic",
        "priority": priority,
        "httpListener": ref("httpListeners", listener),
    }
    return part(name, **{**defaults, **target, **changes})


def to_pool(name: str, by: str = "web", *, default: bool = False) -> Document:
    """Return the properties that lead to a pool by these settings."""
    pool_key, settings_key = "backendAddressPool", "backendHttpSettings"
    if default:
        pool_key, settings_key = "defaultBackendAddressPool", "defaultBackendHttpSettings"
    return {
        pool_key: ref("backendAddressPools", name),
        settings_key: ref("backendHttpSettingsCollection", by),
    }


def gateway(
    pools: Mapping[str, Sequence[str]] | None = None,
    *,
    ports: Sequence[int] = (PORT,),
    **collections: Any,
) -> Document:
    """Return a gateway whose one rule leads from one basic listener to the pool `blue`."""
    defaults: Document = {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "family": "Generation_1"},
        "operationalState": "Running",
        "frontendIPConfigurations": [part("public"), part("private")],
        "frontendPorts": [part(f"port-{port}", port=port) for port in ports],
        "backendAddressPools": [pool(name, *found) for name, found in (pools or {}).items()],
        "backendHttpSettingsCollection": [settings()],
        "httpListeners": [listener()],
        "requestRoutingRules": [rule("rule1", 100)],
        "urlPathMaps": [],
        "probes": [],
        "redirectConfigurations": [],
        "rewriteRuleSets": [],
        "sslCertificates": [],
        "trustedRootCertificates": [],
    }
    return {
        "id": GATEWAY,
        "name": "AppGateway",
        "type": "Microsoft.Network/applicationGateways",
        "location": "chinanorth2",
        "properties": {**defaults, **collections},
    }
