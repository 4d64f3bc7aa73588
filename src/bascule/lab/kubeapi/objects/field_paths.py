"""Paths to the fields of an object, and sets of them as managedFields write them (FieldsV1).

A path is a tuple of elements in that notation: `f:spec`, `k:{"name":"web"}`, `v:"finalizer"`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

Path: TypeAlias = tuple[str, ...]
PathSet: TypeAlias = frozenset[Path]

EMPTY: Final[PathSet] = frozenset()
_SELF: Final = "."
_encode: Final = msgspec.json.Encoder(order="sorted").encode


def field(name: str) -> str:
    """Return the element of a field of an object or of a key of a map."""
    return f"f:{name}"


def key(values: Mapping[str, Any]) -> str:
    """Return the element of the item of a list map that has these keys."""
    return f"k:{_encode(values).decode()}"


def value(item: Any) -> str:
    """Return the element of the item of a list set."""
    return f"v:{_encode(item).decode()}"


def render_path(path: Path) -> str:
    """Return a path as conflicts name it: `.spec.containers[name="web"].image`."""
    return "".join(map(_render_element, path))


def _render_element(element: str) -> str:
    kind, _, text = element.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "v":
        return f"[={text}]"
    if kind == "i":
        return f"[{text}]"
    keys = msgspec.json.decode(text)
    return f"[{','.join(f'{name}={_encode(v).decode()}' for name, v in sorted(keys.items()))}]"


def to_fields(paths: Iterable[Path]) -> dict[str, Any]:
    """Return a set of paths as FieldsV1."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        here = root
        for element in path:
            here = here.setdefault(element, {})
        here[_SELF] = {}
    return _compact(root)


def _compact(node: dict[str, Any]) -> dict[str, Any]:
    if node.keys() == {_SELF}:
        return {}
    return {name: _compact(inner) if name != _SELF else {} for name, inner in node.items()}


def from_fields(fields: Mapping[str, Any], prefix: Path = ()) -> PathSet:
    """Return the paths of FieldsV1; what is not well-formed in it is left out."""
    paths: set[Path] = set()
    for name, inner in fields.items():
        if name == _SELF:
            paths.add(prefix)
        elif isinstance(inner, dict) and name[:2] in {"f:", "k:", "v:", "i:"}:
            path = (*prefix, name)
            paths |= from_fields(inner, path) if inner else {path}
    return frozenset(paths)


def with_named_parents(paths: Iterable[Path]) -> PathSet:
    """Return the paths and the fields and map keys that lie on the way to them."""
    found: set[Path] = set()
    for path in paths:
        found.add(path)
        for length in range(1, len(path)):
            if path[length - 1].startswith("f:"):
                found.add(path[:length])
    return frozenset(found)
