"""What a preStop hook waits for. Pure."""

from typing import Any

from bascule.lab.pods.script import parse_script

Object = dict[str, Any]


def sleep_s(handler: Object) -> float:
    """Return how long a lifecycle handler sleeps: `sleep`, or `sleep N` in an exec command."""
    if "sleep" in handler:
        return float((handler["sleep"] or {}).get("seconds") or 0)
    command = [str(part) for part in (handler.get("exec") or {}).get("command") or ()]
    script = parse_script(command, ())
    return sum(step.seconds for step in script.steps) if script is not None else 0.0
