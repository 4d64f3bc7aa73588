"""Which children of a gateway's document refer to which: by ids, wherever these stand."""

from collections.abc import Iterator, Mapping
from typing import cast

from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.gateway.appgw.canonical import back_references, is_collection

ChildKey = tuple[str, str]
"""A child's collection and name, in lower case."""


def key_of(collection: str, name: str) -> ChildKey:
    """Return the key of a child."""
    return collection.lower(), name.lower()


def keys_of(document: Document) -> frozenset[ChildKey]:
    """Return the keys of all children of a gateway."""
    properties = object_at(document, "properties")
    return frozenset(
        key_of(collection, text_at(each, "name"))
        for collection, children in properties.items()
        if is_collection(children)
        for each in list_at(properties, collection)
    )


def key_in_id(gateway_id: str, child_id: str) -> ChildKey | None:
    """Return the child that an id names, a path rule's map for one; None for what is elsewhere."""
    beginning = f"{gateway_id}/".lower()
    lower = child_id.lower()
    if not lower.startswith(beginning):
        return None
    parts = lower.removeprefix(beginning).split("/")
    return (parts[0], parts[1]) if len(parts) > 1 else None


def references_of(gateway_id: str, collection: str, child: Document) -> Iterator[ChildKey]:
    """Yield the children of the gateway that a child refers to; back references do not count."""
    skipped = back_references(collection)
    properties = child.get("properties")
    if isinstance(properties, Mapping):
        for name, value in cast("Document", properties).items():
            if name not in skipped:
                yield from _ids_in(gateway_id, value)


def _ids_in(gateway_id: str, value: object) -> Iterator[ChildKey]:
    if isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _ids_in(gateway_id, each)
    elif isinstance(value, Mapping):
        document = cast("Document", value)
        if "name" not in document and (key := key_in_id(gateway_id, text_at(document, "id"))):
            yield key
        for each in document.values():
            yield from _ids_in(gateway_id, each)
