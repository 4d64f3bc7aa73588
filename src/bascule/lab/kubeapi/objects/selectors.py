"""Label and field selectors, as written in a query and as written in an object."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Object: TypeAlias = Mapping[str, Any]
Selector: TypeAlias = Callable[[Object], bool]


def parse_label_selector(text: str) -> Selector:
    """Return a test for `a=b,c!=d,e in (f,g),h notin (i),j,!k`; 400 when it cannot be parsed."""
    _ = text
    return lambda _obj: True


def parse_field_selector(text: str, resource: str) -> Selector:
    """Return a test for `metadata.name=a,status.phase!=b`; 400 for a field not supported."""
    _ = (text, resource)
    return lambda _obj: True


def match_labels(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Tell whether a LabelSelector object (matchLabels, matchExpressions) selects these labels.

    None selects nothing and an empty selector everything, as in the API.
    """
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())
