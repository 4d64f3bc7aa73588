"""What the schema of a custom kind demands of its objects: types, ranges, patterns, lists."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bascule.lab.kubeapi.objects.faults import (
    duplicate,
    invalid,
    render_value,
    required,
    too_long,
    unsupported,
    wrong_type,
)
from bascule.lab.kubeapi.objects.json_values import json_type
from bascule.lab.kubeapi.objects.merge_patch import is_same
from bascule.lab.kubeapi.objects.schema import Schema
from bascule.lab.kubeapi.objects.statuses import Cause

_EMBEDDED: Final = frozenset({"apiVersion", "kind", "metadata"})


def check_schema(value: Any, schema: Schema, path: str = "") -> Iterator[Cause]:
    """Yield what is wrong with a value under the schema of a custom kind."""
    if schema.name:
        return
    if value is None:
        if not schema.get("nullable"):
            yield _type_cause("null", schema, path)
        return
    types = schema.types
    actual = json_type(value)
    if types and actual not in types and not (actual == "integer" and "number" in types):
        yield _type_cause(actual, schema, path)
        return
    yield from _check_enum(value, schema, path)
    if isinstance(value, dict):
        yield from _check_object(value, schema, path)
    elif isinstance(value, list):
        yield from _check_list(value, schema, path)
    elif isinstance(value, str):
        yield from _check_text(value, schema, path)
    elif not isinstance(value, bool):
        yield from _check_number(value, schema, path)
    yield from _check_combinations(value, schema, path)


def _type_cause(actual: str, schema: Schema, path: str) -> Cause:
    wanted = ",".join(sorted(schema.types))
    detail = f'{path} in body must be of type {wanted}: "{actual}"'
    return wrong_type(path or "<nil>", actual, detail)


def _check_enum(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    allowed = schema.get("enum")
    if allowed and not any(is_same(value, option) for option in allowed):
        names = [v if isinstance(v, str) else render_value(v) for v in allowed]
        yield unsupported(path, value, names)


def _check_object(value: Mapping[str, Any], schema: Schema, path: str) -> Iterator[Cause]:
    for name in schema.required:
        if name not in value:
            yield required(f"{path}.{name}" if path else name)
    count = len(value)
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and count < least:
        detail = f"{path} in body should have at least {least} properties"
        yield invalid(path, count, detail)
    if most is not None and count > most:
        yield _too_many(path, count, most)
    for name, inner in value.items():
        child = schema.field(name)
        is_root = not path and name in _EMBEDDED
        if child is not None and not is_root:
            yield from check_schema(inner, child, f"{path}.{name}" if path else name)


def _check_list(value: list[Any], schema: Schema, path: str) -> Iterator[Cause]:
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and len(value) < least:
        yield invalid(path, len(value), f"{path} in body should have at least {least} items")
    if most is not None and len(value) > most:
        yield _too_many(path, len(value), most)
    yield from _check_unique(value, schema, path)
    if schema.items is not None:
        for index, item in enumerate(value):
            yield from check_schema(item, schema.items, f"{path}[{index}]")


def _too_many(path: str, count: int, most: int) -> Cause:
    message = f"Too many: {count}: must have at most {most} items"
    return Cause(reason="FieldValueTooMany", message=message, field=path)


def _check_unique(value: list[Any], schema: Schema, path: str) -> Iterator[Cause]:
    if schema.list_type not in {"set", "map"}:
        return
    seen: list[Any] = []
    for index, item in enumerate(value):
        mark = item
        if schema.list_type == "map":
            if not isinstance(item, dict):
                continue
            mark = {name: item.get(name, schema.key_default(name)) for name in schema.map_keys}
        if any(is_same(mark, other) for other in seen):
            yield duplicate(f"{path}[{index}]", mark)
        seen.append(mark)


def _check_text(value: str, schema: Schema, path: str) -> Iterator[Cause]:
    least, most, pattern = (schema.get(key) for key in ("minLength", "maxLength", "pattern"))
    if least is not None and len(value) < least:
        yield invalid(path, value, f"{path} in body should be at least {least} chars long")
    if most is not None and len(value) > most:
        yield too_long(path, f"may not be more than {most} bytes")
    if pattern is not None and not _matches(pattern, value):
        yield invalid(path, value, f"{path} in body should match '{pattern}'")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _check_number(value: float, schema: Schema, path: str) -> Iterator[Cause]:
    least, most, step = (schema.get(key) for key in ("minimum", "maximum", "multipleOf"))
    if least is not None:
        is_strict = bool(schema.get("exclusiveMinimum"))
        word = "greater than" if is_strict else "greater than or equal to"
        if value < least or (is_strict and value == least):
            yield invalid(path, value, f"{path} in body should be {word} {least}")
    if most is not None:
        is_strict = bool(schema.get("exclusiveMaximum"))
        word = "less than" if is_strict else "less than or equal to"
        if value > most or (is_strict and value == most):
            yield invalid(path, value, f"{path} in body should be {word} {most}")
    if step and value % step:
        yield invalid(path, value, f"{path} in body should be a multiple of {step}")


def _check_combinations(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    def count(key: str) -> int:
        return sum(
            1 for option in schema.options(key) if not any(check_schema(value, option, path))
        )

    for option in schema.options("allOf"):
        yield from check_schema(value, option, path)
    rules: Mapping[str, tuple[Callable[[int], bool], str]] = {
        "anyOf": (lambda matches: matches > 0, "must validate at least one schema (anyOf)"),
        "oneOf": (lambda matches: matches == 1, "must validate one and only one schema (oneOf)"),
        "not": (lambda matches: matches == 0, "must not validate the schema (not)"),
    }
    for key, (is_met, words) in rules.items():
        if schema.options(key) and not is_met(count(key)):
            yield invalid(path or "<nil>", value, f'"{path}" {words}')
