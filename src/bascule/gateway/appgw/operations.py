"""Remembers which operations on a gateway are ours: only these may be superseded by us.

A file and not the journal, whose only writer is the executor; without it we wait for our own
operations as for anybody's.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast

import structlog
from typing_extensions import override

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")

KEPT_MAX = 100
"""The oldest are forgotten beyond this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunOperation:
    """A PUT of ours, noted before it is sent; `operation_url` is empty until ARM has taken it."""

    correlation_id: str
    """Names it in the activity log."""
    etag: str
    """Of the document that it was made from."""
    begun_at: datetime
    operation_url: str = ""


class OperationLog(Protocol):
    """What outlives this process of the operations that it began."""

    def record(self, operation: BegunOperation) -> None:
        """Keep an operation; one with the same correlation id is replaced."""
        ...

    def forget(self, correlation_id: str) -> None:
        """Drop an operation that is known to have ended, or never to have begun."""
        ...

    def unfinished(self) -> tuple[BegunOperation, ...]:
        """Return what was recorded and not forgotten, the oldest first."""
        ...


class FileOperationLog(OperationLog):
    """One file, 0600, in the gateway's state directory: the addresses of operations are signed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = _load(path)

    @override
    def record(self, operation: BegunOperation) -> None:
        self._found[operation.correlation_id] = operation
        while len(self._found) > KEPT_MAX:
            del self._found[next(iter(self._found))]
        self._write()

    @override
    def forget(self, correlation_id: str) -> None:
        if self._found.pop(correlation_id, None) is not None:
            self._write()

    @override
    def unfinished(self) -> tuple[BegunOperation, ...]:
        return tuple(self._found.values())

    def _write(self) -> None:
        operations = [
            {**asdict(each), "begun_at": each.begun_at.isoformat()} for each in self._found.values()
        ]
        handle, name = tempfile.mkstemp(
            prefix=f".{self._path.name}.", dir=self._path.parent
        )  # 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"operations": operations}, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(self._path)


def _load(path: Path) -> dict[str, BegunOperation]:
    """Return what the file says; nothing where there is none or it cannot be read as one."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = [_parse(cast("Mapping[str, str]", each)) for each in data["operations"]]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        _LOG.warning("what was begun on the gateway is not known any more", why=str(error))
        return {}
    return {each.correlation_id: each for each in found}


def _parse(data: Mapping[str, str]) -> BegunOperation:
    return BegunOperation(
        correlation_id=data["correlation_id"],
        etag=data["etag"],
        begun_at=datetime.fromisoformat(data["begun_at"]),
        operation_url=data["operation_url"],
    )
