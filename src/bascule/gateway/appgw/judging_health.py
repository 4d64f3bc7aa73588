"""What a gateway's word on its backends means for hosts that one cluster is to serve. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from bascule.azure.document import Document, list_at, text_at
from bascule.azure.gateway_rules import hosts_of_listener
from bascule.gateway.appgw.health import GatewayHealth, Pair, PoolHealth
from bascule.gateway.appgw.names import LENGTH_MAX
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, RULES
from bascule.gateway.appgw.reach import cluster_of_pool
from bascule.gateway.ownership import has_clients
from bascule.ids import Cluster

NAMED_MAX: Final = 3
"""How many pools, and servers of one, are named."""
WORDS_MAX: Final = 200
"""How much of a probe's own words is told."""
BY_ADDRESSES: Final = "with `switchBy: pools` its addresses are on the gateway only once it is live"
NOTHING_HEALTHY: Final = (
    "nothing in either cluster is healthy to the gateway, so that what it says of the two cannot "
    "be compared"
)
_ANY: Final = "*"
_TAG_OF_MAP: Final = re.compile(r"-(?:blue|green|both)$")
_TAG_OF_POOL: Final = re.compile(r"-pool-(?:blue|green|both)(?=_|$)")


def tell_sick(
    health: GatewayHealth, cluster: Cluster, is_meant: Callable[[str], bool], *, prefix: str
) -> str:
    """Return which pools of the cluster, for these hosts, have no healthy server, and why.

    Not those in whose place the other cluster's do not answer either, unless nothing is healthy.
    """
    worse, alike = _compare(health, cluster, is_meant, prefix)
    if not alike or _finds_any(health):
        return _join([_tell(each) for each in worse])
    return f"{_join([_tell(each) for each in (*worse, *alike)])}; {NOTHING_HEALTHY}"


def tell_sick_anyway(
    health: GatewayHealth, cluster: Cluster, is_meant: Callable[[str], bool], *, prefix: str
) -> str:
    """Return which have no healthy server, as those of the other cluster in their place."""
    _, alike = _compare(health, cluster, is_meant, prefix)
    return _join([_tell(each) for each in alike]) if _finds_any(health) else ""


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


def _finds_any(health: GatewayHealth) -> bool:
    return any(each.is_well for each in health.pools)


def _compare(
    health: GatewayHealth, cluster: Cluster, is_meant: Callable[[str], bool], prefix: str
) -> tuple[list[PoolHealth], list[PoolHealth]]:
    """Return sick pools for which somebody may answer now, and those for which nobody does."""
    answered = {
        after
        for after, now in _find_places(health.document, cluster, is_meant)
        if now is None or not _is_dead(health, now)
    }
    worse: list[PoolHealth] = []
    alike: list[PoolHealth] = []
    for each in _pools(health, cluster, is_meant, prefix):
        if each.is_sick:
            (alike if answered.isdisjoint(_ways_to(each)) else worse).append(each)
    return worse, alike


def _is_dead(health: GatewayHealth, pair: Pair) -> bool:
    """Return whether nobody answers there: all servers are unhealthy, or there are none."""
    found = [each for each in health.pools if pair in _ways_to(each)]
    return all(each.is_dead for each in found) if found else pair.pool in _empty(health.document)


def _empty(document: Document) -> Iterator[str]:
    for each in list_at(document, "properties", POOLS):
        if not list_at(each, "properties", "backendAddresses"):
            yield _name(each)


def _ways_to(health: PoolHealth) -> set[Pair]:
    return {health.pair, Pair(pool=health.pair.pool, settings=_ANY)}


def _find_cut(document: Document, is_meant: Callable[[str], bool]) -> list[str]:
    """Return pools of rules without a path map whose names were cut.

    What is cut ends in a digest of the whole, so that the other cluster's name is not known.
    """
    found = {_referred(rule, "backendAddressPool") for rule in _rules(document, is_meant)}
    return sorted(each for each in found if len(each) == LENGTH_MAX)


def _pools(
    health: GatewayHealth, cluster: Cluster, is_meant: Callable[[str], bool], prefix: str
) -> list[PoolHealth]:
    meant = {after for after, _ in _find_places(health.document, cluster, is_meant)}
    return [
        each
        for each in health.pools
        if cluster_of_pool(each.pair.pool, prefix) is cluster
        and not meant.isdisjoint(_ways_to(each))
    ]


def _find_places(
    document: Document, cluster: Cluster, is_meant: Callable[[str], bool]
) -> Iterator[tuple[Pair, Pair | None]]:
    """Yield what the hosts' rules lead to where they lead to the cluster, and to the other one.

    Of a rule without a path map only the pool is known: settings are called after what they hold.
    """
    maps = _maps(document)
    for rule in _rules(document, is_meant):
        name = _referred(rule, "urlPathMap")
        after, now = (
            maps.get(_TAG_OF_MAP.sub(f"-{each}", name)) or maps.get(name) or {}
            for each in (cluster, cluster.other)
        )
        known = dict(_leads(now))
        yield from ((pair, known.get(path)) for path, pair in _leads(after))
        pool, other = (
            _TAG_OF_POOL.sub(f"-pool-{each}", _referred(rule, "backendAddressPool"))
            for each in (cluster, cluster.other)
        )
        yield Pair(pool=pool, settings=_ANY), Pair(pool=other, settings=_ANY)


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
        yield from (each.pool for _, each in _leads(path_map))


def _leads(path_map: Document) -> Iterator[tuple[str, Pair]]:
    """Yield where each path rule leads, by its name; that of all other paths has none."""
    yield (
        "",
        Pair(
            pool=_referred(path_map, "defaultBackendAddressPool"),
            settings=_referred(path_map, "defaultBackendHttpSettings"),
        ),
    )
    for rule in list_at(path_map, "properties", "pathRules"):
        yield (
            _name(rule),
            Pair(
                pool=_referred(rule, "backendAddressPool"),
                settings=_referred(rule, "backendHttpSettings"),
            ),
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
