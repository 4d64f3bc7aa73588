"""The part of JSONPath that the printer columns of custom kinds are written in."""

import re
from typing import Any, Final

_STEP: Final = re.compile(
    r"""\.(?P<name>(?:[^.\[\]\\]|\\.)+)"""
    r"""|\[(?P<index>-?\d+|\*)\]"""
    r"""|\[['"](?P<quoted>[^'"]+)['"]\]"""
    r"""|\[\?\(@\.(?P<field>[\w.\-/]+)\s*==\s*(?P<value>"[^"]*"|'[^']*'|[\w.\-]+)\)\]"""
)


def find_by_path(value: Any, path: str) -> list[Any]:
    """Return what a path such as `.status.conditions[?(@.type=="Ready")].status` leads to.

    A path that cannot be parsed leads nowhere, and so does a field that is not there.
    """
    found = [value]
    place = 0
    text = path.strip("{}")
    while place < len(text):
        step = _STEP.match(text, place)
        if step is None:
            return []
        found = [inner for item in found for inner in _follow(item, step)]
        place = step.end()
    return found


def _follow(value: Any, step: re.Match[str]) -> list[Any]:
    name = step["name"] or step["quoted"]
    if name is not None:
        return _field(value, name.replace("\\", ""))
    if step["index"] is not None:
        return _item(value, step["index"])
    wanted = step["value"].strip("\"'")
    items = value if isinstance(value, list) else []
    return [item for item in items if wanted in map(_text, _dotted(item, step["field"]))]


def _field(value: Any, name: str) -> list[Any]:
    if name == "*" and isinstance(value, dict):
        return list(value.values())
    return [value[name]] if isinstance(value, dict) and name in value else []


def _item(value: Any, index: str) -> list[Any]:
    if not isinstance(value, list):
        return list(value.values()) if index == "*" and isinstance(value, dict) else []
    if index == "*":
        return value
    place = int(index)
    return [value[place]] if -len(value) <= place < len(value) else []


def _dotted(value: Any, field: str) -> list[Any]:
    found = [value]
    for name in field.split("."):
        found = [inner for item in found for inner in _field(item, name)]
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
