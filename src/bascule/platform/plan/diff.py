"""In what a resource that exists differs from what is wanted of it, field by field.

Only fields that are wanted are compared; what is unknown, or another's, is left as it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from bascule.azure.document import Document
from bascule.platform.desired.model import Kind
from bascule.platform.green.versions import is_same
from bascule.platform.plan.fields import Path, find_fixed, normalise

_GROWING = frozenset({"addressPrefixes"})
"""Lists to which others may have added."""
_VERSIONS = frozenset({"kubernetesVersion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field that is not as wanted; None stands for absent. `refusal` says why it stays."""

    field: str
    before: object
    after: object
    refusal: str = ""


def find_changes(kind: Kind, kept: Document, found: Document) -> tuple[FieldChange, ...]:
    """Return in what `found` differs from what is kept of it, field by field."""
    known = normalise(kind, found)
    return tuple(
        FieldChange(
            field=".".join(path).removeprefix("properties."),
            before=before,
            after=after,
            refusal=find_fixed(kind, path),
        )
        for path, before, after in _compare(kept, known, ())
    )


def overlay(found: Document, kept: Document) -> dict[str, object]:
    """Return `found` with what is kept set right, all else as it was."""
    after = dict(found)
    for name, value in kept.items():
        key = _find_key(found, name)
        if value is None:
            after.pop(key, None)
        elif isinstance(value, Mapping):
            before = found.get(key)
            inner = cast("Document", before) if isinstance(before, Mapping) else {}
            after[key] = overlay(inner, cast("Document", value))
        elif not _is_same(name, value, found.get(key)):
            after[key] = _grown(name, value, found.get(key))
    return after


def _compare(
    wanted: Document, found: Document, path: Path
) -> Iterator[tuple[Path, object, object]]:
    for name, value in wanted.items():
        here = (*path, name)
        before = found.get(_find_key(found, name))
        if isinstance(value, Mapping) and value:
            inner = cast("Document", before) if isinstance(before, Mapping) else {}
            yield from _compare(cast("Document", value), inner, here)
        elif not _is_same(name, value, before):
            yield here, before, _grown(name, value, before)


def _find_key(found: Document, name: str) -> str:
    """Ids that are keys come back in another case."""
    if name in found:
        return name
    return next((key for key in found if key.lower() == name.lower()), name)


def _is_same(name: str, wanted: object, found: object) -> bool:
    if name.startswith("/"):
        return isinstance(found, Mapping)  # a key that is an id says something by being there
    if _is_nothing(wanted) and _is_nothing(found):
        return True
    if isinstance(wanted, list) and isinstance(found, list):
        if name in _GROWING:
            return set(map(str, wanted)) <= set(map(str, found))
        return sorted(map(str, wanted)) == sorted(map(str, found))
    if isinstance(wanted, str) and isinstance(found, str):
        return _is_same_text(name, wanted, found)
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping)  # an empty one asks for nothing in it
    return wanted == found


def _is_same_text(name: str, wanted: str, found: str) -> bool:
    if name == "location":
        return wanted == found.replace(" ", "").lower()
    if name in _VERSIONS:
        return is_same(wanted, found)
    is_id = wanted.startswith("/")
    return wanted.lower() == found.lower() if is_id else wanted == found


def _is_nothing(value: object) -> bool:
    """Azure says the absence of a feature in many ways."""
    return value is None or value is False or value in ("", "none", "None", [], {}, 0)


def _grown(name: str, wanted: object, found: object) -> object:
    if name in _GROWING and isinstance(wanted, list) and isinstance(found, list):
        return [*found, *(each for each in wanted if each not in found)]
    return wanted
