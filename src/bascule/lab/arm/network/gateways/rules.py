"""What Azure refuses in a gateway's document by itself: names, references, priorities, limits."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bascule.lab.arm.network.gateways.children import Child, children, references
from bascule.lab.arm.network.references import invalid_reference
from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.resources import Document

PRIORITY_SINCE = "2021-08-01"
"""From this api-version on each rule needs a priority."""

PRIORITY_MAX = 20_000
TARGETS_MAX = 1_200
PATH_RULES_MAX = 100
HOST_NAMES_MAX = 5
ACTIVE_LISTENERS_MAX = 100
"""Listeners whose rule sends traffic to backends; one that only redirects does not count."""

LIMITS = {
    "frontendIPConfigurations": 4,
    "frontendPorts": 100,
    "backendAddressPools": 100,
    "httpListeners": 200,
    "requestRoutingRules": 400,
    "backendHttpSettingsCollection": 100,
    "sslCertificates": 100,
    "redirectConfigurations": 100,
    "rewriteRuleSets": 400,
}
FIREWALL_LIMIT = 40
"""Of most parts, with a firewall whose rule set is 3.1 or older."""

_OLD_RULE_SETS = frozenset({"2.2.9", "3.0", "3.1"})
_LIMITED_BY_FIREWALL = frozenset(LIMITS) - {
    "frontendIPConfigurations",
    "sslCertificates",
    "rewriteRuleSets",
}
INSTANCES_MAX = 125
_REQUIRED = (
    "sku",
    "gatewayIPConfigurations",
    "frontendIPConfigurations",
    "frontendPorts",
    "backendAddressPools",
)


def check_document(document: Document, api_version: str) -> None:
    """Raise ArmRefusal for the first thing that Azure would not accept."""
    _check_shape(document)
    _check_names(document)
    _check_sku(document)
    _check_limits(document)
    parts = list(children(document))
    known = {part.id.lower(): part for part in parts}
    for part in parts:
        _check_references(document, part, known)
        _check_part(part)
    _check_priorities(document, api_version)
    _check_listeners(document)


def _refuse(code: str, message: str) -> ArmRefusal:
    return ArmRefusal(400, code, message)


def _unreadable(code: str, message: str) -> ArmRefusal:
    return ArmRefusal(
        400,
        "InvalidRequestFormat",
        "Cannot parse the request.",
        details=[{"code": code, "message": message}],
    )


def _check_shape(document: Document) -> None:
    properties = document["properties"]
    for name in _REQUIRED:
        if not properties.get(name):
            raise _unreadable(
                "MissingJsonReferenceId" if name == "sku" else "InvalidJson",
                f"Value for property '{name}' of application gateway {document['id']} is missing.",
            )
    for name, value in properties.items():
        if name in LIMITS and not (
            isinstance(value, list) and all(isinstance(each, dict) for each in value)
        ):
            raise _unreadable("InvalidJson", f"Property '{name}' is not a list of objects.")


def _check_names(document: Document) -> None:
    seen: set[str] = set()
    for part in children(document):
        name = part.body.get("name")
        if not isinstance(name, str) or not name:
            raise _unreadable(
                "MissingJsonReferenceId",
                f"A member of '{part.collection}' of {document['id']} has no name.",
            )
        if part.id.lower() in seen:
            raise _unreadable(
                "DuplicateResourceName",
                f"Resource {document['id']} has two child resources with the same name ({name}).",
            )
        seen.add(part.id.lower())


def _check_sku(document: Document) -> None:
    properties = document["properties"]
    sku = properties["sku"]
    name, tier = sku.get("name"), sku.get("tier", sku.get("name"))
    if name not in {"Standard_v2", "WAF_v2", "Basic"}:
        raise _refuse(
            "ApplicationGatewaySkuNotSupported",
            f"Application Gateway {document['id']} cannot use sku {name}: V1 SKUs are retired. "
            "Use Standard_v2 or WAF_v2.",
        )
    if tier != name:
        raise _refuse(
            "ApplicationGatewaySkuTierDoesNotMatchSkuName",
            f"Application Gateway {document['id']} has sku {name} with tier {tier}.",
        )
    if "capacity" not in sku and "autoscaleConfiguration" not in properties:
        raise _refuse(
            "ApplicationGatewaySkuCapacityMustBeSpecified",
            f"Application Gateway {document['id']} has neither sku capacity nor an autoscale "
            "configuration.",
        )
    size = sku.get("capacity", 1)
    if not isinstance(size, int) or not 1 <= size <= INSTANCES_MAX:
        raise _refuse(
            "ApplicationGatewaySkuCapacityOutOfRange",
            f"Application Gateway {document['id']} has sku capacity {size}, which is not between "
            f"1 and {INSTANCES_MAX}.",
        )
    has_firewall = "webApplicationFirewallConfiguration" in properties or (
        "firewallPolicy" in properties
    )
    if has_firewall and tier != "WAF_v2":
        raise _refuse(
            "ApplicationGatewayFirewallCannotBeEnabledForSelectedSku",
            f"Application Gateway {document['id']} does not support WebApplicationFirewall with "
            f"the selected SKU tier {tier}",
        )


def _check_limits(document: Document) -> None:
    properties = document["properties"]
    firewall = properties.get("webApplicationFirewallConfiguration") or {}
    is_old = firewall.get("enabled") and firewall.get("ruleSetVersion") in _OLD_RULE_SETS
    for collection, most in LIMITS.items():
        limit = FIREWALL_LIMIT if is_old and collection in _LIMITED_BY_FIREWALL else most
        count = len(properties.get(collection) or ())
        if count > limit:
            raise _over(collection, count, limit)
    for part in children(document):
        for count, limit, what in _inner_counts(part):
            if count > limit:
                raise _over(what, count, limit)
    active = len(set(_active_listeners(document)))
    if active > ACTIVE_LISTENERS_MAX:
        raise _over("ActiveHttpListeners", active, ACTIVE_LISTENERS_MAX)


def _active_listeners(document: Document) -> Iterator[str]:
    for part in children(document):
        properties = part.properties
        if part.collection == "requestRoutingRules" and "redirectConfiguration" not in properties:
            yield str((properties.get("httpListener") or {}).get("id", "")).lower()


def _inner_counts(part: Child) -> Iterator[tuple[int, int, str]]:
    properties = part.properties
    if part.collection == "backendAddressPools":
        yield len(properties.get("backendAddresses") or ()), TARGETS_MAX, "BackendAddresses"
    elif part.collection == "urlPathMaps":
        yield len(properties.get("pathRules") or ()), PATH_RULES_MAX, "PathRules"
    elif part.collection == "httpListeners":
        yield len(properties.get("hostNames") or ()), HOST_NAMES_MAX, "HostNames"


def _over(collection: str, count: int, limit: int) -> ArmRefusal:
    plural = collection[0].upper() + collection[1:]
    ending = "es" if plural.endswith("sses") else "s"
    singular = plural.removesuffix("Collection").removesuffix(ending)
    return _refuse(
        f"ApplicationGateway{singular}LimitReached",
        f"The number of {plural} exceeds the maximum allowed value. The number of {plural} is "
        f"{count} and the maximum allowed is {limit}.",
    )


def _check_references(document: Document, part: Child, known: Mapping[str, Child]) -> None:
    for collection, target in references(part):
        if not target.lower().startswith("/subscriptions/"):
            raise ArmRefusal(
                400,
                "LinkedInvalidPropertyId",
                f"Property id '{target}' at path 'properties.{part.collection}' is invalid. Expect "
                "fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or "
                "'/providers/{resourceProviderNamespace}/'.",
            )
        wanted = f"{document['id']}/{collection}/".lower()
        if target.lower() not in known or not target.lower().startswith(wanted):
            raise invalid_reference(target, part.id)


def _check_part(part: Child) -> None:
    properties = part.properties
    wanted: tuple[str, ...] = ()
    if part.collection in {"frontendPorts", "backendHttpSettingsCollection"}:
        wanted = ("port",)
    elif part.collection == "httpListeners":
        wanted = ("frontendIPConfiguration", "frontendPort", "protocol")
        if properties.get("protocol") == "Https":
            wanted = (*wanted, "sslCertificate")
    elif part.collection == "requestRoutingRules":
        wanted = ("httpListener", *_rule_needs(properties))
    for name in wanted:
        if name not in properties:
            code = f"ApplicationGateway{part.collection.removesuffix('s').title()}"
            raise _refuse(
                f"{code}{name[0].upper()}{name[1:]}CannotBeEmpty",
                f"{name} of {part.id} cannot be empty.",
            )


def _rule_needs(properties: Mapping[str, Any]) -> tuple[str, ...]:
    if properties.get("ruleType") == "PathBasedRouting":
        return ("urlPathMap",)
    if "redirectConfiguration" in properties or "loadDistributionPolicy" in properties:
        return ()
    return ("backendAddressPool", "backendHttpSettings")


def _check_priorities(document: Document, api_version: str) -> None:
    rules = [part for part in children(document) if part.collection == "requestRoutingRules"]
    given = [rule.properties.get("priority") for rule in rules]
    if api_version[: len(PRIORITY_SINCE)] >= PRIORITY_SINCE:
        for rule in rules:
            if "priority" not in rule.properties:
                raise _refuse(
                    "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty",
                    f"Priority for the request routing rule {rule.id} cannot be empty. All request "
                    "routing rules should have a priority defined starting from api-version "
                    f"{PRIORITY_SINCE}",
                )
    elif any(each is None for each in given) and any(each is not None for each in given):
        raise _refuse(
            "ApplicationGatewayRequestRoutingRulePartialPriorityDefined",
            "Either all or no rule should have the priority specified.",
        )
    for priority, count in Counter(each for each in given if each is not None).items():
        if not isinstance(priority, int) or not 1 <= priority <= PRIORITY_MAX:
            raise _refuse(
                "ApplicationGatewayRequestRoutingRulePriorityInvalid",
                f"Priority {priority} is not between 1 and {PRIORITY_MAX}.",
            )
        if count > 1:
            raise _refuse(
                "ApplicationGatewayRequestRoutingRulePriorityMustBeUnique",
                "Priority must be unique across all the request routing rules.",
            )


def _check_listeners(document: Document) -> None:
    taken: dict[tuple[str, str, str], str] = {}
    for part in children(document):
        if part.collection != "httpListeners":
            continue
        properties = part.properties
        address = str(properties["frontendIPConfiguration"].get("id", "")).lower()
        port = str(properties["frontendPort"].get("id", ""))
        hosts = list(properties.get("hostNames") or ()) or [properties.get("hostName", "")]
        for host in hosts:
            key = (address, port.lower(), str(host).lower())
            if key in taken:
                raise _refuse(
                    "ApplicationGatewayHttpListenersUsingSameFrontendPort",
                    f"Two Http Listeners of Application Gateway {document['id']} are using the "
                    f"same Frontend Port {port} and HostName {host}.",
                )
            taken[key] = part.id
