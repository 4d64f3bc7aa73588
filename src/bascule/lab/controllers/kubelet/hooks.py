"""What a preStop hook waits for. Pure."""

from typing import Any

from bascule.lab.pods.script import FOREVER_S, parse_script

Object = dict[str, Any]


def sleep_s(handler: Object) -> float:
    """Return how long a lifecycle handler sleeps: `sleep`, or `sleep N` in an exec command."""
    if "sleep" in handler:
        return float((handler["sleep"] or {}).get("seconds") or 0)
    command = [str(part) for part in (handler.get("exec") or {}).get("command") or ()]
    script = parse_script(command, ())
    if script is None:
        return 0.0
    # What comes after the sleep, such as `nginx -s quit`, is not a server here: it ends at once.
    return sum(step.seconds for step in script.steps if step.seconds < FOREVER_S)
