"""What a preStop hook asks for. Pure."""

import re
from typing import Any

Object = dict[str, Any]

_SLEEP = re.compile(r"(?:^|[\s;&|/])sleep\s+(\d+(?:\.\d+)?)\s*(ms|s|m)?\b")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}


def sleep_s(handler: Object) -> float:
    """Return how long a lifecycle handler sleeps: `sleep`, or `sleep N` in an exec command."""
    if "sleep" in handler:
        return float((handler["sleep"] or {}).get("seconds") or 0)
    command = " ".join(str(part) for part in (handler.get("exec") or {}).get("command") or ())
    return sum(float(count) * _UNIT_S[unit or ""] for count, unit in _SLEEP.findall(command))
