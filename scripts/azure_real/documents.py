"""Changes of a gateway's document: pools, a path map, a redirect. Pure; the rest stays as it is."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.resource_id import ResourceId

UNRELATED_POOL = "unrelated"
COLD = "cold"
"""A pool with settings, a probe and a map of its own, which no rule leads to at first."""
NOBODY = "nobody.invalid"
"""The host of a listener that no client asks for."""
USED_MARK, UNUSED_MARK = "bascule-used", "bascule-unused"
"""What probes ask for, so that a server's log tells them apart."""
PROBE_EVERY_S = 2
_SETTINGS, _MAP, _REDIRECT = "backendHttpSettingsCollection", "by-path", "answer"
_USED_PROBE = "used"


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


def with_cold_pool(
    document: Document, gateway: ResourceId, addresses: Sequence[str], port: int
) -> dict[str, Any]:
    """Add a pool, settings, a probe and a map that no rule leads to; mark the other probes."""
    changed = _copy(document)
    _set_part(changed, "probes", _USED_PROBE, _probe(USED_MARK))
    _set_part(changed, "probes", COLD, _probe(UNUSED_MARK))
    for settings in changed["properties"][_SETTINGS]:
        settings["properties"]["probe"] = _id(gateway, "probes", _USED_PROBE)
    servers = [{"ipAddress": address} for address in addresses]
    _set_part(changed, "backendAddressPools", COLD, {"backendAddresses": servers})
    cold: dict[str, Any] = {"port": port, "protocol": "Http", "requestTimeout": 30}
    _set_part(changed, _SETTINGS, COLD, {**cold, "probe": _id(gateway, "probes", COLD)})
    pair = {
        "backendAddressPool": _id(gateway, "backendAddressPools", COLD),
        "backendHttpSettings": _id(gateway, _SETTINGS, COLD),
    }
    found = {
        "defaultBackendAddressPool": pair["backendAddressPool"],
        "defaultBackendHttpSettings": pair["backendHttpSettings"],
        "pathRules": [{"name": COLD, "properties": {"paths": [f"/{COLD}"], **pair}}],
    }
    _set_part(changed, "urlPathMaps", COLD, found)
    return changed


def with_rule_to_cold_pool(document: Document, gateway: ResourceId) -> dict[str, Any]:
    """Lead users to the cold pool."""
    rule = {"ruleType": "PathBasedRouting", "urlPathMap": _id(gateway, "urlPathMaps", COLD)}
    return _with_rule(_copy(document), rule)


def with_listener_to_cold_pool(document: Document, gateway: ResourceId) -> dict[str, Any]:
    """Lead a listener to the cold pool that no client asks for."""
    changed = _copy(document)
    first = changed["properties"]["httpListeners"][0]["properties"]
    kept = {key: first[key] for key in ("frontendIPConfiguration", "frontendPort", "protocol")}
    _set_part(changed, "httpListeners", COLD, {**kept, "hostName": NOBODY})
    rule = {
        "ruleType": "PathBasedRouting",
        "priority": 1,
        "httpListener": _id(gateway, "httpListeners", COLD),
        "urlPathMap": _id(gateway, "urlPathMaps", COLD),
    }
    _set_part(changed, "requestRoutingRules", COLD, rule)
    return changed


def with_dangling_rule(document: Document) -> dict[str, Any]:
    """Add a rule whose listener is not there: Azure refuses such a document."""
    changed = _copy(document)
    listener = f"{changed['id']}/httpListeners/nowhere"
    rule = {"ruleType": "Basic", "priority": 19_999, "httpListener": {"id": listener}}
    _set_part(changed, "requestRoutingRules", "dangling", rule)
    return changed


def find_addresses(document: Document, pool: str) -> list[str]:
    """Return the addresses that a pool holds; none if there is no such pool."""
    pools = list_at(document, "properties", "backendAddressPools")
    found = [each for each in pools if text_at(each, "name") == pool]
    servers = [each for pool in found for each in list_at(pool, "properties", "backendAddresses")]
    return [text_at(each, "ipAddress") for each in servers]


def padded(document: Document, size_bytes: int) -> dict[str, Any]:
    """Return what says the same in so many bytes, the more of which are blanks."""
    missing = max(0, size_bytes - len(msgspec.json.encode(document)))
    properties = msgspec.json.encode(document["properties"]) + b" " * missing
    return {**document, "properties": msgspec.Raw(properties)}


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
    rules = changed["properties"]["requestRoutingRules"]
    (rule,) = (each for each in rules if each["name"] != COLD)
    kept = {key: rule["properties"][key] for key in ("priority", "httpListener")}
    rule["properties"] = {**kept, **properties}
    return changed


def _set_part(
    document: dict[str, Any], kind: str, name: str, properties: Mapping[str, Any]
) -> None:
    parts = document["properties"].setdefault(kind, [])
    parts[:] = [part for part in parts if part["name"] != name]
    parts.append({"name": name, "properties": dict(properties)})


def _probe(mark: str) -> dict[str, Any]:
    return {
        "protocol": "Http",
        "host": "127.0.0.1",
        "path": f"/echo?msg={mark}",
        "interval": PROBE_EVERY_S,
        "timeout": PROBE_EVERY_S,
        "unhealthyThreshold": 3,
    }


def _first(document: Mapping[str, Any], gateway: ResourceId, kind: str) -> dict[str, str]:
    return _id(gateway, kind, document["properties"][kind][0]["name"])


def _id(gateway: ResourceId, kind: str, name: str) -> dict[str, str]:
    return {"id": str(gateway.child(kind, name))}


def _copy(document: Document) -> dict[str, Any]:
    copied: dict[str, Any] = copy.deepcopy(dict(document))
    return copied
