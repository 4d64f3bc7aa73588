"""From documents of networks, security groups and route tables to what checks look at. Pure."""

from collections.abc import Iterator

from bascule.azure.document import Document, list_at, number_at, object_at, text_at, texts_at
from bascule.checks.azure.network_facts import (
    NetworkFacts,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    SubnetFacts,
)

ALL_PORTS = (0, 65535)
HOLDING = ("ipConfigurations", "ipConfigurationProfiles", "privateEndpoints")
"""Lists of a subnet of which each entry holds an address."""


def read_network(document: Document) -> NetworkFacts:
    """Return a network with the networks that it has a connected peering with."""
    return NetworkFacts(
        id=text_at(document, "id"),
        name=text_at(document, "name"),
        peer_ids=tuple(
            text_at(each, "properties", "remoteVirtualNetwork", "id")
            for each in list_at(document, "properties", "virtualNetworkPeerings")
            if text_at(each, "properties", "peeringState").lower() == "connected"
        ),
    )


def read_subnet(document: Document, network_id: str) -> SubnetFacts:
    """Return a subnet, without the rules and routes on it."""
    properties = object_at(document, "properties")
    one = text_at(properties, "addressPrefix")
    return SubnetFacts(
        id=text_at(document, "id"),
        name=text_at(document, "name"),
        network_id=network_id,
        prefixes=texts_at(properties, "addressPrefixes") or ((one,) if one else ()),
        used=sum(len(list_at(properties, key)) for key in HOLDING),
        delegations=tuple(
            text_at(each, "properties", "serviceName")
            for each in list_at(properties, "delegations")
        ),
    )


def read_security_group(document: Document) -> SecurityGroup:
    """Return all rules of a group, Azure's default ones too."""
    properties = object_at(document, "properties")
    rules = (*list_at(properties, "securityRules"), *list_at(properties, "defaultSecurityRules"))
    return SecurityGroup(name=text_at(document, "name"), rules=tuple(_rule(each) for each in rules))


def read_route_table(document: Document) -> RouteTable:
    """Return the routes of a table."""
    return RouteTable(
        name=text_at(document, "name"),
        routes=tuple(
            Route(
                name=text_at(each, "name"),
                prefix=text_at(each, "properties", "addressPrefix"),
                next_hop=text_at(each, "properties", "nextHopType"),
            )
            for each in list_at(document, "properties", "routes")
        ),
    )


def _rule(rule: Document) -> SecurityRule:
    properties = object_at(rule, "properties")
    return SecurityRule(
        name=text_at(rule, "name"),
        priority=number_at(properties, "priority") or 0,
        is_inbound=text_at(properties, "direction").lower() == "inbound",
        is_denial=text_at(properties, "access").lower() == "deny",
        sources=tuple(_both(properties, "sourceAddressPrefix", "sourceAddressPrefixes")),
        ports=tuple(
            _ports(text)
            for text in _both(properties, "destinationPortRange", "destinationPortRanges")
        ),
        protocol=text_at(properties, "protocol") or "*",
    )


def _both(properties: Document, one: str, many: str) -> Iterator[str]:
    single = text_at(properties, one)
    if single:
        yield single
    yield from texts_at(properties, many)


def _ports(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not low.isdecimal():
        return ALL_PORTS
    return int(low), int(high) if high.isdecimal() else int(low)
