"""How a body is laid over the document that is there: AKS keeps what a body does not say. Pure."""

import copy
from collections.abc import Mapping
from typing import Any, Final

_WHOLE: Final = frozenset(
    {
        "tags",
        "nodeLabels",
        "userAssignedIdentities",
        "publicIPs",
        "config",
    }
)
"""Objects that are replaced, not merged: what is left out of them is gone."""


def lay_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with what `above` says; a null says nothing, lists are replaced."""
    merged = copy.deepcopy(dict(below))
    for key, value in above.items():
        if value is None:
            continue
        current = merged.get(key)
        if key not in _WHOLE and isinstance(value, Mapping) and isinstance(current, Mapping):
            merged[key] = lay_over(current, value)
        else:
            merged[key] = drop_nulls(value)
    return merged


def drop_nulls(value: Any) -> Any:
    """Return a copy without the fields that are null, at any depth."""
    if isinstance(value, Mapping):
        return {key: drop_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [drop_nulls(each) for each in value]
    return value


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """Return what is found at `a.b.c`, or None."""
    value: Any = document
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value
