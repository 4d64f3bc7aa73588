"""Reads typed values out of ARM's raw JSON, and writes into copies of it.

A document is kept as it came, unknown fields included, so that what is written back differs only
in what was meant to change. A value that is absent or of another type reads as empty.
"""

from collections.abc import Mapping
from typing import cast

Document = Mapping[str, object]
"""A resource as ARM shows it: id, name, type, location, tags, properties, ..."""

_OBJECT = (dict, Mapping)
"""What JSON is read into comes first: a gateway's document has ten thousands of objects."""


def value_at(document: Document, *path: str) -> object:
    """Return the value at `path`, or None."""
    found: object = document
    for key in path:
        if not isinstance(found, _OBJECT):
            return None
        found = cast("Document", found).get(key)
    return found


def text_at(document: Document, *path: str) -> str:
    """Return the text at `path`, or an empty one."""
    found = value_at(document, *path)
    return found if isinstance(found, str) else ""


def number_at(document: Document, *path: str) -> int | None:
    """Return the whole number at `path`, or None; a truth value is no number."""
    found = value_at(document, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def truth_at(document: Document, *path: str) -> bool | None:
    """Return the truth value at `path`; None where the resource does not say."""
    found = value_at(document, *path)
    return found if isinstance(found, bool) else None


def object_at(document: Document, *path: str) -> Document:
    """Return the object at `path`, or an empty one."""
    found = value_at(document, *path)
    return cast("Document", found) if isinstance(found, _OBJECT) else {}


def list_at(document: Document, *path: str) -> tuple[Document, ...]:
    """Return the objects of the list at `path`, or none; what is no object is left out."""
    return tuple(cast("Document", each) for each in _items(document, path) if _is_object(each))


def texts_at(document: Document, *path: str) -> tuple[str, ...]:
    """Return the texts of the list at `path`, or none; what is no text is left out."""
    return tuple(each for each in _items(document, path) if isinstance(each, str))


def with_value(document: Document, path: tuple[str, ...], value: object) -> dict[str, object]:
    """Return a copy with `value` at `path`; objects on the way are made where they are missing."""
    key, *rest = path
    if rest:
        value = with_value(object_at(document, key), tuple(rest), value)
    return {**document, key: value}


def without(document: Document, path: tuple[str, ...]) -> dict[str, object]:
    """Return a copy without what is at `path`."""
    key, *rest = path
    if not rest:
        return {name: value for name, value in document.items() if name != key}
    if not _is_object(document.get(key)):
        return dict(document)
    return {**document, key: without(object_at(document, key), tuple(rest))}


def _items(document: Document, path: tuple[str, ...]) -> list[object]:
    found = value_at(document, *path)
    return cast("list[object]", found) if isinstance(found, list) else []


def _is_object(value: object) -> bool:
    return isinstance(value, _OBJECT)
