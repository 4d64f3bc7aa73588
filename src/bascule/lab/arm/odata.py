"""The few words of OData's `$filter` that Azure's clients use, joined by `and`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bascule.lab.arm.requests import ArmRefusal

CONDITIONS_MAX: Final = 20
_TEXT: Final = r"'((?:[^']|'')*)'"
_COMPARED: Final = re.compile(
    rf"^([\w/.]+)\s+(eq|ne|ge|gt|le|lt)\s+(?:{_TEXT}|(\S+))$", re.IGNORECASE
)
_CALLED: Final = re.compile(rf"^(startswith|endswith)\(([\w/.]+),\s*{_TEXT}\)$", re.IGNORECASE)
_SUBSTRING: Final = re.compile(rf"^(substringof)\({_TEXT},\s*([\w/.]+)\)$", re.IGNORECASE)
_ANY: Final = re.compile(rf"^([\w/.]+)/any\((\w+):\s*\2\s+eq\s+{_TEXT}\)$", re.IGNORECASE)
_ASKED: Final = re.compile(rf"^(\w+)\((?:{_TEXT})?\)$")
_AND: Final = re.compile(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)", re.IGNORECASE)

_ORDERS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "eq": lambda have, want: have == want,
    "ne": lambda have, want: have != want,
    "ge": lambda have, want: have >= want,
    "gt": lambda have, want: have > want,
    "le": lambda have, want: have <= want,
    "lt": lambda have, want: have < want,
    "startswith": lambda have, want: have.startswith(want),
    "endswith": lambda have, want: have.endswith(want),
    "substringof": lambda have, want: want in have,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition; `field` is a path such as `properties/principalId`.

    It is empty for a function such as `atScope()`, whose name is the operator then, in lower case.
    """

    field: str
    operator: str
    value: str

    def holds(self, have: Any) -> bool:
        """Say whether a value fulfils it; texts are compared without case."""
        want = self.value.lower()
        if self.operator == "any":
            return any(str(each).lower() == want for each in have or ())
        text = ("true" if have else "false") if isinstance(have, bool) else str(have or "").lower()
        return _ORDERS[self.operator](text, want)


def parse_filter(text: str) -> tuple[Condition, ...]:
    """Return the conditions of a `$filter`. Raises ArmRefusal 400."""
    parts = [part.strip() for part in _AND.split(text.strip()) if part.strip()]
    if len(parts) > CONDITIONS_MAX:
        raise _invalid(text)
    return tuple(_parse(part, text) for part in parts)


def matches(conditions: tuple[Condition, ...], document: Mapping[str, Any]) -> bool:
    """Say whether a document fulfils all of them, each field looked up by its path."""
    return all(each.holds(_value(document, each.field)) for each in conditions if each.field)


def _parse(part: str, whole: str) -> Condition:
    while part.startswith("(") and part.endswith(")"):
        part = part[1:-1].strip()
    if found := _COMPARED.match(part):
        value = found[3] if found[3] is not None else found[4]
        return Condition(field=found[1], operator=found[2].lower(), value=value.replace("''", "'"))
    if found := _CALLED.match(part):
        return Condition(field=found[2], operator=found[1].lower(), value=found[3])
    if found := _SUBSTRING.match(part):
        return Condition(field=found[3], operator=found[1].lower(), value=found[2])
    if found := _ANY.match(part):
        return Condition(field=found[1], operator="any", value=found[3])
    if found := _ASKED.match(part):
        return Condition(field="", operator=found[1].lower(), value=found[2] or "")
    raise _invalid(whole)


def _value(document: Mapping[str, Any], field: str) -> Any:
    value: Any = document
    for part in field.split("/"):
        if not isinstance(value, Mapping):
            return None
        value = next((each for key, each in value.items() if key.lower() == part.lower()), None)
    return value


def _invalid(text: str) -> ArmRefusal:
    return ArmRefusal(
        400,
        "InvalidFilterInQueryString",
        f"Invalid $filter '{text}' specified in the query string.",
    )
