"""Reads out of a gateway's document what is not ours and matters to the translation."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from bascule.azure.document import Document, list_at, number_at, object_at, text_at, texts_at
from bascule.gateway.appgw.live import read_split
from bascule.gateway.appgw.part import (
    ANY_HOST,
    CERTIFICATES,
    COLLECTIONS,
    LISTENERS,
    PORTS,
    REWRITES,
    RULES,
    Facts,
    Live,
    Standing,
    WideRule,
)
from bascule.gateway.appgw.settings import Mechanism
from bascule.gateway.ownership import Owns, switch_of, table_of

FRONTENDS = "frontendIPConfigurations"
LISTENERS_OF_STREAMS = "listeners"
RULES_OF_STREAMS = "routingRules"
_WIDE = frozenset("*?")
"""What stands for other characters in the host of a listener."""
_PROTOCOL = ("properties", "protocol")


def read_facts(document: Document, owns: Owns) -> Facts:
    """Return what of the gateway is not ours and matters to the translation."""
    properties = object_at(document, "properties")
    others = {
        collection: _others(properties, collection, owns)
        for collection in (*COLLECTIONS, LISTENERS_OF_STREAMS, RULES_OF_STREAMS)
    }
    rules = (*others[RULES], *others[RULES_OF_STREAMS])
    priorities = (number_at(each, "properties", "priority") for each in rules)
    heard = [*_listeners(properties, (*others[LISTENERS], *others[LISTENERS_OF_STREAMS]))]
    return Facts(
        public_frontend=_frontend(properties, "publicIPAddress"),
        private_frontend=_frontend(properties, "subnet", "privateIPAddress"),
        ports=_ports(others[PORTS]),
        certificates=_names(others[CERTIFICATES]),
        ssl_profiles=_names(list_at(properties, "sslProfiles")),
        trusted_roots=_names(list_at(properties, "trustedRootCertificates")),
        rewrite_sets=_names(others[REWRITES]),
        priorities=frozenset(each for each in priorities if each is not None),
        wide_rules=tuple(sorted(_wide_rules(properties, others))),
        listeners=frozenset(place for place, _ in heard),
        protocols={place[:2]: text_at(each, *_PROTOCOL) for place, each in heard},
        used={name: len(others[name]) for name in COLLECTIONS if others[name]},
        others_bytes=_count_bytes(document, owns),
        has_waf=text_at(properties, "sku", "tier").lower() == "waf_v2",
        standing=_read_standing(document, owns),
        live=_read_live(properties, owns),
    )


def _count_bytes(document: Document, owns: Owns) -> int:
    properties = object_at(document, "properties")
    others = {
        name: _others(properties, name, owns) if name in COLLECTIONS else found
        for name, found in properties.items()
    }
    return len(msgspec.json.encode({**document, "properties": others}))


def _read_standing(document: Document, owns: Owns) -> Standing | None:
    tags = object_at(document, "tags")
    if not table_of(tags):
        return None
    is_by_pools = switch_of(tags) == Mechanism.POOLS
    return Standing(
        mechanism=Mechanism.POOLS if is_by_pools else Mechanism.RULES,
        split=read_split(document, owns),
    )


def _read_live(properties: Document, owns: Owns) -> Live:
    ours = [
        (collection, each)
        for collection in COLLECTIONS
        for each in list_at(properties, collection)
        if owns.is_ours(collection, text_at(each, "name"))
    ]
    heard = (_hosts(each) for collection, each in ours if collection == LISTENERS)
    return Live(
        children=frozenset(
            (collection, text_at(each, "name").lower()) for collection, each in ours
        ),
        hosts=frozenset(host.lower() for hosts in heard for host in hosts),
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
    properties: Document, listeners: Iterable[Document]
) -> Iterator[tuple[tuple[str, int, str], Document]]:
    """Yield frontend, port and host of each host that is listened for, and its listener."""
    number_by_name = {
        text_at(each, "name").lower(): number_at(each, "properties", "port") or 0
        for each in list_at(properties, PORTS)
    }
    frontends = {
        text_at(each, "name").lower(): text_at(each, "name")
        for each in list_at(properties, FRONTENDS)
    }
    for each in listeners:
        frontend = _referred(each, "frontendIPConfiguration")
        port = number_by_name.get(_referred(each, "frontendPort"), 0)
        for host in _hosts(each):
            yield (frontends.get(frontend, frontend), port, host.lower()), each


def _wide_rules(
    properties: Document, others: Mapping[str, tuple[Document, ...]]
) -> Iterator[WideRule]:
    rules = {_referred(each, "httpListener"): each for each in others[RULES]}
    for (frontend, port, host), listener in _listeners(properties, others[LISTENERS]):
        rule = rules.get(text_at(listener, "name").lower(), {})
        priority = number_at(rule, "properties", "priority")
        if priority is not None and _WIDE & {*host}:
            yield WideRule(
                priority=priority,
                name=text_at(rule, "name"),
                listener=text_at(listener, "name"),
                frontend=frontend,
                port=port,
                host=host,
            )


def _hosts(listener: Document) -> tuple[str, ...]:
    one = text_at(listener, "properties", "hostName")
    return texts_at(listener, "properties", "hostNames") or (one or ANY_HOST,)


def _referred(child: Document, name: str) -> str:
    """Return the name, in lower case, that a child refers to."""
    return text_at(child, "properties", name, "id").rpartition("/")[2].lower()
