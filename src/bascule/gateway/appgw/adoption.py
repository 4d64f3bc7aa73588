"""Plans how a gateway changes hands: what is AGIC's, and what our first table makes of it.

The take-over itself is two tags. AGIC's objects serve on until our first table takes their place,
in one PUT.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.gateway.appgw.difference import ChangeKind, ChildChange, diff_documents
from bascule.gateway.appgw.part import COLLECTIONS, LISTENERS, PATH_MAPS, POOLS, RULES, SETTINGS
from bascule.gateway.appgw.serving import NOBODY, Place, Served, find_answer, read_served
from bascule.gateway.ownership import (
    ADOPTED_TAG,
    OWNER_TAG,
    SPLIT_TAG,
    SWITCH_TAG,
    TABLE_TAG,
    Owns,
    has_clients,
    is_child_of_agic,
)

REHEARSED_TAG: Final = "bascule-rehearsed"
"""When an update that changes nothing was last measured."""
OUR_TAGS: Final = (OWNER_TAG, TABLE_TAG, SPLIT_TAG, SWITCH_TAG, ADOPTED_TAG, REHEARSED_TAG)

_PREFIX = r"(?P<prefix>[0-9A-Za-z-]{0,47}?)"
_SIGNS: Final[Mapping[str, re.Pattern[str]]] = {
    LISTENERS: re.compile(rf"{_PREFIX}fl-[0-9a-f]{{32}}"),
    RULES: re.compile(rf"{_PREFIX}rr-[0-9a-f]{{32}}"),
    PATH_MAPS: re.compile(rf"{_PREFIX}url-[0-9a-f]{{32}}"),
    POOLS: re.compile(rf"{_PREFIX}defaultaddresspool"),
    SETTINGS: re.compile(rf"{_PREFIX}defaulthttpsetting"),
}
"""Names that only AGIC gives, behind the prefix that it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChange:
    """What becomes of one host at one port."""

    place: Place
    before: Served
    after: Served

    def told(self) -> str:
        """Say it in words."""
        if self.before == self.after:
            return f"{self.place.told()}: {self.before.told()}, as before"
        return f"{self.place.told()}: {self.before.told()} -> {self.after.told()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What one PUT would make of a gateway that changes hands."""

    removed: Mapping[str, int]
    """How many children go, by collection."""
    added: Mapping[str, int]
    stays: Mapping[str, int]
    """How many children of somebody else stay as they are."""
    touched: tuple[str, ...]
    """What would differ of somebody else's; anything here is a fault of ours."""
    hosts: tuple[HostChange, ...]

    @property
    def lost(self) -> tuple[str, ...]:
        """The hosts that were answered, and would be by nobody."""
        lost = (e.place.host for e in self.hosts if e.before.is_answered > e.after.is_answered)
        return tuple(dict.fromkeys(lost))

    @property
    def gist(self) -> tuple[object, ...]:
        """What a person agrees to: all of it but the addresses of pods, which come and go."""
        hosts = [(e.place, e.before.is_answered, e.after.is_answered) for e in self.hosts]
        return (self.removed, self.added, self.stays, self.touched, *hosts)


def find_agic_prefixes(document: Document) -> tuple[str, ...]:
    """Return what the names of AGIC's objects begin with, as far as names tell; `""` is none."""
    found = {
        sign["prefix"]
        for collection, pattern in _SIGNS.items()
        for child in list_at(document, "properties", collection)
        if (sign := pattern.fullmatch(text_at(child, "name"))) is not None
    }
    return tuple(sorted(found))


def count_of_agic(document: Document, agic_prefix: str) -> Mapping[str, int]:
    """Return how many children bear AGIC's names, by collection."""
    return _count(document, lambda c, name: is_child_of_agic(c, name, agic_prefix))


def adopt_document(document: Document, *, owner: str, agic_prefix: str) -> dict[str, object]:
    """Return the same document with the tags that make AGIC's objects ours."""
    return with_tags(document, {OWNER_TAG: owner, ADOPTED_TAG: agic_prefix})


def with_tags(document: Document, tags: Mapping[str, str]) -> dict[str, object]:
    """Return the same document with these tags of ours in place of those that it has."""
    return {**document, "tags": {**without_names(object_at(document, "tags"), tuple(tags)), **tags}}


def without_names(tags: Document, names: tuple[str, ...]) -> dict[str, object]:
    """Return tags without those of these names, which have no case."""
    return {key: value for key, value in tags.items() if key.lower() not in names}


def plan_exchange(before: Document, after: Document, owns: Owns) -> Exchange:
    """Return what differs between two documents; `owns` says what of both may differ."""
    changes = [each for each in diff_documents(before, after, owns) if each.collection]
    return Exchange(
        removed=_by_collection(changes, ChangeKind.REMOVED),
        added=_by_collection(changes, ChangeKind.ADDED),
        stays=_count(after, lambda collection, name: not owns.is_ours(collection, name)),
        touched=tuple(line for each in changes if not each.is_ours for line in each.lines),
        hosts=tuple(_changed_hosts(before, after, owns)),
    )


def _changed_hosts(before: Document, after: Document, owns: Owns) -> Iterator[HostChange]:
    """Yield what becomes of each host for which a rule of ours stands, before or after."""

    def is_ours(name: str) -> bool:
        return owns.is_ours(RULES, name)

    befores, afters = read_served(before), read_served(after)
    for place in sorted({*read_served(before, is_ours), *read_served(after, is_ours)}):
        if not has_clients([place.host]):
            continue
        was = befores.get(place, NOBODY)
        yield HostChange(place=place, before=was, after=find_answer(afters, place))


def _by_collection(changes: list[ChildChange], kind: ChangeKind) -> dict[str, int]:
    return dict(Counter(each.collection for each in changes if each.kind is kind and each.is_ours))


def _count(document: Document, is_counted: Callable[[str, str], bool]) -> dict[str, int]:
    properties = object_at(document, "properties")
    found = {
        collection: sum(
            is_counted(collection, text_at(each, "name"))
            for each in list_at(properties, collection)
        )
        for collection in COLLECTIONS
    }
    return {collection: count for collection, count in found.items() if count}
