"""The JSON Schemas of the user's files, for editors, and what they say about a place in a file."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypeAlias

from pydantic import BaseModel

from bascule.spec.document import FieldPath
from bascule.spec.gateway import Gateway
from bascule.spec.upgrade import Upgrade

_Node: TypeAlias = Mapping[str, object]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def gateway_schema() -> Mapping[str, object]:
    """Return the JSON Schema (2020-12) of `gateway.yaml`; unknown keys are refused."""
    return _build_schema(Gateway)


@cache
def upgrade_schema() -> Mapping[str, object]:
    """Return the JSON Schema (2020-12) of `upgrade.yaml`; unknown keys are refused."""
    return _build_schema(Upgrade)


@cache
def platform_schema() -> Mapping[str, object]:
    """Return the JSON Schema (2020-12) of `platform.yaml`; unknown keys are refused."""
    from bascule.spec.platform import Platform

    return _build_schema(Platform)


@cache
def prices_schema() -> Mapping[str, object]:
    """Return the JSON Schema (2020-12) of a file of prices; unknown keys are refused."""
    from bascule.spec.azure.prices import Prices

    return _build_schema(Prices)


def _build_schema(model: type[BaseModel]) -> Mapping[str, object]:
    schema: dict[str, object] = model.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, **schema}


def known_keys(schema: Mapping[str, object], path: FieldPath) -> tuple[str, ...]:
    """Return the keys that the mapping at `path` may have, sorted; none where it is no mapping.

    `path` is as pydantic tells it: after an item of a tagged union stands its tag.
    """
    nodes, _ = _follow(schema, path)
    properties = [_mapping(node, "properties") for node in nodes]
    return tuple(sorted({key for own in properties for key in own}))


def plain_path(schema: Mapping[str, object], path: FieldPath) -> FieldPath:
    """Return a path of pydantic's without the tags of unions, which stand in no file."""
    _, plain = _follow(schema, path)
    return plain


def _follow(schema: Mapping[str, object], path: FieldPath) -> tuple[list[_Node], FieldPath]:
    nodes = list(_variants(schema, schema))
    plain: list[str | int] = []
    for part in path:
        found = [own for node in nodes for own in _tagged(node, part, schema)]
        if not found:
            plain.append(part)
            found = [_child(node, part) for node in nodes]
        nodes = [own for node in found for own in _variants(node, schema)]
    return nodes, tuple(plain)


def _variants(node: _Node, schema: _Node) -> Iterator[_Node]:
    """Yield what a node stands for: itself, what it refers to, what it may be one of."""
    yield node
    reference = node.get("$ref")
    if isinstance(reference, str):
        yield from _variants(_definition(reference, schema), schema)
    choices = node.get("anyOf")
    for choice in choices if isinstance(choices, list) else []:
        yield from _variants(choice, schema)


def _child(node: _Node, part: str | int) -> _Node:
    if isinstance(part, int):
        return _mapping(node, "items")
    return _mapping(_mapping(node, "properties"), part)


def _tagged(node: _Node, part: str | int, schema: _Node) -> Iterator[_Node]:
    reference = _mapping(_mapping(node, "discriminator"), "mapping").get(str(part))
    if isinstance(reference, str):
        yield _definition(reference, schema)


def _definition(reference: str, schema: _Node) -> _Node:
    return _mapping(_mapping(schema, "$defs"), reference.removeprefix("#/$defs/"))


def _mapping(node: _Node, key: str) -> _Node:
    value = node.get(key)
    return value if isinstance(value, dict) else {}
