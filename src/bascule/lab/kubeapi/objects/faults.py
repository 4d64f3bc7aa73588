"""The causes of an Invalid answer, with the wording of k8s.io/apimachinery's field errors."""

from collections.abc import Iterable
from typing import Any

import msgspec

from bascule.lab.kubeapi.objects.statuses import Cause

IMMUTABLE = "field is immutable"


def required(field: str, detail: str = "") -> Cause:
    """Return the cause of a field that is missing."""
    text = f"Required value: {detail}" if detail else "Required value"
    return Cause(reason="FieldValueRequired", message=text, field=field)


def invalid(field: str, value: Any, detail: str) -> Cause:
    """Return the cause of a value that breaks a rule."""
    message = f"Invalid value: {render_value(value)}: {detail}"
    return Cause(reason="FieldValueInvalid", message=message, field=field)


def wrong_type(field: str, value: Any, detail: str) -> Cause:
    """Return the cause of a value of another type than its schema's."""
    message = f"Invalid value: {render_value(value)}: {detail}"
    return Cause(reason="FieldValueTypeInvalid", message=message, field=field)


def unsupported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    """Return the cause of a value that is none of those allowed."""
    listed = ", ".join(f'"{name}"' for name in supported)
    message = f"Unsupported value: {render_value(value)}: supported values: {listed}"
    return Cause(reason="FieldValueNotSupported", message=message, field=field)


def duplicate(field: str, value: Any) -> Cause:
    """Return the cause of a value that stands twice in a list."""
    message = f"Duplicate value: {render_value(value)}"
    return Cause(reason="FieldValueDuplicate", message=message, field=field)


def not_found(field: str, value: Any) -> Cause:
    """Return the cause of a name that refers to nothing."""
    message = f"Not found: {render_value(value)}"
    return Cause(reason="FieldValueNotFound", message=message, field=field)


def forbidden(field: str, detail: str) -> Cause:
    """Return the cause of a field that may not be set, or not changed."""
    return Cause(reason="FieldValueForbidden", message=f"Forbidden: {detail}", field=field)


def too_long(field: str, detail: str) -> Cause:
    """Return the cause of a value that is too long."""
    return Cause(reason="FieldValueTooLong", message=f"Too long: {detail}", field=field)


def render_value(value: Any) -> str:
    """Return a value as field errors show it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    return msgspec.json.encode(value).decode()
