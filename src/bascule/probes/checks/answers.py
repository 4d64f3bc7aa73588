"""What one look of a check found, and how its reason is written."""

from collections.abc import Mapping
from dataclasses import dataclass

from bascule.journal.record import Json
from bascule.redact import redact
from bascule.upgrade.gates.model import CheckOutcome

REASON_MAX = 300
TIMEOUT_S = 5.0
"""Of a check that does not say how long it may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer of a check, without its name and time."""

    outcome: CheckOutcome
    reason: str = ""
    value: float | None = None


def passed(reason: str = "", *, value: float | None = None) -> Found:
    """Return that all is as it should be."""
    return Found(outcome=CheckOutcome.PASSED, reason=shorten(reason), value=value)


def failed(reason: str, *, value: float | None = None) -> Found:
    """Return that green is not as it should be."""
    return Found(outcome=CheckOutcome.FAILED, reason=shorten(reason), value=value)


def unknown(reason: str) -> Found:
    """Return that nothing can be said of green: silence is neither success nor failure."""
    return Found(outcome=CheckOutcome.UNKNOWN, reason=shorten(reason))


def shorten(text: str, *, length_max: int = REASON_MAX) -> str:
    """Return `text` in one line with secrets masked, and its end cut off where it is too long."""
    line = " ".join(redact(text).split())
    return line if len(line) <= length_max else line[: length_max - 1] + "…"


def read_text(args: Mapping[str, Json], name: str, default: str = "") -> str:
    """Return a text argument of a check; `default` where it is missing, null or no text."""
    value = args.get(name)
    return value if isinstance(value, str) else default


def read_number(args: Mapping[str, Json], name: str) -> float | None:
    """Return a number of a check, or None where it is missing, null or no number."""
    value = args.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def read_timeout(args: Mapping[str, Json], default_s: float = TIMEOUT_S) -> float:
    """Return how long one answer may take."""
    return read_number(args, "timeout_s") or default_s


def read_texts(args: Mapping[str, Json], name: str) -> dict[str, str]:
    """Return a mapping of text to text, such as headers; others in it are left out."""
    value = args.get(name)
    pairs = value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in pairs if isinstance(text, str)}


def read_words(args: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return a list of text, such as a program with its arguments."""
    value = args.get(name)
    return tuple(str(word) for word in value) if isinstance(value, list) else ()
