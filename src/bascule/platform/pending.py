"""Remembers operations that were begun, so that the next run goes on waiting for them.

One small file of the state directory, written whole and at once, for its owner alone: the
addresses of operations are signed. It is a help, not the truth: without it the resources are read.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import structlog

from bascule.private_file import write_private

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.platform")

FILE = "operations.json"


@dataclass(frozen=True, slots=True)
class Pending:
    """An operation that was begun: `creating`, `changing`, `deleting`, ..., and where to ask."""

    verb: str
    url: str


class PendingFile:
    """The operations of one state directory, by the keys of the ids of their resources."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._found = _load(self._path)

    def find(self, key: str) -> Pending | None:
        """Return what was begun with a resource, or None."""
        return self._found.get(key)

    def append(self, key: str, pending: Pending) -> None:
        """Remember an operation; durable on return, if there is room for it."""
        self._found[key] = pending
        self._write()

    def forget(self, key: str) -> None:
        """Forget the operation of a resource, which has ended."""
        if self._found.pop(key, None) is not None:
            self._write()

    def _write(self) -> None:
        data = {key: [each.verb, each.url] for key, each in sorted(self._found.items())}
        try:
            write_private(self._path, json.dumps(data).encode())
        except OSError as error:
            _LOG.warning(
                "what is under way is not kept for the next run, which reads it anew",
                file=str(self._path),
                why=error.strerror,
            )


def _load(path: Path) -> dict[str, Pending]:
    """Return what the file says; nothing where there is none or it cannot be read as one."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): Pending(str(verb), str(url)) for key, (verb, url) in data.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
