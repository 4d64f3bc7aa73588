"""Whether an object may be stored: how it is written, what it says, and what may change in it."""

from collections.abc import Iterator
from typing import Any

from bascule.lab.kubeapi.objects import names, rules, strict, update_rules
from bascule.lab.kubeapi.objects.custom_rules import check_schema
from bascule.lab.kubeapi.objects.schema import Schema
from bascule.lab.kubeapi.objects.statuses import Cause, bad_request


def find_unknown_fields(obj: dict[str, Any], schema: Schema) -> tuple[str, ...]:
    """Return the messages of fields that the schema lacks, such as `unknown field "spec.foo"`."""
    return tuple(f'unknown field "{path}"' for path in strict.list_unknown(obj, schema))


def find_duplicate_fields(body: bytes, *, is_yaml: bool = False) -> tuple[str, ...]:
    """Return the messages of keys that stand twice in an object of the body."""
    if is_yaml:
        return tuple(strict.list_yaml_duplicates(body))
    return tuple(f'duplicate field "{path}"' for path in strict.list_json_duplicates(body))


def strip_unknown_fields(obj: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the object without the fields that the schema lacks."""
    stripped: dict[str, Any] = strict.strip_unknown(obj, schema)
    return stripped


def check_types(obj: dict[str, Any], schema: Schema) -> None:
    """Raise a StatusError (400) for the first value whose JSON type the schema does not allow.

    Custom kinds are not judged here: their schema says more, and `find_causes` reads it.
    """
    if not schema.name:
        return
    fault = strict.find_type_fault(obj, schema)
    if fault is not None:
        kind = obj.get("kind", "")
        _, _, version = str(obj.get("apiVersion", "")).rpartition("/")
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {fault}')


def find_causes(obj: dict[str, Any], schema: Schema | None = None) -> tuple[Cause, ...]:
    """Return why an object to be stored is invalid (422), in the order in which it is read.

    `schema` is a custom kind's; built-in kinds are judged by the rules of this package.
    """
    return tuple(_list_causes(obj, schema))


def _list_causes(obj: dict[str, Any], schema: Schema | None) -> Iterator[Cause]:
    yield from names.check_metadata(obj)
    if schema is not None:
        yield from check_schema(obj, schema)
    else:
        yield from rules.check_object(obj)


def find_update_causes(old: dict[str, Any], new: dict[str, Any]) -> tuple[Cause, ...]:
    """Return why `old` may not become `new`: fields that cannot change once they are set."""
    return tuple(update_rules.check_update(old, new))
