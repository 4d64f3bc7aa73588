"""Which clusters the rules of a gateway's document lead clients to, whoever wrote the rules.

What is led to by our listener without clients, for its probes, does not count.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.gateway_rules import find_led_pools
from bascule.gateway.appgw.part import POOLS
from bascule.gateway.ownership import has_clients
from bascule.ids import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Names of pools are in lower case."""

    pools: Mapping[Cluster, frozenset[str]]
    """Those of ours that hold one cluster's addresses alone, as their names say."""
    reached: frozenset[Cluster]
    """Clusters to whose pools, or to whose addresses in other pools, a rule leads."""
    untold: frozenset[str]
    """Pools of ours that a rule leads to, with addresses, and that are of no one cluster."""
    addresses: frozenset[str] = frozenset()
    """To which a rule leads, in whoever's pools."""
    untold_addresses: frozenset[str] = frozenset()
    """Those in the pools that are untold."""


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
        members[name] = {*read_addresses(each)}
        cluster = cluster_of_pool(name, prefix)
        if cluster is not None:
            pools[cluster].add(name)
            addresses[cluster] |= members[name]
    led = find_led_pools(document, has_clients)
    found = {address for name in led for address in members.get(name, ())}
    untold = {
        name
        for name in led
        if name.startswith(prefix.lower())
        and members.get(name)
        and cluster_of_pool(name, prefix) is None
    }
    return Reach(
        pools={cluster: frozenset(names) for cluster, names in pools.items()},
        reached=frozenset(
            cluster for cluster in Cluster if pools[cluster] & led or addresses[cluster] & found
        ),
        untold=frozenset(untold),
        addresses=frozenset(found),
        untold_addresses=frozenset(address for name in untold for address in members[name]),
    )


def read_addresses(pool: Document) -> Iterator[str]:
    """Yield who is in a pool, in lower case."""
    for each in list_at(pool, "properties", "backendAddresses"):
        address = text_at(each, "ipAddress") or text_at(each, "fqdn")
        if address:
            yield address.lower()
