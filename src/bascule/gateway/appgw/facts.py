"""Reads out of a gateway's document what is not ours and matters to the translation."""

from collections.abc import Iterator

from bascule.azure.document import Document, list_at, number_at, object_at, text_at, texts_at
from bascule.gateway.appgw.part import (
    CERTIFICATES,
    COLLECTIONS,
    LISTENERS,
    PORTS,
    REWRITES,
    RULES,
    Facts,
)
from bascule.gateway.ownership import Owns

FRONTENDS = "frontendIPConfigurations"
LISTENERS_OF_STREAMS = "listeners"
RULES_OF_STREAMS = "routingRules"
ANY_HOST = "*"


def read_facts(document: Document, owns: Owns) -> Facts:
    """Return what of the gateway is not ours and matters to the translation."""
    properties = object_at(document, "properties")
    others = {
        collection: _others(properties, collection, owns)
        for collection in (*COLLECTIONS, LISTENERS_OF_STREAMS, RULES_OF_STREAMS)
    }
    rules = (*others[RULES], *others[RULES_OF_STREAMS])
    priorities = (number_at(each, "properties", "priority") for each in rules)
    return Facts(
        public_frontend=_frontend(properties, "publicIPAddress"),
        private_frontend=_frontend(properties, "subnet", "privateIPAddress"),
        ports=_ports(others[PORTS]),
        certificates=_names(others[CERTIFICATES]),
        ssl_profiles=_names(list_at(properties, "sslProfiles")),
        trusted_roots=_names(list_at(properties, "trustedRootCertificates")),
        rewrite_sets=_names(others[REWRITES]),
        priorities=frozenset(each for each in priorities if each is not None),
        listeners=frozenset(place for place, _ in _listeners(properties, others)),
        protocols={place[:2]: spoken for place, spoken in _listeners(properties, others)},
        used={name: len(others[name]) for name in COLLECTIONS if others[name]},
        has_waf=text_at(properties, "sku", "tier").lower() == "waf_v2",
    )


def _others(properties: Document, collection: str, owns: Owns) -> tuple[Document, ...]:
    found = list_at(properties, collection)
    return tuple(each for each in found if not owns.is_ours(collection, text_at(each, "name")))


def _names(children: tuple[Document, ...]) -> frozenset[str]:
    return frozenset(text_at(each, "name") for each in children)


def _frontend(properties: Document, *signs: str) -> str:
    """Return the first frontend that has one of these properties."""
    names = (
        text_at(each, "name")
        for each in list_at(properties, FRONTENDS)
        if any(sign in object_at(each, "properties") for sign in signs)
    )
    return next(names, "")


def _ports(children: tuple[Document, ...]) -> dict[int, str]:
    return {
        number: text_at(each, "name")
        for each in children
        if (number := number_at(each, "properties", "port")) is not None
    }


def _listeners(
    properties: Document, others: dict[str, tuple[Document, ...]]
) -> Iterator[tuple[tuple[str, int, str], str]]:
    """Yield frontend, port and host of each host that others listen for, and what they speak."""
    number_by_name = {
        text_at(each, "name").lower(): number_at(each, "properties", "port") or 0
        for each in list_at(properties, PORTS)
    }
    frontends = {
        text_at(each, "name").lower(): text_at(each, "name")
        for each in list_at(properties, FRONTENDS)
    }
    for each in (*others[LISTENERS], *others[LISTENERS_OF_STREAMS]):
        frontend = _referred(each, "frontendIPConfiguration")
        port = number_by_name.get(_referred(each, "frontendPort"), 0)
        for host in _hosts(each):
            place = (frontends.get(frontend, frontend), port, host.lower())
            yield place, text_at(each, "properties", "protocol")


def _hosts(listener: Document) -> tuple[str, ...]:
    one = text_at(listener, "properties", "hostName")
    return texts_at(listener, "properties", "hostNames") or (one or ANY_HOST,)


def _referred(child: Document, name: str) -> str:
    """Return the name, in lower case, that a child refers to."""
    return text_at(child, "properties", name, "id").rpartition("/")[2].lower()
