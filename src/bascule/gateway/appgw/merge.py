"""Puts our part into a gateway's document; all else stays byte for byte.

A child of ours that says already what it should keeps the form in which Azure shows it, so that a
document that needs no change is not changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import cast

from bascule.azure.document import Document, list_at, number_at, object_at, text_at
from bascule.errors import DriverError
from bascule.gateway.appgw.canonical import (
    back_references,
    canonical_gateway,
    is_collection,
    is_unspoken,
)
from bascule.gateway.appgw.comparing import is_same_child, says
from bascule.gateway.appgw.facts import read_facts
from bascule.gateway.appgw.part import CERTIFICATES, COLLECTIONS, LISTENERS, PORTS, Children, Part
from bascule.gateway.appgw.pfx import Pfx
from bascule.gateway.appgw.references import ChildKey, key_in_id, key_of, references_of
from bascule.gateway.ownership import OWNER_TAG, TABLE_TAG, Owns, owner_of

__all__ = ["is_same", "merge", "read_facts"]

Collections = dict[str, list[Document]]


def merge(
    document: Document,
    part: Part,
    owns: Owns,
    *,
    pfx: Mapping[str, Pfx],
    tags: Mapping[str, str],
) -> dict[str, object]:
    """Return the whole body to PUT.

    `pfx` holds, by the names of their children, at least the certificates that are not on the
    gateway yet. Of ours, what the part does not name is left out, unless a child of somebody else
    refers to it. Raises DriverError where the prefix is somebody else's.
    """
    _check_owner(document, owns)
    properties = object_at(document, "properties")
    wanted = _with_ports_that_are_there(document, part, owns)
    needed = _needed_by_others(document, wanted, owns)
    merged: Collections = {}
    for collection in COLLECTIONS:
        found = list_at(properties, collection)
        children = wanted.get(collection, {})
        if collection in properties or children:
            others = [each for each in found if not owns.is_ours(collection, _name(each))]
            ours = [each for each in found if owns.is_ours(collection, _name(each))]
            merged[collection] = [*others, *_merge_ours(collection, ours, children, needed)]
    _add_data(merged, pfx, there=frozenset(_names(list_at(properties, CERTIFICATES))))
    _drop_stale_back_references(document, merged)
    return {
        **document,
        "tags": _merge_tags(object_at(document, "tags"), {OWNER_TAG: owns.owner, **tags}),
        "properties": {**properties, **merged},
    }


def is_same(one: Document, other: Document) -> bool:
    """Whether two documents ask the gateway for the same.

    Read-only fields, etags, back references, service defaults, casing and data that is never shown
    do not count, and neither does the tag that names the table: it alone is no reason to write.
    """
    ones, others = _collections(one), _collections(other)
    return all(
        _are_same_children(name, ones.get(name, {}), others.get(name, {}))
        for name in ones.keys() | others.keys()
    ) and _own_words(one) == _own_words(other)


def _own_words(document: Document) -> Document:
    tags = {
        key.lower(): value
        for key, value in object_at(document, "tags").items()
        if key.lower() != TABLE_TAG
    }
    return canonical_gateway({**document, "tags": tags})


def _collections(document: Document) -> dict[str, dict[str, Document]]:
    properties = object_at(document, "properties")
    return {
        collection: {_name(each).lower(): each for each in cast("list[Document]", children)}
        for collection, children in properties.items()
        if is_collection(children)
    }


def _are_same_children(
    collection: str, ones: Mapping[str, Document], others: Mapping[str, Document]
) -> bool:
    if ones.keys() != others.keys():
        return False
    return all(is_same_child(collection, child, others[name]) for name, child in ones.items())


def _check_owner(document: Document, owns: Owns) -> None:
    owner = owner_of(object_at(document, "tags"))
    if owner and owner != owns.owner:
        raise DriverError(
            f"the gateway's tag {OWNER_TAG} says that it is written as {owner}, not {owns.owner}",
            remedy=f"stop the other one; if there is none any more, remove the tag {OWNER_TAG}",
        )


def _merge_ours(
    collection: str, found: list[Document], wanted: Children, needed: frozenset[ChildKey]
) -> list[Document]:
    """Return our children, sorted by name: those that are wanted, and those that others need."""
    found_by_name = {_name(each).lower(): each for each in found}
    ours = {
        name.lower(): _keep_or_change(collection, found_by_name.get(name.lower()), child)
        for name, child in wanted.items()
    }
    for name, child in found_by_name.items():
        if key_of(collection, name) in needed:
            ours.setdefault(name, child)
    return [ours[name] for name in sorted(ours)]


def _keep_or_change(collection: str, found: Document | None, wanted: Document) -> Document:
    if found is None:
        return wanted
    if collection == CERTIFICATES or says(collection, found, wanted):
        return found
    properties = object_at(wanted, "properties")
    kept = {
        key: value
        for key, value in object_at(found, "properties").items()
        if is_unspoken(collection, key) and key not in properties
    }
    return {**wanted, "name": found["name"], "properties": {**kept, **properties}}


def _with_ports_that_are_there(
    document: Document, part: Part, owns: Owns
) -> Mapping[str, Children]:
    """Return the part's children; a port that somebody else has made is used, not made again."""
    names = {
        number: _name(each)
        for each in list_at(document, "properties", PORTS)
        if not owns.is_ours(PORTS, _name(each))
        and (number := number_at(each, "properties", "port")) is not None
    }
    ports = part.children.get(PORTS, {})
    gateway_id = text_at(document, "id")
    instead = {
        key_of(PORTS, name): f"{gateway_id}/{PORTS}/{names[number]}"
        for name, child in ports.items()
        if (number := number_at(child, "properties", "port")) in names and number is not None
    }
    if not instead:
        return part.children
    return {
        **part.children,
        PORTS: {name: each for name, each in ports.items() if key_of(PORTS, name) not in instead},
        LISTENERS: {
            name: _on_port(gateway_id, each, instead)
            for name, each in part.children.get(LISTENERS, {}).items()
        },
    }


def _on_port(gateway_id: str, listener: Document, instead: Mapping[ChildKey, str]) -> Document:
    key = key_in_id(gateway_id, text_at(listener, "properties", "frontendPort", "id"))
    if key is None or key not in instead:
        return listener
    properties = {**object_at(listener, "properties"), "frontendPort": {"id": instead[key]}}
    return {**listener, "properties": properties}


def _needed_by_others(
    document: Document, wanted: Mapping[str, Children], owns: Owns
) -> frozenset[ChildKey]:
    """Return the children of ours that others refer to, and what those refer to in turn."""
    gateway_id = text_at(document, "id")
    ours: dict[ChildKey, tuple[str, Document]] = {}
    open_keys: set[ChildKey] = set()
    for collection, child in _children(document):
        if owns.is_ours(collection, _name(child)):
            ours[key_of(collection, _name(child))] = (collection, child)
        else:
            open_keys.update(references_of(gateway_id, collection, child))
    replaced = {key_of(name, each) for name, children in wanted.items() for each in children}
    needed: set[ChildKey] = set()
    while open_keys:  # ends: each child is looked at once
        key = open_keys.pop()
        if key in ours and key not in needed:
            needed.add(key)
            if key not in replaced:
                open_keys.update(references_of(gateway_id, *ours[key]))
    return frozenset(needed)


def _add_data(merged: Collections, pfx: Mapping[str, Pfx], *, there: frozenset[str]) -> None:
    """Give the certificates that are new their data; those that are there keep what they have."""
    certificates = merged.get(CERTIFICATES, [])
    for at, child in enumerate(certificates):
        if _name(child).lower() in there:
            continue
        found = pfx.get(_name(child))
        if found is None:
            raise DriverError(
                f"the certificate {_name(child)} is not on the gateway, and its key is not known",
                remedy="check the Secret that holds it",
            )
        data = {"data": found.data, "password": found.password}
        properties = {**object_at(child, "properties"), **data}
        certificates[at] = {**child, "properties": properties}


def _drop_stale_back_references(document: Document, merged: Collections) -> None:
    """Leave out what Azure showed of children that refer here and are not there any more.

    Nobody wrote these; but a service that looks them up would refuse them.
    """
    gateway_id = text_at(document, "id")
    before = {key_of(name, _name(child)) for name, child in _children(document)}
    after = {key_of(name, _name(each)) for name, children in merged.items() for each in children}
    gone = {key for key in before - after if key[0] in {name.lower() for name in merged}}
    if not gone:
        return
    elsewhere = {
        collection: cast("list[Document]", children)
        for collection, children in object_at(document, "properties").items()
        if collection not in merged and is_collection(children)
    }
    for collection, children in (elsewhere | merged).items():
        merged[collection] = [_without_back(gateway_id, collection, e, gone) for e in children]


def _without_back(
    gateway_id: str, collection: str, child: Document, gone: set[ChildKey]
) -> Document:
    properties = object_at(child, "properties")
    stale = {
        name: kept
        for name in back_references(collection) & properties.keys()
        if len(kept := _still_there(gateway_id, properties, name, gone))
        < len(list_at(properties, name))
    }
    return {**child, "properties": {**properties, **stale}} if stale else child


def _still_there(
    gateway_id: str, properties: Document, name: str, gone: set[ChildKey]
) -> list[Document]:
    shown = list_at(properties, name)
    return [each for each in shown if key_in_id(gateway_id, text_at(each, "id")) not in gone]


def _merge_tags(found: Document, tags: Mapping[str, str]) -> dict[str, object]:
    """Return the tags that are there, with ours; names of tags have no case."""
    ours = {name.lower() for name in tags}
    kept = {name: value for name, value in found.items() if name.lower() not in ours}
    return {**kept, **tags}


def _children(document: Document) -> Iterator[tuple[str, Document]]:
    properties = object_at(document, "properties")
    return chain.from_iterable(
        ((collection, child) for child in cast("list[Document]", children))
        for collection, children in properties.items()
        if is_collection(children)
    )


def _names(children: Iterable[Document]) -> Iterator[str]:
    return (_name(each).lower() for each in children)


def _name(child: Document) -> str:
    return text_at(child, "name")
