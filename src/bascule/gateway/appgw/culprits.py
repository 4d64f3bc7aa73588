"""Finds out whose fault a refusal of Azure is: which hosts the child that it names is there for.

Where its words name nothing of ours, the document itself is looked through for what it never takes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from bascule.azure.document import Document, list_at, number_at, object_at, text_at, texts_at
from bascule.azure.gateway_rules import hosts_of_listener
from bascule.gateway.appgw.canonical import PATH_RULES, is_collection
from bascule.gateway.appgw.part import LISTENERS, PATH_MAPS, RULES
from bascule.gateway.appgw.references import ChildKey, key_in_id, key_of, references_of
from bascule.gateway.ownership import PROBED_HOST_END, Owns, has_clients

NAME_LENGTH_MAX = 80
_ID = re.compile(r"/([a-z]+)/([a-z0-9_.-]*[a-z0-9_])(?:/pathrules/([a-z0-9_.-]*[a-z0-9_]))?")
_OF_CLUSTER = re.compile(r"-(?:blue|green)$")
_MAPS = PATH_MAPS.lower()
_RULES = RULES.lower()
_LISTENERS = LISTENERS.lower()


@dataclass(frozen=True, slots=True, order=True)
class Suspect:
    """A host, or some paths of it, for which the refused child is there."""

    host: str
    path: str = ""
    """As a path rule names it without its `*`; empty: the whole host."""


FOR_PROBES: Final = Suspect(PROBED_HOST_END)
"""The listeners that are there for probes and for no host: what can be spared before all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """A child of ours that was refused, and for whom it is there."""

    child: ChildKey
    suspects: frozenset[Suspect]

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that are concerned."""
        return frozenset(each.host for each in self.suspects)


def find_culprit(refusal: str, document: Document, owns: Owns) -> Culprit | None:
    """Return the child of ours that the words of a refusal mean, or None.

    Of several that it names, the one that the fewest hosts need, and first one that none needs. One
    for which every host is there tells nothing, unless there is only one host.
    """
    children = _Children(document, owns)
    named = _named_in(refusal, text_at(document, "id"))
    found = (_culprit(children, key, rule) for key, rule in named if key in children.ours)
    return _most_telling(found, children)


def find_faulty(document: Document, owns: Owns) -> Culprit | None:
    """Return a child of ours with what Azure never takes, or None.

    A reference to what is not there, a priority or a listener's address that is there twice, a name
    that is too long.
    """
    children = _Children(document, owns)
    faulty = (_culprit(children, key, "") for key in _faulty(children) if key in children.ours)
    return _most_telling(faulty, children)


def has_probes(document: Document) -> bool:
    """Whether the document has listeners that are there for probes alone."""
    listeners = list_at(document, "properties", LISTENERS)
    return not all(has_clients(hosts_of_listener(each)) for each in listeners)


def served_hosts(document: Document, owns: Owns) -> frozenset[str]:
    """Return the hosts that listeners of ours serve."""
    return _Children(document, owns).our_hosts


class _Children:
    """All children of a document by their keys, and who refers to whom."""

    def __init__(self, document: Document, owns: Owns) -> None:
        self.gateway_id = text_at(document, "id")
        self.all: dict[ChildKey, Document] = {}
        self.ours: set[ChildKey] = set()
        self.references: dict[ChildKey, frozenset[ChildKey]] = {}
        for collection, found in object_at(document, "properties").items():
            if not is_collection(found):
                continue
            for child in cast("list[Document]", found):
                name = text_at(child, "name")
                key = key_of(collection, name)
                self.all[key] = child
                self.references[key] = frozenset(references_of(self.gateway_id, collection, child))
                if owns.is_ours(collection, name):
                    self.ours.add(key)

    def referring(self, key: ChildKey) -> Iterator[ChildKey]:
        """Yield what refers to a child."""
        return (each for each, targets in self.references.items() if key in targets)

    def hosts_of_rule(self, rule: ChildKey) -> frozenset[str]:
        """Return the hosts of a rule's listener."""
        found: set[str] = set()
        for target in self.references[rule]:
            if target[0] == _LISTENERS and target in self.all:
                found.update(self.hosts_of_listener(target))
        return frozenset(found)

    def is_for_probes(self, key: ChildKey) -> bool:
        """Whether a child is a listener for probes alone, or the rule or the map of one."""
        if key[0] == _LISTENERS:
            return not has_clients(hosts_of_listener(self.all[key]))
        if key[0] == _RULES:
            there = [each for each in self.references[key] if each in self.all]
            return any(self.is_for_probes(each) for each in there if each[0] == _LISTENERS)
        rules = [e for e in self.referring(key) if e[0] == _RULES] if key[0] == _MAPS else []
        return bool(rules) and all(self.is_for_probes(each) for each in rules)

    def hosts_of_listener(self, listener: ChildKey) -> tuple[str, ...]:
        """Return the hosts of a listener; none for one without clients."""
        hosts = hosts_of_listener(self.all[listener])
        return hosts if has_clients(hosts) else ()

    def hosts_of_map(self, path_map: ChildKey) -> frozenset[str]:
        """Return the hosts whose rules name a path map, or the other cluster's beside it."""
        place = _OF_CLUSTER.sub("", path_map[1])
        found: set[str] = set()
        for key, targets in self.references.items():
            named = {each[1] for each in targets if each[0] == _MAPS}
            if key[0] == _RULES and any(_OF_CLUSTER.sub("", each) == place for each in named):
                found |= self.hosts_of_rule(key)
        return frozenset(found)

    @property
    def our_hosts(self) -> frozenset[str]:
        """All hosts that listeners of ours serve."""
        listeners = (key for key in self.ours if key[0] == _LISTENERS)
        return frozenset(host for key in listeners for host in self.hosts_of_listener(key))


def _named_in(refusal: str, gateway_id: str) -> Iterator[tuple[ChildKey, str]]:
    """Yield the children of the gateway whose ids stand in a text, with the path rule of a map."""
    beginning = gateway_id.lower()
    for part in refusal.lower().split(beginning)[1:]:
        if found := _ID.match(part):
            yield (found[1], found[2]), found[3] or ""


def _culprit(children: _Children, key: ChildKey, rule: str) -> Culprit:
    return Culprit(child=key, suspects=frozenset(_suspects(children, key, rule, seen=set())))


def _most_telling(found: Iterable[Culprit], children: _Children) -> Culprit | None:
    everybody = children.our_hosts
    telling = [
        each for each in found if each.suspects and (len(everybody) == 1 or each.hosts != everybody)
    ]

    def order(culprit: Culprit) -> tuple[object, ...]:
        return FOR_PROBES not in culprit.suspects, len(culprit.suspects), culprit.child

    return min(telling, key=order, default=None)


def _suspects(
    children: _Children, key: ChildKey, rule: str, *, seen: set[ChildKey]
) -> Iterator[Suspect]:
    """Yield for whom a child is there: up along the references, to rules and their listeners."""
    if key in seen or key not in children.all:
        return
    seen.add(key)
    if children.is_for_probes(key):
        yield FOR_PROBES
    elif key[0] == _LISTENERS:
        yield from (Suspect(host) for host in children.hosts_of_listener(key))
    elif key[0] == _RULES:
        yield from (Suspect(host) for host in children.hosts_of_rule(key))
    elif key[0] == _MAPS:
        paths = [""] if not rule else list(_paths_of_rule(children.all[key], rule))
        yield from (Suspect(host, p) for host in children.hosts_of_map(key) for p in paths)
    else:
        for each in children.referring(key):
            if each[0] == _MAPS:
                yield from _suspects_on_map(children, each, key)
            else:
                yield from _suspects(children, each, "", seen=seen)


def _suspects_on_map(
    children: _Children, path_map: ChildKey, target: ChildKey
) -> Iterator[Suspect]:
    """Yield the paths of a map that lead to a child; its default is the path `/`."""
    child = children.all[path_map]
    properties = object_at(child, "properties")
    paths: list[str] = []
    for rule in list_at(properties, PATH_RULES):
        if target in references_of(children.gateway_id, PATH_RULES, rule):
            paths += [_plain(path) for path in texts_at(rule, "properties", "paths")]
    own = {**child, "properties": {**properties, PATH_RULES: []}}
    if target in references_of(children.gateway_id, PATH_MAPS, own):
        paths.append("/")
    yield from (Suspect(host, p) for host in children.hosts_of_map(path_map) for p in paths)


def _paths_of_rule(path_map: Document, name: str) -> Iterator[str]:
    for rule in list_at(path_map, "properties", PATH_RULES):
        if text_at(rule, "name").lower() == name:
            yield from (_plain(path) for path in texts_at(rule, "properties", "paths"))


def _plain(path: str) -> str:
    return path.rstrip("*").rstrip("/") or "/"


def _faulty(children: _Children) -> Iterator[ChildKey]:
    for key, targets in children.references.items():
        if len(key[1]) > NAME_LENGTH_MAX or any(each not in children.all for each in targets):
            yield key
    yield from _twice({key: _priority(each) for key, each in children.all.items()})
    yield from _twice_listening(children)


def _priority(rule: Document) -> tuple[object, ...]:
    number = number_at(rule, "properties", "priority")
    return () if number is None else (number,)


def _twice_listening(children: _Children) -> Iterator[ChildKey]:
    yield from _twice(
        {
            key: tuple((frontend, port, host) for host in hosts_of_listener(each))
            for key, each in children.all.items()
            if key[0] == _LISTENERS
            and (frontend := _target(children, each, "frontendIPConfiguration"))
            and (port := _target(children, each, "frontendPort"))
        }
    )


def _target(children: _Children, child: Document, name: str) -> ChildKey | None:
    return key_in_id(children.gateway_id, text_at(child, "properties", name, "id"))


def _twice(claims: Mapping[ChildKey, tuple[object, ...]]) -> Iterator[ChildKey]:
    """Yield those that claim what another one claims as well."""
    counts = Counter(claim for each in claims.values() for claim in each)
    yield from (key for key, each in claims.items() if any(counts[claim] > 1 for claim in each))
