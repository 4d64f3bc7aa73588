"""Puts AGIC's part back into a gateway's document, and takes ours out of it.

AGIC's pools get the addresses of now: those that were kept are of pods that are long gone, and AGIC
itself is started only afterwards.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bascule.azure.document import Document, list_at, object_at, text_at, with_value
from bascule.gateway.appgw.adoption import OUR_TAGS, without_names
from bascule.gateway.appgw.canonical import back_references
from bascule.gateway.appgw.merge import merge
from bascule.gateway.appgw.part import COLLECTIONS, POOLS, RULES, Part
from bascule.gateway.appgw.references import keys_of, references_of
from bascule.gateway.ownership import Owns, is_child_of_agic
from bascule.ids import Cluster
from bascule.routing.model import Backend, RouteSet

Addresses = Mapping[str, tuple[str, ...]]
"""What pools hold, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """The document as AGIC gets it back."""

    document: Document
    followed: tuple[str, ...] = ()
    """AGIC's pools that hold the addresses of now."""
    as_kept: tuple[str, ...] = ()
    """AGIC's pools whose addresses are those that were kept."""
    broken: tuple[str, ...] = ()
    """What AGIC's objects refer to and is not there any more; such a document is refused."""


def give_back(
    document: Document, kept: Document, owns: Owns, *, agic_prefix: str, now: Addresses
) -> GivenBack:
    """Return `document` without what is ours, with AGIC's part of `kept` where that had one.

    Children of ours that somebody else's refer to stay. Raises DriverError as `merge` does.
    """
    bare = merge(document, Part(children={}), owns, pfx={}, tags={})
    properties = dict(object_at(bare, "properties"))
    for collection in COLLECTIONS:
        restored = [
            _as_written(collection, _with_addresses(each, now) if collection == POOLS else each)
            for each in _of_agic(kept, collection, agic_prefix)
        ]
        if restored:
            found = list_at(properties, collection)
            former = list_at(kept, "properties", collection)
            properties[collection] = _in_order(former, found, restored)
    tags = without_names(object_at(document, "tags"), OUR_TAGS)
    body = {**bare, "tags": tags, "properties": properties}
    pools = [
        text_at(each, "name")
        for each in _of_agic(kept, POOLS, agic_prefix)
        if list_at(each, "properties", "backendAddresses")
    ]
    return GivenBack(
        document=body,
        followed=tuple(name for name in pools if name in now),
        as_kept=tuple(name for name in pools if name not in now),
        broken=tuple(_find_broken(body, kept, agic_prefix)),
    )


def find_addresses(
    kept: Document, routes: RouteSet, cluster: Cluster, agic_prefix: str
) -> dict[str, tuple[str, ...]]:
    """Return what AGIC's pools of `cluster` would hold now, as far as their names tell whose."""
    backends = [each for each in routes.backends if each.cluster is cluster]
    found: dict[str, tuple[str, ...]] = {}
    for pool in _of_agic(kept, POOLS, agic_prefix):
        name = text_at(pool, "name")
        addresses = _find_members(name.removeprefix(agic_prefix), backends)
        if addresses:
            found[name] = addresses
    return found


def _find_members(name: str, backends: Sequence[Backend]) -> tuple[str, ...]:
    """Return the addresses behind a pool that AGIC names `pool-NS-SERVICE-PORT-bp-PORT`."""
    for each in backends:
        whose = re.escape(f"pool-{each.namespace}-{each.service}-")
        found = re.fullmatch(rf"{whose}(\d+|{re.escape(each.port)})-bp-(\d+)", name)
        if found is None:
            continue
        port = int(found[2])
        addresses = tuple(e.address for e in each.endpoints if e.port == port)
        if addresses:
            return addresses
    return ()


def _of_agic(document: Document, collection: str, agic_prefix: str) -> list[Document]:
    return [
        each
        for each in list_at(document, "properties", collection)
        if is_child_of_agic(collection, text_at(each, "name"), agic_prefix)
    ]


def _with_addresses(pool: Document, now: Addresses) -> Document:
    addresses = now.get(text_at(pool, "name"))
    if addresses is None:
        return pool
    members = [{"ipAddress": each} for each in addresses]
    return with_value(pool, ("properties", "backendAddresses"), members)


def _as_written(collection: str, child: Document) -> Document:
    """Return a child without what Azure showed of its state then."""
    shown = {*back_references(collection), "provisioningState"}
    properties = {k: v for k, v in object_at(child, "properties").items() if k not in shown}
    return {**{k: v for k, v in child.items() if k != "etag"}, "properties": properties}


def _in_order(
    kept: Sequence[Document], found: Sequence[Document], restored: Sequence[Document]
) -> list[Document]:
    """Return what is there with what comes back, those that were kept in their former order."""
    by_name = {text_at(each, "name").lower(): each for each in (*restored, *found)}
    names = [text_at(each, "name").lower() for each in kept]
    ordered = dict.fromkeys([*(name for name in names if name in by_name), *by_name])
    return [by_name[name] for name in ordered]


def _find_broken(body: Document, kept: Document, agic_prefix: str) -> Iterator[str]:
    gateway_id = text_at(body, "id")
    there = keys_of(body)
    for collection in COLLECTIONS:
        for child in _of_agic(kept, collection, agic_prefix):
            for key in references_of(gateway_id, collection, _as_written(collection, child)):
                if key not in there:
                    yield f"{collection}/{text_at(child, 'name')} refers to {'/'.join(key)}"
    if not list_at(body, "properties", RULES):
        yield "no routing rule would be left, and Azure refuses a gateway without one"
