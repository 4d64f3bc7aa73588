"""Whether two spellings of a child say the same.

Most children stand there as they were written, but for what Azure adds, which is seen at little
cost; only the others are brought into the form in which all spellings are equal.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, cast

from bascule.azure.document import Document, object_at, text_at
from bascule.gateway.appgw.canonical import (
    PATH_RULES,
    READ_ONLY,
    canonical_child,
    canonical_properties,
    spoken_by_us,
    spoken_of,
    untold_of,
)

_APART: Final = READ_ONLY | {"name", "properties"}
_RULE: Final = frozenset({"name", "properties"})
_ABSENT: Final = object()


def is_same_child(collection: str, one: Document, other: Document) -> bool:
    """Whether two children of a collection ask the gateway for the same."""
    return (
        one == other
        or _is_spelled_alike(collection, one, other)
        or canonical_child(collection, one) == canonical_child(collection, other)
    )


def says(collection: str, found: Document, wanted: Document) -> bool:
    """Whether a child that is there says all that it should and, where we speak, no more."""
    as_found, as_wanted = object_at(found, "properties"), object_at(wanted, "properties")
    if _is_spelled_out(collection, as_found, as_wanted):
        return True
    there = canonical_properties(collection, as_found)
    asked = canonical_properties(collection, as_wanted)
    spoken = {**{k: there[k] for k in asked if k in there}, **spoken_of(collection, there)}
    return spoken == asked


def _is_spelled_alike(collection: str, one: Document, other: Document) -> bool:
    """Whether nothing differs but what does not count wherever it stands."""
    if _without(one, _APART) != _without(other, _APART):
        return False
    untold = _untold(collection)
    ones, others = (object_at(each, "properties") for each in (one, other))
    if _without(ones, untold) != _without(others, untold):
        return False
    if PATH_RULES in _noise(collection):
        return True
    return _are_rules_alike(ones.get(PATH_RULES), others.get(PATH_RULES))


def _are_rules_alike(one: object, other: object) -> bool:
    rules = _pair(one, other)
    return rules is not None and all(
        text_at(rule, "name") == text_at(against, "name")
        and _is_spelled_alike(PATH_RULES, rule, against)
        for rule, against in rules
    )


def _is_spelled_out(collection: str, there: Document, asked: Document) -> bool:
    """Whether all that is asked for stands there as it is asked, and we would say no more."""
    spoken = spoken_by_us(collection)
    if any(there[key] not in (None, [], {}) for key in (spoken & there.keys()) - asked.keys()):
        return False
    return all(
        _are_rules_spelled_out(there.get(key), value)
        if key == PATH_RULES
        else there.get(key, _ABSENT) == value and key in spoken
        for key, value in asked.items()
    )


def _are_rules_spelled_out(there: object, asked: object) -> bool:
    rules = _pair(there, asked)
    return rules is not None and all(
        wanted.keys() <= _RULE
        and text_at(rule, "name") == text_at(wanted, "name")
        and _is_spelled_out(
            PATH_RULES, object_at(rule, "properties"), object_at(wanted, "properties")
        )
        for rule, wanted in rules
    )


def _pair(one: object, other: object) -> list[tuple[Document, Document]] | None:
    """Return the rules of two maps side by side; None where they are not as many."""
    ones = cast("list[Document]", one) if isinstance(one, list) else []
    others = cast("list[Document]", other) if isinstance(other, list) else []
    return list(zip(ones, others, strict=True)) if len(ones) == len(others) else None


def _without(document: Mapping[str, object], names: frozenset[str]) -> dict[str, object]:
    return {key: value for key, value in document.items() if key not in names}


@cache
def _noise(collection: str) -> frozenset[str]:
    return untold_of(collection)


@cache
def _untold(collection: str) -> frozenset[str]:
    """Return what is not compared as it stands."""
    return untold_of(collection) | {PATH_RULES}
