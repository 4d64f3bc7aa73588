"""Objects seen through their schema: which fields a value has, how two differ, how they merge.

Follows sigs.k8s.io/structured-merge-diff. Without a schema maps are granular and lists atomic, as
there. Null is the same as absent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bascule.lab.kubeapi.objects import field_paths
from bascule.lab.kubeapi.objects.field_paths import Path, PathSet
from bascule.lab.kubeapi.objects.merge_patch import is_same
from bascule.lab.kubeapi.objects.schema import Schema

# Go writes these even when they are empty, so that nobody comes to own them by adding to them.
_ALWAYS_THERE: Final = frozenset(
    {
        "f:metadata",
        "f:spec",
        "f:status",
        "f:template",
        "f:containers",
        "f:jobTemplate",
        "f:strategy",
        "f:updateStrategy",
    }
)


class TypedError(Exception):
    """A value does not fit its schema; the text is that of structured-merge-diff."""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """The fields by which a second value differs from a first one."""

    added: set[Path] = field(default_factory=set)
    modified: set[Path] = field(default_factory=set)
    removed: set[Path] = field(default_factory=set)


def list_fields(value: Any, schema: Schema | None, path: Path = ()) -> Iterator[Path]:
    """Yield the paths that somebody who writes `value` owns."""
    if isinstance(value, dict) and not _is_atomic_map(schema):
        for name, inner in value.items():
            if inner is None:
                continue
            child = (*path, field_paths.field(name))
            yield from list_fields(inner, _child(schema, name), child)
            if inner == {} or _is_free_key(schema, name):
                yield child
    elif isinstance(value, list) and _is_associative(schema):
        for element, item in _elements(value, schema):
            yield from list_fields(item, schema.items if schema else None, (*path, element))
            yield (*path, element)
    elif path:
        yield path


def compare(old: Any, new: Any, schema: Schema | None) -> Comparison:
    """Return the fields that were added, modified and removed between two values."""
    found = Comparison()
    _compare(old, new, schema, ((), found))
    return found


_Place = tuple[Path, Comparison]


def _compare(old: Any, new: Any, schema: Schema | None, place: _Place) -> None:
    path, found = place
    if isinstance(old, dict) and isinstance(new, dict) and not _is_atomic_map(schema):
        pairs = [
            (field_paths.field(name), old.get(name), new.get(name), _child(schema, name))
            for name in (*old, *(name for name in new if name not in old))
        ]
    elif isinstance(old, list) and isinstance(new, list) and _is_associative(schema):
        before, after = dict(_elements(old, schema)), dict(_elements(new, schema))
        items = schema.items if schema else None
        pairs = [(e, before.get(e), after.get(e), items) for e in before | after]
    else:
        if not is_same(old, new):
            _replace(old, new, schema, place)
        return
    for element, was, now, child in pairs:
        here = (*path, element)
        if was is None and now is not None:
            found.added |= _with_containers(now, child, here)
        elif now is None and was is not None:
            found.removed |= _with_containers(was, child, here, is_removal=True)
        elif was is not None:
            _compare(was, now, child, (here, found))


def _replace(old: Any, new: Any, schema: Schema | None, place: _Place) -> None:
    path, found = place
    if type(old) is type(new) or not (isinstance(old, dict | list) or isinstance(new, dict | list)):
        found.modified.add(path)
    else:
        found.removed |= _with_containers(old, schema, path, is_removal=True)
        found.added |= _with_containers(new, schema, path)


def _with_containers(
    value: Any, schema: Schema | None, path: Path, *, is_removal: bool = False
) -> set[Path]:
    """Return the fields of a value that is new, or gone, and of the maps and lists in it."""
    paths = set(list_fields(value, schema, path))
    if not paths:
        return {path}
    for leaf in list(paths):
        for length in range(len(path), len(leaf)):
            parent = leaf[:length]
            if parent and (is_removal or parent[-1] not in _ALWAYS_THERE):
                paths.add(parent)
    return paths


def merge(live: Any, config: Any, schema: Schema | None) -> Any:
    """Return `live` with what `config` says put over it; neither is changed, but parts are shared.

    Raises TypedError for a list whose items cannot be told apart.
    """
    if isinstance(live, dict) and isinstance(config, dict) and not _is_atomic_map(schema):
        merged = dict(live)
        for name, inner in config.items():
            if inner is not None:
                merged[name] = merge(live.get(name), inner, _child(schema, name))
        return merged
    if isinstance(live, list) and isinstance(config, list) and _is_associative(schema):
        return _merge_lists(live, config, schema)
    return config


def _merge_lists(live: list[Any], config: list[Any], schema: Schema | None) -> list[Any]:
    before, wanted = dict(_elements(live, schema)), dict(_elements(config, schema))
    items = schema.items if schema else None
    waiting = list(wanted)
    merged: list[Any] = []
    for element, item in before.items():
        if element not in wanted:
            merged.append(item)
            continue
        while element in waiting:
            following = waiting.pop(0)
            merged.append(merge(before.get(following), wanted[following], items))
    merged.extend(merge(before.get(element), wanted[element], items) for element in waiting)
    return merged


def remove(value: Any, paths: PathSet, schema: Schema | None, path: Path = ()) -> Any:
    """Return `value` without the fields and items at `paths`."""
    if isinstance(value, dict) and not _is_atomic_map(schema):
        kept = {}
        for name, inner in value.items():
            here = (*path, field_paths.field(name))
            if here not in paths:
                kept[name] = remove(inner, paths, _child(schema, name), here)
        return kept
    if isinstance(value, list) and _is_associative(schema):
        items = schema.items if schema else None
        return [
            remove(item, paths, items, (*path, element))
            for element, item in _elements(value, schema)
            if (*path, element) not in paths
        ]
    return value


def check_typed(value: Any, schema: Schema | None, path: str = "") -> None:
    """Raise TypedError for a field that the schema lacks and for items that share their keys."""
    if schema is None:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            child = schema.field(name)
            if child is None and not schema.preserves_unknown:
                raise TypedError(f"{path}.{name}: field not declared in schema")
            check_typed(inner, child, f"{path}.{name}")
    elif isinstance(value, list):
        is_associative = _is_associative(schema)
        if is_associative:
            _check_items(value, schema, path)
        for index, item in enumerate(value):
            place = field_paths.render_path((_element(item, schema),)) if is_associative else ""
            check_typed(item, schema.items, f"{path}{place or f'[{index}]'}")


def _check_items(value: list[Any], schema: Schema, path: str) -> None:
    seen = set()
    for index, item in enumerate(value):
        for name in schema.map_keys:
            has_key = isinstance(item, dict) and item.get(name) is not None
            if not has_key and schema.key_default(name) is None:
                raise TypedError(
                    f"{path or '.'}: element {index}: associative list with keys has an element "
                    f'that omits key field "{name}" (and doesn\'t have default value)'
                )
        element = _element(item, schema)
        if element in seen:
            name = field_paths.render_path((element,))
            raise TypedError(f"{path or '.'}: duplicate entries for key {name}")
        seen.add(element)


def _elements(value: Sequence[Any], schema: Schema | None) -> Iterator[tuple[str, Any]]:
    for item in value:
        if schema is not None:
            yield _element(item, schema), item


def _element(item: Any, schema: Schema) -> str:
    if schema.list_type == "map" and isinstance(item, dict):
        keys = {name: _key_value(item, name, schema) for name in schema.map_keys}
        return field_paths.key({name: v for name, v in keys.items() if v is not None})
    return field_paths.value(item)


def _key_value(item: dict[str, Any], name: str, schema: Schema) -> Any:
    written = item.get(name)
    return schema.key_default(name) if written is None else written


def _child(schema: Schema | None, name: str) -> Schema | None:
    return schema.field(name) if schema is not None else None


def _is_free_key(schema: Schema | None, name: str) -> bool:
    return schema is None or name not in schema.properties


def _is_atomic_map(schema: Schema | None) -> bool:
    return schema is not None and schema.is_atomic_map


def _is_associative(schema: Schema | None) -> bool:
    return schema is not None and schema.list_type in {"map", "set"}
