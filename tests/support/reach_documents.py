"""Documents of gateways that hold pools, path maps and rules, and nothing else."""

from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]
ID = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw"


def gateway(
    *,
    pools: Sequence[Document] = (),
    maps: Sequence[Document] = (),
    rules: Sequence[Document] = (),
    listeners: Sequence[Document] = (),
) -> Document:
    """Return a gateway."""
    return {
        "id": ID,
        "properties": {
            "backendAddressPools": list(pools),
            "urlPathMaps": list(maps),
            "requestRoutingRules": list(rules),
            "httpListeners": list(listeners),
        },
    }


def listener(name: str, *hosts: str) -> Document:
    """Return a listener; without hosts it is for any."""
    return {"name": name, "properties": {"hostNames": list(hosts)} if hosts else {}}


def pool(name: str, *addresses: str) -> Document:
    """Return a pool; what does not begin with a digit is an FQDN."""
    targets = [{"ipAddress" if each[0].isdigit() else "fqdn": each} for each in addresses]
    return {"name": name, "properties": {"backendAddresses": targets}}


def path_map(name: str, default: str, *paths: str) -> Document:
    """Return a path map: a default pool, and one path for each further pool."""
    return {
        "name": name,
        "properties": {
            "defaultBackendAddressPool": _pool(default),
            "pathRules": [
                {"name": each, "properties": {"backendAddressPool": _pool(each)}} for each in paths
            ],
        },
    }


def rule(name: str, *, to: str = "", path_map: str = "", listener: str = "") -> Document:
    """Return a rule that leads to a pool or to a path map."""
    properties: Document = {"httpListener": {"id": f"{ID}/httpListeners/{listener or name}"}}
    if to:
        properties["backendAddressPool"] = _pool(to)
    if path_map:
        properties["urlPathMap"] = {"id": f"{ID}/urlPathMaps/{path_map}"}
    return {"name": name, "properties": properties}


def _pool(name: str) -> Document:
    return {"id": f"{ID}/backendAddressPools/{name}"}
