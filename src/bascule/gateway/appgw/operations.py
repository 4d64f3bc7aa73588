"""Remembers which operations on a gateway are ours: only these may be superseded by us.

A file and not the journal, whose only writer is the executor; without it we wait for our own
operations as for anybody's.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import structlog
from typing_extensions import override

from bascule.errors import DriverError
from bascule.private_file import write_private

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")

_Kept = TypeVar("_Kept")
KEPT_MAX = 100
"""The oldest are forgotten beyond this."""
IDS_MAX = 500
"""Of so many operations the ids are kept after their end: the activity log tells of ends late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunOperation:
    """A PUT of ours, noted before it is sent; `operation_url` is empty until ARM has taken it."""

    correlation_id: str
    """Names it in the activity log."""
    etag: str
    """Of the document that it was made from."""
    begun_at: datetime
    operation_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedWrite:
    """A PUT of ours of which is not known yet whether it undid somebody else's.

    It was made from what was read at `opened_at`, `span_s` before Azure took it, at most.
    """

    correlation_id: str
    opened_at: datetime
    span_s: float


class OperationLog(Protocol):
    """What outlives this process of the operations that it began."""

    def record(self, operation: BegunOperation) -> None:
        """Keep an operation; one with the same correlation id is replaced.

        Raises DriverError where a new one cannot be kept: it must not be sent then.
        """
        ...

    def forget(self, correlation_id: str) -> None:
        """Drop an operation that is known to have ended, or never to have begun."""
        ...

    def unfinished(self) -> tuple[BegunOperation, ...]:
        """Return what was recorded and not forgotten, the oldest first."""
        ...

    def ids(self) -> tuple[str, ...]:
        """Return the correlation ids of what was recorded, of what was forgotten since too."""
        ...

    def watch(self, write: WatchedWrite) -> None:
        """Keep a write that is looked after; one with the same correlation id is replaced."""
        ...

    def unwatch(self, correlation_id: str) -> None:
        """Drop a write that needs no looking after any more."""
        ...

    def watched(self) -> tuple[WatchedWrite, ...]:
        """Return what is looked after, the oldest first."""
        ...


class FileOperationLog(OperationLog):
    """One file, 0600, in the gateway's state directory: the addresses of operations are signed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        data = _load(path)
        self._found = {each.correlation_id: each for each in data.operations}
        self._watched = {each.correlation_id: each for each in data.watched}
        self._ids = dict.fromkeys((*data.ids, *self._found, *self._watched))

    @override
    def record(self, operation: BegunOperation) -> None:
        is_new = operation.correlation_id not in self._found
        former = dict(self._found)
        self._found[operation.correlation_id] = operation
        self._ids[operation.correlation_id] = None
        _drop_oldest(self._found, KEPT_MAX)
        _drop_oldest(self._ids, IDS_MAX)
        reason = self._write()
        if reason and is_new:
            self._found = former
            raise DriverError(
                f"{self._path}, which tells our own operations from others', cannot be written: "
                f"{reason}; nothing was sent to the gateway, which serves on",
                remedy="make room for it, and say it again",
            )

    @override
    def forget(self, correlation_id: str) -> None:
        if self._found.pop(correlation_id, None) is not None:
            self._write()

    @override
    def unfinished(self) -> tuple[BegunOperation, ...]:
        return tuple(self._found.values())

    @override
    def ids(self) -> tuple[str, ...]:
        return tuple(self._ids)

    @override
    def watch(self, write: WatchedWrite) -> None:
        self._watched[write.correlation_id] = write
        _drop_oldest(self._watched, KEPT_MAX)
        self._write()

    @override
    def unwatch(self, correlation_id: str) -> None:
        if self._watched.pop(correlation_id, None) is not None:
            self._write()

    @override
    def watched(self) -> tuple[WatchedWrite, ...]:
        return tuple(self._watched.values())

    def _write(self) -> str:
        """Write all of it down; return why it cannot be. The next write holds it then."""
        data = _Data(
            operations=tuple(self._found.values()),
            watched=tuple(self._watched.values()),
            ids=self.ids(),
        )
        try:
            write_private(self._path, msgspec.json.encode(data))
        except OSError as error:
            why = error.strerror or str(error)
            _LOG.warning(
                "what is under way on the gateway is not written down",
                file=str(self._path),
                why=why,
            )
            return why
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """What the file holds."""

    operations: tuple[BegunOperation, ...] = ()
    watched: tuple[WatchedWrite, ...] = ()
    ids: tuple[str, ...] = ()


def _drop_oldest(found: dict[str, _Kept], most: int) -> None:
    while len(found) > most:
        del found[next(iter(found))]


def _load(path: Path) -> _Data:
    """Return what the file says; nothing where there is none or it cannot be read as one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Data)
    except FileNotFoundError:
        return _Data()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        _LOG.warning("what was begun on the gateway is not known any more", why=str(error))
        return _Data()
