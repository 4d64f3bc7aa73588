"""Durations as people write them: `500ms`, `30s`, `5m`, `1h30m`, `7d`, or a number of seconds."""

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

DURATION_MAX_S = 366 * 86_400.0
"""No duration is longer than a year."""

_UNIT_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|[dhms])", re.ASCII)
_PATTERN = r"^([0-9]{1,12}(\.[0-9]{1,6})?(d|h|ms|m|s))+$"


def parse_duration(value: object) -> float:
    """Return the seconds of a duration. Raises ValueError for anything else."""
    seconds = _read(value)
    if not 0 <= seconds <= DURATION_MAX_S:
        raise ValueError(f"{value!r} is not a duration from 0 to 366d")
    return seconds


def _read(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else -1.0
    text = value if isinstance(value, str) else ""
    parts = list(_PART.finditer(text))
    units = [part[2] for part in parts]
    is_whole = "".join(part[0] for part in parts) == text
    in_order = [unit for unit in _UNIT_MS if unit in units] == units
    if not (parts and is_whole and in_order):
        raise ValueError(f"{value!r} is not a duration such as 500ms, 30s, 5m or 1h30m")
    return sum(float(part[1]) * _UNIT_MS[part[2]] for part in parts) / 1_000


def render_duration(seconds: float) -> str:
    """Return the shortest text that `parse_duration` reads as so many seconds, to a millisecond."""
    left = round(seconds * 1_000)
    parts = []
    for unit, size in _UNIT_MS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def render_about(seconds: float) -> str:
    """Return a measured time for people: whole seconds, one at least."""
    return render_duration(float(max(1, round(seconds))))


_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _PATTERN}]}
)
Seconds = Annotated[float, BeforeValidator(parse_duration), _SCHEMA]
