"""The ports of the journal: who may write, what is kept, and how commands come in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bascule.ids import CommandId
from bascule.journal.record import Entry, Json, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A signal of an operator, as put into the inbox; `id` is its idempotency key."""

    id: CommandId
    at: datetime
    actor: str
    kind: str
    data: dict[str, Json]


class JournalStore(Protocol):
    """Durable records of one gateway. A call that returns is on disk."""

    async def append(self, entries: Sequence[Entry], *, expected_seq: int) -> tuple[Record, ...]:
        """Append all entries or none, after the record `expected_seq` (0: an empty journal).

        Raises StaleWriterError if another generation or another record came first, JournalError if
        the disk is full or the file is locked or broken; then nothing was written.
        """
        ...

    async def read(self, *, after_seq: int = 0) -> tuple[Record, ...]:
        """Return the records after `after_seq`, in order, digests verified.

        Raises CorruptJournalError where the chain does not hold.
        """
        ...


class Inbox(Protocol):
    """Commands that wait for the executor. Anyone may put; one executor takes."""

    async def put(self, command: Command) -> None:
        """Store a command durably; the same id twice is one command."""
        ...

    async def pending(self) -> tuple[Command, ...]:
        """Return the commands not yet marked done, oldest first."""
        ...

    async def done(self, command_id: CommandId) -> None:
        """Mark a command as dealt with."""
        ...
