"""Backend health in ARM's words, from what the probes of the data plane say."""

from collections.abc import Sequence
from typing import Any

from bascule.lab.arm.network.documents import read_body
from bascule.lab.arm.network.gateways.children import children, references
from bascule.lab.arm.network.gateways.names import canonical
from bascule.lab.arm.network.plane_port import GatewayHealth, ProbeWanted, ServerHealth
from bascule.lab.arm.network.references import invalid_reference
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRequest
from bascule.lab.arm.resources import Document

_UNKNOWN = "Unknown"


def render_health(document: Document, health: GatewayHealth) -> Document:
    """Return the body: every pool that a rule uses, with the settings by which it is reached."""
    pools: dict[str, list[Document]] = {}
    for pool_id, settings_id in used_pairs(document):
        pair = (parse_path(pool_id).name, parse_path(settings_id).name)
        found = {pool.lower(): pool for pool in pools}
        servers = [_server(each) for each in _servers(document, pool_id, pair, health)]
        pools.setdefault(found.get(pool_id.lower(), pool_id), []).append(
            {"backendHttpSettings": {"id": settings_id}, "servers": servers}
        )
    return {
        "backendAddressPools": [
            {"backendAddressPool": {"id": pool_id}, "backendHttpSettingsCollection": settings}
            for pool_id, settings in pools.items()
        ]
    }


def used_pairs(document: Document) -> list[tuple[str, str]]:
    """Return the ids of pools and settings that rules and path maps bring together, each once."""
    pairs: dict[tuple[str, str], tuple[str, str]] = {}
    for part in children(document):
        if part.collection not in {"requestRoutingRules", "urlPathMaps", "pathRules"}:
            continue
        targets = dict(references(part))
        pool = targets.get("backendAddressPools")
        settings = targets.get("backendHttpSettingsCollection")
        if pool and settings:
            pairs.setdefault((pool.lower(), settings.lower()), (pool, settings))
    return list(pairs.values())


def read_probe_wanted(
    request: ArmRequest, document: Document
) -> tuple[ProbeWanted, tuple[str, str]]:
    """Return what an on-demand probe is of, and the ids of its pool and settings.

    Raises ArmRefusal 400 for one of a pool or of settings that the gateway does not have.
    """
    body = canonical(read_body(request))
    ids = []
    for key, collection in (
        ("backendAddressPool", "backendAddressPools"),
        ("backendHttpSettings", "backendHttpSettingsCollection"),
    ):
        wanted = str((body.get(key) or {}).get("id", ""))
        name = wanted.rpartition("/")[2].lower()
        known = (each for each in children(document) if each.collection == collection)
        found = next((each for each in known if each.body["name"].lower() == name), None)
        if found is None:
            raise invalid_reference(wanted, document["id"])
        ids.append(found)
    pool, settings = ids
    probe = ProbeWanted(pool.body["name"], settings.body["name"], body)
    return probe, (pool.id, settings.id)


def render_probe(pool_id: str, settings_id: str, servers: Sequence[ServerHealth]) -> Document:
    """Return the body of what an on-demand probe found."""
    return {
        "backendAddressPool": {"id": pool_id},
        "backendHealthHttpSettings": {
            "backendHttpSettings": {"id": settings_id},
            "servers": [_server(each) for each in servers],
        },
    }


def _servers(
    document: Document, pool_id: str, pair: tuple[str, str], health: GatewayHealth
) -> list[ServerHealth]:
    known = {(pool.lower(), settings.lower()): each for (pool, settings), each in health.items()}
    found = known.get((pair[0].lower(), pair[1].lower()))
    if found is not None:
        return list(found)
    for part in children(document):
        if part.collection == "backendAddressPools" and part.id.lower() == pool_id.lower():
            targets = part.properties.get("backendAddresses") or ()
            return [
                ServerHealth(str(each.get("ipAddress") or each.get("fqdn", "")), _UNKNOWN, "")
                for each in targets
            ]
    return []


def _server(server: ServerHealth) -> dict[str, Any]:
    shown = {"address": server.address, "health": server.health}
    if server.log:
        shown["healthProbeLog"] = server.log
    return shown
