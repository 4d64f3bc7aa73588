"""Listeners without clients, so that both clusters' backends are probed all the time.

A gateway probes a pool once a rule leads there, and takes a server for unhealthy until it has
answered: without these a switch would begin with requests that nobody answers.
"""

import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bascule.azure.document import Document, list_at, number_at, object_at, text_at
from bascule.azure.gateway_rules import hosts_of_listener
from bascule.errors import InvariantError
from bascule.gateway.appgw.limits import ACTIVE, count, count_bytes, count_others, limits_by_kind
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, POOLS, RULES, SETTINGS, Children, Part
from bascule.gateway.appgw.reach import cluster_of_pool
from bascule.gateway.appgw.settings import Limits
from bascule.gateway.appgw.translate.priorities import PRIORITY_MAX
from bascule.gateway.appgw.translate.sheet import Pairs, Sheet, Site, Written
from bascule.gateway.ownership import PROBED_HOST_END, has_clients
from bascule.ids import Cluster
from bascule.routing.model import Problem, Severity

NOT_PROBED: Final = "NotAllProbed"
"""The code of the Problem where there is no room for such a listener."""
HOST_DIGITS: Final = 32

_PLACE = ("frontendIPConfiguration", "frontendPort", "protocol", "sslCertificate")
"""What of a listener says where it listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Children beside those of the hosts, and what there is no room for."""

    children: Written = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    left: int = 0
    """How many pools nothing leads to."""


NOT_PREPARED: Final = Prepared()


def prepare(pairs: Pairs, children: Written, site: Site) -> Prepared:
    """Return listeners, rules and path maps that lead to all of `pairs`, as far as there is room.

    None where all are one cluster's: then rules of hosts lead to each of them, whatever is wanted.
    `children` are all others of ours, which come first where room is short.
    """
    listeners = children.get(LISTENERS)
    if not listeners or not _is_of_two(pairs, site):
        return NOT_PREPARED
    limits = site.settings.limits
    size = (limits or Limits()).path_rules_a_map
    ordered = sorted(pairs.items())
    chunks = [ordered[first : first + size] for first in range(0, len(ordered), size)]
    room = _find_room(children, site, limits)
    sheet = Sheet(site)
    place = _find_place(listeners)
    priorities = _Priorities(children, site)
    for number, chunk in enumerate(chunks[: max(0, room[RULES])], 1):
        default = _find_default(chunk, children, room, sheet)
        _put(number, {**place, "priority": priorities.take()}, (default, *chunk), sheet)
    left = sum(len(chunk) for chunk in chunks[max(0, room[RULES]) :])
    return _without(sheet.children, left, site)


def give_way(prepared: Prepared, room_bytes: int, site: Site) -> Prepared:
    """Return as much of what is prepared as so many bytes hold: the last listeners go first."""
    children, left = prepared.children, prepared.left
    while children and count_bytes(children) > room_bytes:
        *names, last = children[LISTENERS]
        path_map = children[PATH_MAPS][last]
        left += len(list_at(path_map, "properties", "pathRules"))
        children = _drop(children, {last}) if names else {}
    return prepared if left == prepared.left else _without(children, left, site)


def without_prepared(part: Part) -> Part:
    """Return a part without what is there for probes alone: hosts are served as they were."""
    listeners = part.children.get(LISTENERS, {})
    out = {n for n, each in listeners.items() if not has_clients(hosts_of_listener(each))}
    return replace(part, children=_drop(part.children, out))


def _drop(children: Mapping[str, Children], names: Container[str]) -> Written:
    return {
        collection: {name: each for name, each in found.items() if name not in names}
        if collection in {LISTENERS, RULES, PATH_MAPS}
        else dict(found)
        for collection, found in children.items()
    }


def _without(children: Written, left: int, site: Site) -> Prepared:
    """Return what is prepared, and a Problem where nothing leads to so many pools."""
    return Prepared(children=children, problems=(_tell(left, site),) if left else (), left=left)


def host_of(number: int, site: Site) -> str:
    """Return the host of a listener that nobody asks for: always the same, and hard to guess."""
    said = f"{site.settings.gateway_id.lower()} {site.settings.owner} {number}"
    return f"{hashlib.sha256(said.encode()).hexdigest()[:HOST_DIGITS]}{PROBED_HOST_END}"


_Pair = tuple[str, str]
"""The ids of settings and of the pool that they reach."""


def _is_of_two(pairs: Pairs, site: Site) -> bool:
    names = (pool.rpartition("/")[2] for pool in pairs.values())
    return {*Cluster} <= {cluster_of_pool(name, site.settings.prefix) for name in names}


def _find_room(children: Written, site: Site, limits: Limits | None) -> Mapping[str, int]:
    """Return for how many pools, settings, and listeners with their rules there is room."""
    if limits is None:
        return {POOLS: 1, SETTINGS: 1, RULES: PRIORITY_MAX}
    most, ours, others = limits_by_kind(limits), count(children), count_others(site.facts)
    left = {kind: most[kind] - ours[kind] - others[kind] for kind in most}
    return {**left, RULES: min(left[kind] for kind in (LISTENERS, ACTIVE, RULES))}


def _find_place(listeners: Mapping[str, Document]) -> dict[str, object]:
    """Return where one of our listeners is, rather one without TLS: no port is opened for this."""

    def order(listener: Document) -> tuple[object, ...]:
        said = object_at(listener, "properties")
        where = (text_at(said, key, "id") for key in _PLACE[:2])
        return said["protocol"] != "Http", *where, text_at(listener, "name")

    said = object_at(min(listeners.values(), key=order), "properties")
    return {key: said[key] for key in _PLACE if key in said}


def _find_default(
    chunk: list[_Pair], children: Written, room: Mapping[str, int], sheet: Sheet
) -> _Pair:
    """Return what all other paths lead to: nobody, or where that has no room, the first pair."""
    nothing = sheet.site.names.nothing
    is_there = nothing in sheet.children.get(POOLS, {}) or nothing in children.get(POOLS, {})
    if not is_there and min(room[POOLS], room[SETTINGS]) < 1:
        return chunk[0]
    pool, settings = sheet.put_nothing()
    return text_at(settings, "id"), text_at(pool, "id")


def _put(number: int, place: dict[str, object], pairs: tuple[_Pair, ...], sheet: Sheet) -> None:
    """Write a listener with its rule and its path map; the first pair is the map's default."""
    site, name = sheet.site, sheet.site.names.prepared(number)
    priority = place.pop("priority")
    host = [host_of(number, site)]
    frame = {**place, "hostNames": host, "requireServerNameIndication": False}
    (settings, pool), *others = pairs
    path_map = {
        "defaultBackendAddressPool": {"id": pool},
        "defaultBackendHttpSettings": {"id": settings},
        "pathRules": [_build_rule(pair) for pair in others],
    }
    rule = {
        "ruleType": "PathBasedRouting",
        "priority": priority,
        "httpListener": sheet.put(LISTENERS, name, frame),
        "urlPathMap": sheet.put(PATH_MAPS, name, path_map),
    }
    sheet.put(RULES, name, rule)


def _build_rule(pair: _Pair) -> Document:
    settings, pool = pair
    name = settings.rpartition("/")[2]
    properties = {
        "paths": [f"/{name}"],
        "backendAddressPool": {"id": pool},
        "backendHttpSettings": {"id": settings},
    }
    return {"name": name, "properties": properties}


class _Priorities:
    """Gives the last priorities that are free: nothing of anybody's comes after these rules."""

    def __init__(self, children: Written, site: Site) -> None:
        rules = children.get(RULES, {}).values()
        self._taken = {number_at(each, "properties", "priority") for each in rules}
        self._taken |= site.facts.priorities
        self._next = PRIORITY_MAX

    def take(self) -> int:
        """Return one that nobody has."""
        for number in range(self._next, 0, -1):
            if number not in self._taken:
                self._next = number - 1
                return number
        raise InvariantError("there is no priority left for a listener without clients")


def name_of(gateway_id: str) -> str:
    """Return what people call a gateway."""
    return gateway_id.rpartition("/")[2]


def tell_not_probed(message: str, gateway_id: str) -> Problem:
    """Return a Problem, on the gateway itself, of pools that are not probed before a switch."""
    return Problem(
        cluster=Cluster.GREEN,
        kind="Gateway",
        namespace="",
        name=name_of(gateway_id),
        code=NOT_PROBED,
        message=message,
        severity=Severity.WARNING,
    )


def _tell(left: int, site: Site) -> Problem:
    gateway_id = site.settings.gateway_id
    message = (
        f"gateway {name_of(gateway_id)} has no room for a listener that leads to {left} pools for "
        "their probes: those that no host's rule leads to are not probed before a switch, and the "
        "first requests after it may fail (502); serve some hosts by a second gateway"
    )
    return tell_not_probed(message, gateway_id)
