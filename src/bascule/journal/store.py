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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A measured moment of an upgrade, kept beside the journal: for the report, never for truth."""

    at: datetime
    data: dict[str, Json]


class SampleStore(Protocol):
    """Keeps the samples of upgrades. Losing some costs a point of a plot and nothing else."""

    async def add_samples(self, upgrade: str, samples: Sequence[Sample]) -> None:
        """Store samples of a run, named by its run id."""
        ...

    async def read_samples(self, upgrade: str) -> tuple[Sample, ...]:
        """Return the samples of a run, oldest first."""
        ...

    async def thin_samples(self, upgrade: str, *, samples_max: int) -> None:
        """Drop every other sample, oldest half first, until at most `samples_max` are left."""
        ...


class Lease(Protocol):
    """The right to write one gateway's journal and the gateway itself, for a time."""

    @property
    def generation(self) -> int:
        """The fencing generation: higher than that of every owner before."""
        ...

    def check(self) -> None:
        """Return if this process may still write; asks nobody, costs nothing.

        Raises LeaseLapsedError once the lease has run out by the local monotonic clock: wait until
        `keep` has renewed it or found it lost. Raises StaleWriterError when another owner is known
        to be there. A process that slept past its lease is stopped here.
        """
        ...

    async def keep(self) -> None:
        """Renew until cancelled. Raises StaleWriterError when another owner has taken over."""
        ...

    async def release(self) -> None:
        """Give the lease back, so that the next owner need not wait."""
        ...
