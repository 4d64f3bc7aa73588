"""How strictly a body is read: unknown fields, fields that stand twice, values of other types."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from bascule.lab.kubeapi.objects.durations import parse_time
from bascule.lab.kubeapi.objects.json_values import json_type
from bascule.lab.kubeapi.objects.schema import Schema

_QUANTITY: Final = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_QUANTITY_MESSAGE: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_EMBEDDED: Final = frozenset({"apiVersion", "kind", "metadata"})


def list_unknown(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """Yield the paths of fields that the schema lacks, such as `spec.containers[0].foo`."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if schema.items is not None:
                yield from list_unknown(item, schema.items, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    is_embedded = bool(schema.get("x-kubernetes-embedded-resource"))
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        child = schema.field(name)
        if child is not None:
            yield from list_unknown(inner, child, here)
        elif not schema.preserves_unknown and not (is_embedded and name in _EMBEDDED):
            yield here


def strip_unknown(value: Any, schema: Schema) -> Any:
    """Return the value without the fields that the schema lacks."""
    if isinstance(value, list):
        items = schema.items
        return value if items is None else [strip_unknown(item, items) for item in value]
    if not isinstance(value, dict):
        return value
    is_embedded = bool(schema.get("x-kubernetes-embedded-resource"))
    kept = {}
    for name, inner in value.items():
        child = schema.field(name)
        if child is not None:
            kept[name] = strip_unknown(inner, child)
        elif schema.preserves_unknown or (is_embedded and name in _EMBEDDED):
            kept[name] = inner
    return kept


class _Pairs(dict[str, Any]):
    """A JSON object that remembers which of its keys stood twice."""

    twice: tuple[str, ...] = ()


def list_json_duplicates(body: bytes) -> Iterator[str]:
    """Yield the paths of keys that stand twice; nothing for a body that is no JSON."""
    try:
        value = json.loads(body, object_pairs_hook=_keep_pairs)
    except (ValueError, RecursionError):
        return
    yield from _walk_pairs(value, "")


def _keep_pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    kept = _Pairs(pairs)
    if len(kept) < len(pairs):
        names = [name for name, _ in pairs]
        kept.twice = tuple(name for name in kept if names.count(name) > 1)
    return kept


def _walk_pairs(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk_pairs(item, f"{path}[{index}]")
    if isinstance(value, _Pairs):
        for name in value.twice:
            yield f"{path}.{name}" if path else name
        for name, inner in value.items():
            yield from _walk_pairs(inner, f"{path}.{name}" if path else name)


def list_yaml_duplicates(body: bytes) -> Iterator[str]:
    """Yield sentences about keys that stand twice; nothing for a body that is no YAML."""
    try:
        node = yaml.compose(body, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return
    yield from _walk_node(node)


def _walk_node(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _walk_node(item)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for name, inner in node.value:
            if name.value in seen:
                line = name.start_mark.line + 1
                yield f'line {line}: key "{name.value}" already set in map'
            seen.add(name.value)
            yield from _walk_node(inner)


def find_type_fault(value: Any, schema: Schema, owner: str = "", path: str = "") -> str | None:
    """Return what Go's JSON decoder says of the first value of a wrong type, or None."""
    if value is None or _is_plain_text(value, schema):
        return None
    fault = _own_fault(value, schema, owner, path)
    if fault is not None:
        return fault
    if isinstance(value, dict):
        name = schema.name.rpartition(".")[2] or owner
        for key, inner in value.items():
            child = schema.field(key)
            here = f"{path}.{key}" if path else key
            fault = find_type_fault(inner, child, name, here) if child is not None else None
            if fault is not None:
                return fault
    if isinstance(value, list) and schema.items is not None:
        for item in value:
            fault = find_type_fault(item, schema.items, owner, path)
            if fault is not None:
                return fault
    return None


def _is_plain_text(value: Any, schema: Schema) -> bool:
    """Tell quickly of most values that they are right: text where no more is asked for."""
    return isinstance(value, str) and not schema.name and "string" in schema.types


def _own_fault(value: Any, schema: Schema, owner: str, path: str) -> str | None:
    if schema.is_quantity:
        is_good = _is_number(value) or (isinstance(value, str) and _QUANTITY.fullmatch(value))
        return None if is_good else _QUANTITY_MESSAGE
    if schema.name.endswith((".v1.Time", ".v1.MicroTime")):
        if isinstance(value, str) and parse_time(value) is not None:
            return None
        layout = "2006-01-02T15:04:05Z07:00"
        return f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
    types = schema.types
    if not types or json_type(value) in types:
        return None
    if json_type(value) == "integer" and "number" in types:
        return None
    if schema.is_int_or_string:
        return f"json: cannot unmarshal {_go_kind(value)} into Go value of type int32"
    place = f"{owner}.{path}" if owner else path
    kind = f"struct field {place}" if path else "value"
    return f"json: cannot unmarshal {_go_kind(value)} into Go {kind} of type {_go_type(schema)}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _go_kind(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"number {value}" if isinstance(value, float) else "number"
    return {"boolean": "bool"}.get(json_type(value), json_type(value))


def _go_type(schema: Schema) -> str:
    if schema.name:
        parts = schema.name.split(".")
        return f"{parts[-2]}.{parts[-1]}"
    types = schema.types
    if "array" in types:
        return f"[]{_go_type(schema.items) if schema.items is not None else 'interface {}'}"
    if "object" in types:
        inner = schema.field("*")
        return f"map[string]{_go_type(inner) if inner is not None else 'interface {}'}"
    if "integer" in types:
        return str(schema.get("format") or "int32")
    return "bool" if "boolean" in types else "float64" if "number" in types else "string"
