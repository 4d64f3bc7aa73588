"""The JSON Schema of `gateway.yaml`, for editors, and what it says about a place in the file."""

from collections.abc import Mapping
from functools import cache

from bascule.spec.document import FieldPath
from bascule.spec.gateway import Gateway

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def gateway_schema() -> Mapping[str, object]:
    """Return the JSON Schema (2020-12) of `gateway.yaml`; unknown keys are refused."""
    schema: dict[str, object] = Gateway.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, **schema}


def known_keys(schema: Mapping[str, object], path: FieldPath) -> tuple[str, ...]:
    """Return the keys that the mapping at `path` may have, sorted; none where it is no mapping."""
    node: object = schema
    for part in path:
        node = _child(_resolve(node, schema), part)
    properties = _resolve(node, schema).get("properties")
    return tuple(sorted(properties)) if isinstance(properties, dict) else ()


def _resolve(node: object, schema: Mapping[str, object]) -> Mapping[str, object]:
    if not isinstance(node, dict):
        return {}
    reference, definitions = node.get("$ref"), schema.get("$defs")
    if isinstance(reference, str) and isinstance(definitions, dict):
        return _resolve(definitions.get(reference.removeprefix("#/$defs/")), schema)
    return node


def _child(node: Mapping[str, object], part: str | int) -> object:
    if isinstance(part, int):
        return node.get("items")
    properties = node.get("properties")
    return properties.get(part) if isinstance(properties, dict) else None
