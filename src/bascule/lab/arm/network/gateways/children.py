"""The parts of a gateway's document: which there are, how they refer to each other.

Each part gets id, etag, type, provisioningState and defaults, and what refers to a part is shown
there as a back reference, whatever the client sent for these.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bascule.lab.arm.resources import Document

GATEWAY_TYPE = "Microsoft.Network/applicationGateways"

SHOWN_COLLECTIONS = (
    "gatewayIPConfigurations",
    "sslCertificates",
    "trustedRootCertificates",
    "trustedClientCertificates",
    "sslProfiles",
    "frontendIPConfigurations",
    "frontendPorts",
    "backendAddressPools",
    "loadDistributionPolicies",
    "backendHttpSettingsCollection",
    "backendSettingsCollection",
    "httpListeners",
    "listeners",
    "urlPathMaps",
    "requestRoutingRules",
    "routingRules",
    "probes",
    "rewriteRuleSets",
    "redirectConfigurations",
    "privateLinkConfigurations",
)
"""Shown as an empty list when a gateway has none."""

COLLECTIONS = (*SHOWN_COLLECTIONS, "authenticationCertificates", "entraJWTValidationConfigs")

_POOL_AND_SETTINGS = {
    "backendAddressPool": "backendAddressPools",
    "backendHttpSettings": "backendHttpSettingsCollection",
    "redirectConfiguration": "redirectConfigurations",
    "rewriteRuleSet": "rewriteRuleSets",
    "loadDistributionPolicy": "loadDistributionPolicies",
}
_FRONTEND = {
    "frontendIPConfiguration": "frontendIPConfigurations",
    "frontendPort": "frontendPorts",
    "sslCertificate": "sslCertificates",
    "sslProfile": "sslProfiles",
}

REFERENCES: Mapping[str, Mapping[str, str]] = {
    "httpListeners": _FRONTEND,
    "listeners": _FRONTEND,
    "requestRoutingRules": {
        "httpListener": "httpListeners",
        "urlPathMap": "urlPathMaps",
        **_POOL_AND_SETTINGS,
    },
    "routingRules": {
        "listener": "listeners",
        "backendAddressPool": "backendAddressPools",
        "backendSettings": "backendSettingsCollection",
    },
    "urlPathMaps": {
        "default" + name[0].upper() + name[1:]: kind for name, kind in _POOL_AND_SETTINGS.items()
    },
    "pathRules": _POOL_AND_SETTINGS,
    "backendHttpSettingsCollection": {
        "probe": "probes",
        "trustedRootCertificates": "trustedRootCertificates",
        "authenticationCertificates": "authenticationCertificates",
    },
    "backendSettingsCollection": {
        "probe": "probes",
        "trustedRootCertificates": "trustedRootCertificates",
    },
    "redirectConfigurations": {"targetListener": "httpListeners"},
    "sslProfiles": {"trustedClientCertificates": "trustedClientCertificates"},
}
"""Which property of which part refers to a part of which collection."""

_BACK_NAMES = {
    "httpListeners": "httpListeners",
    "listeners": "listeners",
    "requestRoutingRules": "requestRoutingRules",
    "routingRules": "routingRules",
    "urlPathMaps": "urlPathMaps",
    "pathRules": "pathRules",
    "backendHttpSettingsCollection": "backendHttpSettings",
    "backendSettingsCollection": "backendSettings",
}
"""Under which name what refers to a part is shown there."""

_PROBE_DEFAULTS = {
    "interval": 30,
    "timeout": 30,
    "unhealthyThreshold": 3,
    "pickHostNameFromBackendHttpSettings": False,
    "minServers": 0,
    "match": {},
}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "frontendIPConfigurations": {"privateIPAllocationMethod": "Dynamic"},
    "backendAddressPools": {"backendAddresses": []},
    "backendHttpSettingsCollection": {
        "cookieBasedAffinity": "Disabled",
        "pickHostNameFromBackendAddress": False,
        "requestTimeout": 30,
    },
    "httpListeners": {
        "hostNames": [],
        "requireServerNameIndication": False,
        "enableHttp3": False,
    },
    "requestRoutingRules": {"ruleType": "Basic"},
    "probes": _PROBE_DEFAULTS,
    "rewriteRuleSets": {"rewriteRules": []},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One part: `body` is the live object inside the document, and may be changed."""

    collection: str
    """Such as `httpListeners`; `pathRules` for the rules of a path map."""
    id: str
    body: Document

    @property
    def properties(self) -> Document:
        """Its `properties`, made if there were none."""
        found: Document = self.body.setdefault("properties", {})
        return found


def children(document: Document) -> Iterator[Child]:
    """Yield all parts, path rules after their map."""
    for collection in COLLECTIONS:
        for body in document["properties"].get(collection) or ():
            child_id = f"{document['id']}/{collection}/{body.get('name', '')}"
            yield Child(collection=collection, id=child_id, body=body)
            if collection == "urlPathMaps":
                for rule in body.get("properties", {}).get("pathRules") or ():
                    rule_id = f"{child_id}/pathRules/{rule.get('name', '')}"
                    yield Child(collection="pathRules", id=rule_id, body=rule)


def references(child: Child) -> Iterator[tuple[str, str]]:
    """Yield what a part refers to: the collection that it must be in, and the id as written."""
    for name, collection in REFERENCES.get(child.collection, {}).items():
        found = child.properties.get(name)
        for each in found if isinstance(found, list) else [found]:
            if isinstance(each, Mapping) and "id" in each:
                yield collection, str(each["id"])


def complete(document: Document) -> None:
    """Fill in defaults and empty collections, and show back references."""
    properties = document["properties"]
    for collection in SHOWN_COLLECTIONS:
        properties.setdefault(collection, [])
    properties.setdefault("privateEndpointConnections", [])
    parts = list(children(document))
    for part in parts:
        _forget_back_references(part)
        for name, value in _DEFAULTS.get(part.collection, {}).items():
            part.properties.setdefault(name, _fresh(value))
    by_id = {part.id.lower(): part for part in parts}
    for part in parts:
        back_name = _BACK_NAMES.get(part.collection)
        if back_name is None:
            continue
        for _collection, target in references(part):
            shown = by_id[target.lower()].properties.setdefault(back_name, [])
            if {"id": part.id} not in shown:
                shown.append({"id": part.id})


def stamp(document: Document, *, etag: str, state: str) -> None:
    """Write id, etag, type and provisioningState on the gateway and all its parts."""
    document["etag"] = etag
    document["properties"]["provisioningState"] = state
    for part in children(document):
        kind = "urlPathMaps/pathRules" if part.collection == "pathRules" else part.collection
        part.body["id"] = part.id
        part.body["etag"] = etag
        part.body["type"] = f"{GATEWAY_TYPE}/{kind}"
        part.properties["provisioningState"] = state


def _forget_back_references(part: Child) -> None:
    for source, targets in REFERENCES.items():
        if part.collection in targets.values() and source in _BACK_NAMES:
            part.properties.pop(_BACK_NAMES[source], None)


def _fresh(value: Any) -> Any:
    return type(value)(value) if isinstance(value, list | dict) else value
