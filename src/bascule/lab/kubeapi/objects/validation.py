"""Whether an object may be stored: unknown fields, types, values, names and rules across fields."""

from typing import Any

from bascule.lab.kubeapi.objects.schema import Schema
from bascule.lab.kubeapi.objects.statuses import Cause


def find_unknown_fields(obj: dict[str, Any], schema: Schema) -> tuple[str, ...]:
    """Return the messages of fields that the schema lacks, such as `unknown field "spec.foo"`."""
    _ = (obj, schema)
    return ()


def find_duplicate_fields(body: bytes, *, is_yaml: bool = False) -> tuple[str, ...]:
    """Return the messages of keys that stand twice in an object of the body."""
    _ = (body, is_yaml)
    return ()


def strip_unknown_fields(obj: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the object without the fields that the schema lacks."""
    _ = schema
    return obj


def check_types(obj: dict[str, Any], schema: Schema) -> None:
    """Raise a StatusError (400) for the first value whose JSON type the schema does not allow."""
    _ = (obj, schema)


def find_causes(obj: dict[str, Any], schema: Schema | None = None) -> tuple[Cause, ...]:
    """Return why an object to be created is invalid (422), sorted by nothing but the order found.

    `schema` is a custom kind's; built-in kinds are judged by the rules of this package.
    """
    _ = (obj, schema)
    return ()


def find_update_causes(old: dict[str, Any], new: dict[str, Any]) -> tuple[Cause, ...]:
    """Return why `old` may not become `new`: fields that cannot change once they are set."""
    _ = (old, new)
    return ()
