"""Remembers which operations on a gateway are ours: only these may be superseded by us."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from typing_extensions import override


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
        """Drop an operation that is known to have ended."""
        ...

    def unfinished(self) -> tuple[BegunOperation, ...]:
        """Return what was recorded and not forgotten, the oldest first."""
        ...


class FileOperationLog(OperationLog):
    """One file, 0600, in the gateway's state directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def record(self, operation: BegunOperation) -> None:
        raise NotImplementedError(operation)

    @override
    def forget(self, correlation_id: str) -> None:
        raise NotImplementedError(correlation_id)

    @override
    def unfinished(self) -> tuple[BegunOperation, ...]:
        raise NotImplementedError
