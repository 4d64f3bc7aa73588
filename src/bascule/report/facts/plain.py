"""Facts as plain JSON, with everything that looks like a secret masked."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from bascule.errors import InvariantError
from bascule.journal.record import Json
from bascule.redact import MASK, redact
from bascule.routing.weights import Split
from bascule.upgrade.encoding import render_split

_SECRET_NAME = re.compile(
    r"(?i)(?:^|[-_.])(?:password|passwd|token|secret|authorization|api[-_]?key|client-key-data)$"
)


def render_plain(value: object) -> Json:
    """Return dataclasses as objects of their fields, times as ISO 8601, texts without secrets."""
    match value:
        case Enum():
            return str(value.value)
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case datetime():
            return value.isoformat()
        case Split():
            return render_plain(render_split(value))
        case list() | tuple():
            return [render_plain(item) for item in value]
        case Mapping():
            return {redact(_name(key)): _render_field(_name(key), value[key]) for key in value}
        case _ if is_dataclass(value):
            return {f.name: render_plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            raise InvariantError(f"a {type(value).__name__} cannot be written as JSON")


def _name(key: object) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)


def _render_field(name: str, value: object) -> Json:
    if isinstance(value, str) and value and _SECRET_NAME.search(name):
        return MASK
    return render_plain(value)
