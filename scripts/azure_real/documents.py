"""Changes of a gateway's document: pools, a path map, a redirect. Pure; the rest stays as it is."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId

UNRELATED_POOL = "unrelated"
_SETTINGS, _MAP, _REDIRECT = "backendHttpSettingsCollection", "by-path", "answer"


def with_redirect(document: Document, gateway: ResourceId, target: str) -> dict[str, Any]:
    """Let the gateway itself answer every request: go to `target`."""
    changed = _copy(document)
    redirect = {"redirectType": "Temporary", "targetUrl": target, "includePath": False}
    _set_part(changed, "redirectConfigurations", _REDIRECT, redirect)
    rule = {
        "ruleType": "Basic",
        "redirectConfiguration": _id(gateway, "redirectConfigurations", _REDIRECT),
    }
    return _with_rule(changed, rule)


def with_map(
    document: Document, gateway: ResourceId, pools: Mapping[str, Sequence[str]], port: int
) -> dict[str, Any]:
    """Send /NAME to the pool of each name, so that each is probed; the first one gets the rest."""
    changed = _with_pools(document, pools, port)
    settings = _first(changed, gateway, _SETTINGS)
    first = next(iter(pools))
    rules = [
        {
            "name": name,
            "properties": {
                "paths": [f"/{name}"],
                "backendAddressPool": _id(gateway, "backendAddressPools", name),
                "backendHttpSettings": settings,
            },
        }
        for name in pools
    ]
    found = {
        "defaultBackendAddressPool": _id(gateway, "backendAddressPools", first),
        "defaultBackendHttpSettings": settings,
        "pathRules": rules,
    }
    _set_part(changed, "urlPathMaps", _MAP, found)
    rule = {
        "ruleType": "PathBasedRouting",
        "urlPathMap": _id(gateway, "urlPathMaps", _MAP),
    }
    return _with_rule(changed, rule)


def with_drain(document: Document, drain_s: int, timeout_s: int) -> dict[str, Any]:
    """Let backends drain for so long, and answer within a time-out."""
    changed = _copy(document)
    for settings in changed["properties"][_SETTINGS]:
        settings["properties"]["requestTimeout"] = timeout_s
        settings["properties"]["connectionDraining"] = {
            "enabled": True,
            "drainTimeoutInSec": drain_s,
        }
    return changed


def with_unrelated_pool(document: Document) -> dict[str, Any]:
    """Add an empty pool that no rule uses."""
    changed = _copy(document)
    _set_part(changed, "backendAddressPools", UNRELATED_POOL, {"backendAddresses": []})
    return changed


def _with_pools(
    document: Document, pools: Mapping[str, Sequence[str]], port: int
) -> dict[str, Any]:
    changed = _copy(document)
    for name, addresses in pools.items():
        found = [{"ipAddress": address} for address in addresses]
        _set_part(changed, "backendAddressPools", name, {"backendAddresses": found})
    for settings in changed["properties"][_SETTINGS]:
        settings["properties"]["port"] = port
    return changed


def _with_rule(changed: dict[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    (rule,) = changed["properties"]["requestRoutingRules"]
    kept = {key: rule["properties"][key] for key in ("priority", "httpListener")}
    rule["properties"] = {**kept, **properties}
    return changed


def _set_part(
    document: dict[str, Any], kind: str, name: str, properties: Mapping[str, Any]
) -> None:
    parts = document["properties"].setdefault(kind, [])
    parts[:] = [part for part in parts if part["name"] != name]
    parts.append({"name": name, "properties": dict(properties)})


def _first(document: Mapping[str, Any], gateway: ResourceId, kind: str) -> dict[str, str]:
    return _id(gateway, kind, document["properties"][kind][0]["name"])


def _id(gateway: ResourceId, kind: str, name: str) -> dict[str, str]:
    return {"id": str(gateway.child(kind, name))}


def _copy(document: Document) -> dict[str, Any]:
    copied: dict[str, Any] = copy.deepcopy(dict(document))
    return copied
