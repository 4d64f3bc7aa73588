"""Says in words for people what differs between two documents of a gateway."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.gateway.appgw.canonical import (
    PATH_RULES,
    canonical_child,
    canonical_gateway,
    is_collection,
)
from bascule.gateway.appgw.comparing import is_same_child
from bascule.gateway.appgw.part import COLLECTIONS
from bascule.gateway.ownership import Owns

VALUE_MAX = 120
"""Longer values are cut."""
_OUR_TAGS = "bascule-"
_NONE = "(none)"
_UNTOLD = frozenset({"rewriteRules"})
"""Headers in them may hold secrets."""
_ADDRESSES: tuple[set[str], ...] = ({"ipAddress"}, {"fqdn"})


class ChangeKind(StrEnum):
    """What became of a child."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildChange:
    """One child that differs, or with an empty collection a property of the gateway itself."""

    collection: str
    name: str
    kind: ChangeKind
    is_ours: bool
    lines: tuple[str, ...]
    """Such as `~ requestRoutingRules/bsc-r-a: urlPathMap bsc-m-a-blue -> bsc-m-a-green`."""


def diff_documents(before: Document, after: Document, owns: Owns) -> tuple[ChildChange, ...]:
    """Return what differs: of the gateway itself, then by collection and name."""
    befores, afters = _collections(before), _collections(after)
    known = [name for name in COLLECTIONS if name in befores or name in afters]
    more = sorted((befores.keys() | afters.keys()) - set(known))
    changes = [*_diff_gateway(before, after)]
    for collection in (*known, *more):
        ones, others = befores.get(collection, {}), afters.get(collection, {})
        for key in sorted(ones.keys() | others.keys()):
            is_ours = owns.is_ours(collection, key)
            change = _diff_child(collection, ones.get(key), others.get(key), is_ours=is_ours)
            if change is not None:
                changes.append(change)
    return tuple(changes)


def lines_of(changes: tuple[ChildChange, ...]) -> tuple[str, ...]:
    """Return the lines of all changes."""
    return tuple(line for change in changes for line in change.lines)


def _collections(document: Document) -> dict[str, dict[str, Document]]:
    return {
        collection: {text_at(each, "name").lower(): each for each in cast("list[Document]", found)}
        for collection, found in object_at(document, "properties").items()
        if is_collection(found)
    }


def _diff_gateway(before: Document, after: Document) -> Iterator[ChildChange]:
    ones, others = canonical_gateway(before), canonical_gateway(after)
    tags = _tags(before), _tags(after)
    for name in sorted((ones.keys() | others.keys()) - {"tags"}):
        if ones.get(name) != others.get(name):
            told = f"~ {_told(name, ones.get(name), others.get(name))}"
            yield _changed("", name, (told,), is_ours=False)
    for name in sorted(tags[0].keys() | tags[1].keys()):
        one, other = tags[0].get(name), tags[1].get(name)
        if one != other:
            told = f"~ {_told(f'tag {name}', one, other)}"
            yield _changed("", f"tag {name}", (told,), is_ours=name.startswith(_OUR_TAGS))


def _tags(document: Document) -> dict[str, object]:
    return {name.lower(): value for name, value in object_at(document, "tags").items()}


def _diff_child(
    collection: str, before: Document | None, after: Document | None, *, is_ours: bool
) -> ChildChange | None:
    name = text_at(after or before or {}, "name")
    place = f"{collection}/{name}"
    if before is None or after is None:
        kind = ChangeKind.ADDED if before is None else ChangeKind.REMOVED
        sign = "+" if before is None else "-"
        return ChildChange(
            collection=collection,
            name=name,
            kind=kind,
            is_ours=is_ours,
            lines=(f"{sign} {place}",),
        )
    if is_same_child(collection, before, after):
        return None
    lines = tuple(f"~ {place}: {told}" for told in _diff_objects(collection, before, after))
    return _changed(collection, name, lines, is_ours=is_ours) if lines else None


def _changed(collection: str, name: str, lines: tuple[str, ...], *, is_ours: bool) -> ChildChange:
    return ChildChange(
        collection=collection,
        name=name,
        kind=ChangeKind.CHANGED,
        is_ours=is_ours,
        lines=lines,
    )


def _diff_objects(collection: str, before: Document, after: Document) -> Iterator[str]:
    """Yield what differs between two forms of one child, a property a line."""
    one, other = canonical_child(collection, before), canonical_child(collection, after)
    for key in sorted((one.keys() | other.keys()) - {"properties"}):
        if one.get(key) != other.get(key):
            yield _told(key, before.get(key), after.get(key))
    ones, others = object_at(one, "properties"), object_at(other, "properties")
    raw = object_at(before, "properties"), object_at(after, "properties")
    for key in sorted(ones.keys() | others.keys()):
        if ones.get(key) == others.get(key):
            continue
        if key == PATH_RULES:
            yield from _diff_rules(list_at(raw[0], PATH_RULES), list_at(raw[1], PATH_RULES))
        else:
            yield _told(key, raw[0].get(key), raw[1].get(key))


def _diff_rules(before: tuple[Document, ...], after: tuple[Document, ...]) -> Iterator[str]:
    ones = {text_at(each, "name"): each for each in before}
    others = {text_at(each, "name"): each for each in after}
    for name in sorted(ones.keys() | others.keys()):
        one, other = ones.get(name), others.get(name)
        if one is None or other is None:
            yield f"{PATH_RULES}/{name} {'added' if one is None else 'removed'}"
        else:
            told = _diff_objects(PATH_RULES, one, other)
            yield from (f"{PATH_RULES}/{name} {each}" for each in told)
    is_moved = [name for name in ones if name in others] != [n for n in others if n in ones]
    if is_moved:
        yield f"{PATH_RULES} in another order"


def _told(name: str, before: object, after: object) -> str:
    """Return how a property changed; of what may hold a secret only that it did."""
    if name in _UNTOLD:
        return f"{name} changed"
    if isinstance(before, list) and isinstance(after, list):
        ones = [_shown(each) for each in cast("list[object]", before)]
        others = [_shown(each) for each in cast("list[object]", after)]
        gone = [f"-{each}" for each in ones if each not in others]
        new = [f"+{each}" for each in others if each not in ones]
        return f"{name} {_cut(' '.join([*gone, *new]) or 'in another order')}"
    return f"{name} {_cut(_shown(before))} -> {_cut(_shown(after))}"


def _shown(value: object) -> str:
    """Return a value in few characters: of an id the name, of an address the address."""
    if value is None:
        return _NONE
    if isinstance(value, Mapping):
        document = cast("Document", value)
        if set(document) == {"id"}:
            return text_at(document, "id").rpartition("/")[2]
        if set(document) in _ADDRESSES:
            return str(next(iter(document.values())))
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 3]}..."
