"""What a gateway's word on its backends means for hosts that one cluster is to serve. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.gateway_rules import hosts_of_listener
from bascule.gateway.appgw.health import GatewayHealth, Pair, PoolHealth
from bascule.gateway.appgw.names import LENGTH_MAX
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, RULES
from bascule.gateway.appgw.reach import cluster_of_pool
from bascule.gateway.ownership import has_clients
from bascule.ids import Cluster

NAMED_MAX: Final = 3
"""How many pools, and servers of one, are named."""
WORDS_MAX: Final = 200
"""How much of a probe's own words is told."""
BY_ADDRESSES: Final = "with `switchBy: pools` its addresses are on the gateway only once it is live"
_ANY: Final = "*"
_TAG_OF_MAP: Final = re.compile(r"-(?:blue|green|both)$")
_TAG_OF_POOL: Final = re.compile(r"-pool-(?:blue|green|both)(?=_|$)")


def tell_sick(
    health: GatewayHealth, cluster: Cluster, is_meant: Callable[[str], bool], *, prefix: str
) -> str:
    """Return which pools of the cluster, for these hosts, have no healthy server, and why."""
    found = [p for p in _pools(health, cluster, is_meant, prefix) if p.is_sick]
    return _join([_tell(each) for each in found])


def tell_untold(
    health: GatewayHealth, cluster: Cluster, is_meant: Callable[[str], bool], *, prefix: str
) -> str:
    """Return of which pools of the cluster, for these hosts, nothing is told."""
    document, found = health.document, _pools(health, cluster, is_meant, prefix)
    names = list(dict.fromkeys(each.pair.pool for each in found if not each.is_known))
    untold = [f"nothing is told of {_join(names)}"] if names else []
    cut = _find_cut(document, is_meant)
    untold += (
        [f"{cluster}'s pool beside {_join(cut)} is not found: the name was cut"] if cut else []
    )
    led = {pool for rule in _rules(document, is_meant) for pool in _leads_now(document, rule)}
    if any(pool.startswith(f"{prefix.lower()}pool-live") for pool in led):
        untold.append(BY_ADDRESSES)
    return "; ".join(untold)


def _find_cut(document: Document, is_meant: Callable[[str], bool]) -> list[str]:
    """Return pools of rules without a path map whose names were cut.

    What is cut ends in a digest of the whole, so that the other cluster's name is not known.
    """
    found = {_referred(rule, "backendAddressPool") for rule in _rules(document, is_meant)}
    return sorted(each for each in found if len(each) == LENGTH_MAX)


def _pools(
    health: GatewayHealth, cluster: Cluster, is_meant: Callable[[str], bool], prefix: str
) -> list[PoolHealth]:
    meant = set(_find_pairs(health.document, cluster, is_meant))
    return [
        each
        for each in health.pools
        if cluster_of_pool(each.pair.pool, prefix) is cluster
        and not meant.isdisjoint({each.pair, Pair(pool=each.pair.pool, settings=_ANY)})
    ]


def _find_pairs(
    document: Document, cluster: Cluster, is_meant: Callable[[str], bool]
) -> Iterator[Pair]:
    """Yield what the hosts' rules lead to where they lead to the cluster.

    Of a rule without a path map only the pool is known: settings are called after what they hold.
    """
    maps = _maps(document)
    for rule in _rules(document, is_meant):
        name = _referred(rule, "urlPathMap")
        turned = maps.get(_TAG_OF_MAP.sub(f"-{cluster}", name)) or maps.get(name)
        if turned is not None:
            yield from _leads(turned)
        pool = _TAG_OF_POOL.sub(f"-pool-{cluster}", _referred(rule, "backendAddressPool"))
        yield Pair(pool=pool, settings=_ANY)


def _rules(document: Document, is_meant: Callable[[str], bool]) -> Iterator[Document]:
    """Yield the rules of these hosts."""
    hosts = {_name(e): hosts_of_listener(e) for e in list_at(document, "properties", LISTENERS)}
    for rule in list_at(document, "properties", RULES):
        served = hosts.get(_referred(rule, "httpListener"), ())
        if has_clients(served) and any(is_meant(host) for host in served):
            yield rule


def _leads_now(document: Document, rule: Document) -> Iterator[str]:
    yield _referred(rule, "backendAddressPool")
    path_map = _maps(document).get(_referred(rule, "urlPathMap"))
    if path_map is not None:
        yield from (each.pool for each in _leads(path_map))


def _leads(path_map: Document) -> Iterator[Pair]:
    yield Pair(
        pool=_referred(path_map, "defaultBackendAddressPool"),
        settings=_referred(path_map, "defaultBackendHttpSettings"),
    )
    for rule in list_at(path_map, "properties", "pathRules"):
        yield Pair(
            pool=_referred(rule, "backendAddressPool"),
            settings=_referred(rule, "backendHttpSettings"),
        )


def _maps(document: Document) -> dict[str, Document]:
    return {_name(each): each for each in list_at(document, "properties", PATH_MAPS)}


def _tell(health: PoolHealth) -> str:
    addresses = _join([each.address for each in health.servers])
    words = next((each.reason for each in health.servers if each.reason), "")
    said = f": {words[:WORDS_MAX]}" if words else ""
    return f"{health.pair.pool} ({addresses}){said}"


def _join(told: list[str]) -> str:
    more = len(told) - NAMED_MAX
    return ", ".join(told[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _referred(child: Document, key: str) -> str:
    return text_at(child, "properties", key, "id").rpartition("/")[2].lower()


def _name(child: Document) -> str:
    return text_at(child, "name").lower()
