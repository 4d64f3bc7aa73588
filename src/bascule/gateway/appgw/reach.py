"""Which clusters the rules of a gateway's document lead clients to, whoever wrote the rules.

What is led to by our listener without clients, for its probes, does not count.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bascule.azure.document import Document, list_at, text_at
from bascule.gateway.appgw.names import Names
from bascule.gateway.appgw.part import PATH_MAPS, POOLS, RULES
from bascule.ids import Cluster

RULES_OF_STREAMS = "routingRules"
_TARGETS = ("backendAddressPool", "defaultBackendAddressPool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Names of pools are in lower case."""

    pools: Mapping[Cluster, frozenset[str]]
    """Those of ours that hold one cluster's addresses alone, as their names say."""
    reached: frozenset[Cluster]
    """Clusters to whose pools, or to whose addresses in other pools, a rule leads."""
    untold: frozenset[str]
    """Pools of ours that a rule leads to, with addresses, and that are of no one cluster."""


def cluster_of_pool(name: str, prefix: str) -> Cluster | None:
    """Return whose addresses a pool of ours holds by its name; None: no one cluster's."""
    found = re.match(rf"{re.escape(prefix)}pool-(blue|green)(?:_|$)", name, re.IGNORECASE)
    return Cluster(found[1].lower()) if found else None


def read_reach(document: Document, prefix: str) -> Reach:
    """Return where the rules lead."""
    pools: dict[Cluster, set[str]] = {cluster: set() for cluster in Cluster}
    addresses: dict[Cluster, set[str]] = {cluster: set() for cluster in Cluster}
    members: dict[str, set[str]] = {}
    for each in list_at(document, "properties", POOLS):
        name = text_at(each, "name").lower()
        members[name] = {*_addresses(each)}
        cluster = cluster_of_pool(name, prefix)
        if cluster is not None:
            pools[cluster].add(name)
            addresses[cluster] |= members[name]
    led = {*_led(document, prefix)}
    found = {address for name in led for address in members.get(name, ())}
    return Reach(
        pools={cluster: frozenset(names) for cluster, names in pools.items()},
        reached=frozenset(
            cluster for cluster in Cluster if pools[cluster] & led or addresses[cluster] & found
        ),
        untold=frozenset(
            name
            for name in led
            if name.startswith(prefix.lower())
            and members.get(name)
            and cluster_of_pool(name, prefix) is None
        ),
    )


def _led(document: Document, prefix: str) -> Iterator[str]:
    """Yield the pools that rules lead clients to, by themselves or by their path maps."""
    names = Names(prefix)
    maps = {
        text_at(each, "name").lower(): each for each in list_at(document, "properties", PATH_MAPS)
    }
    for collection in (RULES, RULES_OF_STREAMS):
        for rule in list_at(document, "properties", collection):
            if names.is_prepared(_last(text_at(rule, "properties", "httpListener", "id"))):
                continue
            yield from _targets(rule)
            path_map = maps.get(_last(text_at(rule, "properties", "urlPathMap", "id")))
            if path_map is not None:
                yield from _targets(path_map)
                for path_rule in list_at(path_map, "properties", "pathRules"):
                    yield from _targets(path_rule)


def _targets(child: Document) -> Iterator[str]:
    for key in _TARGETS:
        name = _last(text_at(child, "properties", key, "id"))
        if name:
            yield name


def _addresses(pool: Document) -> Iterator[str]:
    for each in list_at(pool, "properties", "backendAddresses"):
        address = text_at(each, "ipAddress") or text_at(each, "fqdn")
        if address:
            yield address.lower()


def _last(identity: str) -> str:
    return identity.rpartition("/")[2].lower()
