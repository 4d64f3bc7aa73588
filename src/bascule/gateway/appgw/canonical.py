"""The form in which two spellings of the same part of a gateway's document are equal.

Azure shows more than it was sent: ids, etags, states, back references, defaults, and names and
values in its own casing. What it never shows (certificate data) is left out.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, cast

from bascule.azure.document import Document, object_at, text_at
from bascule.gateway.appgw.part import (
    CERTIFICATES,
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PORTS,
    PROBES,
    REDIRECTS,
    REWRITES,
    RULES,
    SETTINGS,
)

PATH_RULES: Final = "pathRules"
READ_ONLY: Final = frozenset({"id", "etag", "type", "provisioningState"})
"""What Azure writes on the gateway and on every child."""

_READ_ONLY_OF_GATEWAY: Final = READ_ONLY | {
    "name",
    "resourceGuid",
    "operationalState",
    "defaultPredefinedSslPolicy",
    "privateEndpointConnections",
}
_BACK: Final = frozenset(
    {"httpListeners", "listeners", "requestRoutingRules", "routingRules", "urlPathMaps"}
)
_BACK_BY_COLLECTION: Final[Mapping[str, frozenset[str]]] = {
    PATH_MAPS: _BACK,
    PROBES: _BACK | {"backendHttpSettings", "backendSettings"},
    "trustedRootCertificates": _BACK | {"backendHttpSettings", "backendSettings"},
    "authenticationCertificates": _BACK | {"backendHttpSettings"},
    "trustedClientCertificates": _BACK | {"sslProfiles"},
    RULES: frozenset(),
    PATH_RULES: frozenset(),
    LISTENERS: _BACK | {"redirectConfigurations"},
}
_BACK_ELSEWHERE: Final = _BACK | {PATH_RULES}

_NEVER_SHOWN: Final = frozenset({"data", "password", "publicCertData"})
_WITHOUT_CASE: Final = frozenset(
    {
        "cookieBasedAffinity",
        "firewallMode",
        "minProtocolVersion",
        "policyType",
        "privateIPAllocationMethod",
        "protocol",
        "redirectType",
        "ruleType",
        "tier",
    }
)
"""Properties whose values Azure spells in its own casing."""
_AS_IF_ABSENT: Final = frozenset({"body", "host", "hostName", "path"})
"""Properties of which an empty text says the same as none."""
_UNORDERED: Final = frozenset({"backendAddresses", "hostNames", "statusCodes"})

_DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "frontendIPConfigurations": {"privateIPAllocationMethod": "dynamic"},
    PROBES: {
        "interval": 30,
        "timeout": 30,
        "unhealthyThreshold": 3,
        "pickHostNameFromBackendHttpSettings": False,
        "enableProbeProxyProtocolHeader": False,
        "minServers": 0,
    },
    SETTINGS: {
        "cookieBasedAffinity": "disabled",
        "pickHostNameFromBackendAddress": False,
        "requestTimeout": 30,
        "dedicatedBackendConnection": False,
        "validateCertChainAndExpiry": True,
        "validateSNI": True,
    },
    LISTENERS: {"requireServerNameIndication": False, "enableHttp3": False},
    RULES: {"ruleType": "basic"},
}
"""What Azure fills in, in this module's form."""

_SPOKEN: Final[Mapping[str, frozenset[str]]] = {
    PORTS: frozenset({"port"}),
    CERTIFICATES: frozenset(),
    PROBES: frozenset(
        {
            "host",
            "interval",
            "match",
            "minServers",
            "path",
            "pickHostNameFromBackendHttpSettings",
            "port",
            "protocol",
            "timeout",
            "unhealthyThreshold",
        }
    ),
    POOLS: frozenset({"backendAddresses"}),
    SETTINGS: frozenset(
        {
            "affinityCookieName",
            "connectionDraining",
            "cookieBasedAffinity",
            "hostName",
            "path",
            "pickHostNameFromBackendAddress",
            "port",
            "probe",
            "protocol",
            "requestTimeout",
            "trustedRootCertificates",
        }
    ),
    LISTENERS: frozenset(
        {
            "firewallPolicy",
            "frontendIPConfiguration",
            "frontendPort",
            "hostName",
            "hostNames",
            "protocol",
            "requireServerNameIndication",
            "sslCertificate",
            "sslProfile",
        }
    ),
    PATH_MAPS: frozenset(
        {
            "defaultBackendAddressPool",
            "defaultBackendHttpSettings",
            "defaultRedirectConfiguration",
            "defaultRewriteRuleSet",
            PATH_RULES,
        }
    ),
    PATH_RULES: frozenset(
        {
            "backendAddressPool",
            "backendHttpSettings",
            "firewallPolicy",
            "paths",
            "redirectConfiguration",
            "rewriteRuleSet",
        }
    ),
    REDIRECTS: frozenset(
        {"includePath", "includeQueryString", "redirectType", "targetListener", "targetUrl"}
    ),
    REWRITES: frozenset({"rewriteRules"}),
    RULES: frozenset(
        {
            "backendAddressPool",
            "backendHttpSettings",
            "httpListener",
            "priority",
            "redirectConfiguration",
            "rewriteRuleSet",
            "ruleType",
            "urlPathMap",
        }
    ),
}
"""What the translation says of a child of ours. Whatever else stands there is left as it is: a
default of a newer service, or what somebody added."""


def back_references(collection: str) -> frozenset[str]:
    """Return the properties in which Azure shows what refers to a child."""
    return _BACK_BY_COLLECTION.get(collection, _BACK_ELSEWHERE)


@cache
def untold_of(collection: str) -> frozenset[str]:
    """Return the properties of a child that say nothing."""
    return READ_ONLY | back_references(collection) | _NEVER_SHOWN


def spoken_by_us(collection: str) -> frozenset[str]:
    """Return the properties that the translation says of a child."""
    return _SPOKEN.get(collection, frozenset())


def is_unspoken(collection: str, name: str) -> bool:
    """Whether a property of a child of ours is not ours to set: kept as it is found."""
    is_noise = name in READ_ONLY or name in back_references(collection)
    return not is_noise and name not in spoken_by_us(collection)


def canonical_gateway(document: Document) -> dict[str, object]:
    """Return what the gateway says of itself, its collections of children left out."""
    own = {
        **{key: value for key, value in document.items() if key != "properties"},
        **{
            key: value
            for key, value in object_at(document, "properties").items()
            if not is_collection(value)
        },
    }
    kept = {key: value for key, value in own.items() if key not in _READ_ONLY_OF_GATEWAY}
    if "location" in kept:
        kept["location"] = text_at(document, "location").replace(" ", "").lower()
    return _canonical_object(kept)


def canonical_child(collection: str, child: Document) -> dict[str, object]:
    """Return what a child says: its properties, and whatever else is not Azure's own."""
    found = child.get("properties")
    properties = canonical_properties(collection, cast("Document", found or {}))
    rest = {key: value for key, value in child.items() if key not in READ_ONLY}
    rest = {key: value for key, value in rest.items() if key not in {"name", "properties"}}
    return {**_canonical_object(rest), "properties": properties}


def canonical_properties(collection: str, properties: Document) -> dict[str, object]:
    """Return a child's properties without noise, defaults and what is never shown."""
    skipped = untold_of(collection)
    own = {key: value for key, value in properties.items() if key not in skipped}
    rules = own.pop(PATH_RULES, None)
    canonical = _canonical_object(own)
    defaults = _DEFAULTS.get(collection, {})
    canonical = {
        key: value
        for key, value in canonical.items()
        if key not in defaults or defaults[key] != value
    }
    draining = canonical.get("connectionDraining")
    if isinstance(draining, Mapping) and not draining.get("enabled"):
        del canonical["connectionDraining"]
    if isinstance(rules, list) and rules:
        canonical[PATH_RULES] = [
            {"name": text_at(rule, "name").lower(), **canonical_child(PATH_RULES, rule)}
            for rule in cast("list[Document]", rules)
        ]
    return canonical


def spoken_of(collection: str, canonical: Mapping[str, object]) -> dict[str, object]:
    """Return of a child's canonical properties what is ours to set."""
    spoken = spoken_by_us(collection)
    found = {key: value for key, value in canonical.items() if key in spoken}
    rules = found.get(PATH_RULES)
    if isinstance(rules, list):
        found[PATH_RULES] = [
            {
                "name": rule["name"],
                "properties": spoken_of(
                    PATH_RULES, cast("Mapping[str, object]", rule["properties"])
                ),
            }
            for rule in cast("list[Document]", rules)
        ]
    return found


def is_collection(value: object) -> bool:
    """Whether this is a list of children, each with a name of its own."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(each, Mapping) and isinstance(each.get("name"), str)
            for each in cast("list[object]", value)
        )
    )


def _canonical_object(value: Mapping[str, object]) -> dict[str, object]:
    found = ((key, _canonical(key, each)) for key, each in value.items())
    return {key: each for key, each in found if not _says_nothing(key, each)}


def _canonical(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return _canonical_object(cast("Document", value))
    if isinstance(value, list):
        items = [_canonical("", each) for each in cast("list[object]", value)]
        return sorted(items, key=repr) if name in _UNORDERED else items
    if isinstance(value, str) and (name == "id" or name in _WITHOUT_CASE):
        return value.lower()
    return value


def _says_nothing(name: str, value: object) -> bool:
    if value is None or (isinstance(value, list | dict) and not value):
        return True
    return value == "" and name in _AS_IF_ABSENT
