"""How results and errors reach a person or a script: text on a terminal, or one JSON document."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from bascule.errors import BasculeError
from bascule.redact import redact


class Output(StrEnum):
    """What `--output` takes."""

    TEXT = "text"
    JSON = "json"


def print_lines(lines: Iterable[str]) -> None:
    """Write lines to standard output, flushed, secrets masked."""
    sys.stdout.write("".join(f"{redact(line)}\n" for line in lines))
    sys.stdout.flush()


def print_document(document: Mapping[str, object]) -> None:
    """Write one JSON document as one line of standard output."""
    sys.stdout.write(f"{redact(json.dumps(document, ensure_ascii=False))}\n")
    sys.stdout.flush()


def print_error(error: BasculeError, *, as_json: bool = False) -> None:
    """Write `error: what happened`, then what to do; with `as_json` also a document on stdout."""
    sys.stderr.write(f"error: {redact(str(error))}\n")
    if error.remedy:
        sys.stderr.write(f"  what to do: {redact(error.remedy)}\n")
    if as_json:
        print_document({"error": error_document(error)})


def error_document(error: BasculeError) -> dict[str, object]:
    """Return an error as every verb's JSON shows it."""
    return {
        "type": type(error).__name__,
        "message": str(error),
        "remedy": error.remedy,
        "exit_code": error.exit_code,
    }


def render_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as aligned lines; the first row is the heading."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
