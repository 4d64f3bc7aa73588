"""From the document of an application gateway to what checks look at. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bascule.azure.document import Document, list_at, number_at, object_at, text_at, texts_at
from bascule.azure.gateway_rules import hosts_of_listener
from bascule.checks.azure.gateway_facts import AgicObjects, GatewayFacts, Part
from bascule.gateway.ownership import adoption_of, has_clients, split_names

TAG_OF_AGIC: Final = "managed-by-k8s-ingress"
TAG_OF_CLUSTER: Final = "ingress-for-aks-cluster-id"

_LISTS: Mapping[Part, tuple[str, ...]] = {
    Part.POOLS: ("backendAddressPools",),
    Part.SETTINGS: ("backendHttpSettingsCollection", "backendSettingsCollection"),
    Part.LISTENERS: ("httpListeners", "listeners"),
    Part.RULES: ("requestRoutingRules", "routingRules"),
    Part.PORTS: ("frontendPorts",),
    Part.CERTIFICATES: ("sslCertificates",),
    Part.REDIRECTS: ("redirectConfigurations",),
    Part.REWRITES: ("rewriteRuleSets",),
}


def read_gateway(document: Document) -> GatewayFacts:
    """Return what a gateway's document says."""
    properties = object_at(document, "properties")
    tags = object_at(document, "tags")
    return GatewayFacts(
        id=text_at(document, "id"),
        name=text_at(document, "name"),
        location=text_at(document, "location"),
        tier=text_at(properties, "sku", "tier") or text_at(properties, "sku", "name"),
        counts=_counts(properties),
        used_counts=_used(properties),
        hosts=_hosts(properties),
        instances_max=number_at(properties, "autoscaleConfiguration", "maxCapacity")
        or number_at(properties, "sku", "capacity")
        or 2,
        subnet_id=next(_ids(properties, "gatewayIPConfigurations", "subnet"), ""),
        public_ip_ids=tuple(_ids(properties, "frontendIPConfigurations", "publicIPAddress")),
        identity_ids=tuple(sorted(object_at(document, "identity", "userAssignedIdentities"))),
        waf_policy_ids=_policies(properties),
        agic=_agic(properties),
        agic_cluster_id=text_at(tags, TAG_OF_CLUSTER),
        is_marked_by_agic=(TAG_OF_AGIC in tags or TAG_OF_CLUSTER in tags)
        and adoption_of(tags) is None,
        state=text_at(properties, "provisioningState") or "Succeeded",
        is_running=text_at(properties, "operationalState").lower() not in {"stopped", "stopping"},
    )


def _counts(properties: Document) -> dict[Part, int]:
    counts = {
        part: sum(len(list_at(properties, key)) for key in keys) for part, keys in _LISTS.items()
    }
    listeners = list_at(properties, "httpListeners")
    counts[Part.ACTIVE_LISTENERS] = len(
        {
            *_ids(properties, "requestRoutingRules", "httpListener"),
            *_ids(properties, "routingRules", "listener"),
        }
    )
    counts[Part.PATH_RULES] = _most(
        len(list_at(each, "properties", "pathRules")) for each in list_at(properties, "urlPathMaps")
    )
    counts[Part.TARGETS] = _most(
        len(list_at(each, "properties", "backendAddresses"))
        for each in list_at(properties, "backendAddressPools")
    )
    counts[Part.HOSTS] = _most(len(texts_at(each, "properties", "hostNames")) for each in listeners)
    return counts


def _used(properties: Document) -> dict[Part, int]:
    """Return how many pools and settings a rule or path leads to."""
    pools: set[str] = set()
    settings: set[str] = set()
    for place in _leading(properties):
        pools |= {_id(place, "backendAddressPool"), _id(place, "defaultBackendAddressPool")}
        settings |= {
            _id(place, "backendHttpSettings"),
            _id(place, "defaultBackendHttpSettings"),
            _id(place, "backendSettings"),
        }
    return {Part.POOLS: len(pools - {""}), Part.SETTINGS: len(settings - {""})}


def _leading(properties: Document) -> Iterator[Document]:
    """Yield the properties of all that leads to a pool."""
    for key in ("requestRoutingRules", "routingRules", "urlPathMaps"):
        for each in list_at(properties, key):
            yield object_at(each, "properties")
            yield from (
                object_at(rule, "properties") for rule in list_at(each, "properties", "pathRules")
            )


def _hosts(properties: Document) -> tuple[str, ...]:
    """Return the hosts that clients ask for."""
    found = {
        host for each in list_at(properties, "httpListeners") for host in hosts_of_listener(each)
    }
    return tuple(sorted(host for host in found if has_clients([host])))


def _policies(properties: Document) -> tuple[str, ...]:
    paths = (
        rule
        for each in list_at(properties, "urlPathMaps")
        for rule in list_at(each, "properties", "pathRules")
    )
    found = {text_at(properties, "firewallPolicy", "id")}
    for each in (*list_at(properties, "httpListeners"), *paths):
        found.add(text_at(each, "properties", "firewallPolicy", "id"))
    return tuple(sorted(found - {""}))


def _agic(properties: Document) -> AgicObjects:
    keys = (*_LISTS[Part.POOLS], *_LISTS[Part.LISTENERS], *_LISTS[Part.RULES])
    agic, others = split_names(
        text_at(each, "name") for key in keys for each in list_at(properties, key)
    )
    return AgicObjects(names=agic, others=others)


def _ids(properties: Document, collection: str, field: str) -> Iterator[str]:
    for each in list_at(properties, collection):
        found = text_at(each, "properties", field, "id")
        if found:
            yield found


def _id(properties: Document, field: str) -> str:
    return text_at(properties, field, "id").lower()


def _most(counts: Iterable[int]) -> int:
    return max(counts, default=0)
