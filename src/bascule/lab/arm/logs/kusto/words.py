"""The words of a query, and the refusal of one. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_WORD: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<raw>@"[^"]*"|@'[^']*')
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |datetime\((?P<moment>[^)]*)\)
    |(?P<span>\d+(?:\.\d+)?(?:ms|[dhms])\b)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>==|!=|=~|<=|>=|!in\b|[-+*/<>=(),|])
    """,
    re.VERBOSE,
)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_ESCAPES: Final = {"n": "\n", "t": "\t"}


class KustoError(Exception):
    """A query that cannot be answered: `code` is SyntaxError or SemanticError, as Azure's."""

    def __init__(self, message: str, *, code: str = "SyntaxError") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class Word:
    """A name, a sign, or a value (kind `value`)."""

    kind: str
    text: str
    value: Any = None


def split_words(query: str) -> list[Word]:
    """Return the words of a query. Raises KustoError where it is none of this language's."""
    found: list[Word] = []
    place = 0
    while place < len(query):
        match = _WORD.match(query, place)
        if match is None:
            raise KustoError(f"the lab does not understand {query[place : place + 20]!r}")
        place = match.end()
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_word(kind, match[kind], match[0]))
    return found


def _word(kind: str, text: str, whole: str) -> Word:
    match kind:
        case "raw":
            return Word("value", whole, text[2:-1])
        case "text":
            plain = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1])
            return Word("value", whole, plain)
        case "number":
            return Word("value", whole, int(text) if text.isdigit() else float(text))
        case "span":
            return Word("value", whole, _span(text))
        case "moment":
            return Word("value", whole, read_moment(text.strip().strip("\"'")))
        case _:
            return Word(kind, text)


def _span(text: str) -> timedelta:
    number = text.rstrip("dhms")
    return timedelta(seconds=float(number) * _UNITS[text.removeprefix(number)])


def read_moment(text: str) -> datetime:
    """Return a time; without a zone it is UTC. Raises KustoError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise KustoError(f"{text!r} is no time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
