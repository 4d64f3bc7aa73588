"""A journal and an inbox in memory: pass the same contract suite as the SQLite file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bascule.errors import BasculeError, StaleWriterError
from bascule.ids import CommandId
from bascule.journal.record import GENESIS, Entry, Record, build_record, verify_chain
from bascule.journal.store import Command


@dataclass(slots=True)
class FakeDisk:
    """What outlives a process: give one disk to several journals."""

    generation: int = 0
    records: list[Record] = field(default_factory=list)
    inbox: dict[CommandId, Command] = field(default_factory=dict)
    done: set[CommandId] = field(default_factory=set)


class FakeJournal:
    """Implements `JournalStore` and `Inbox`; `fail_next` makes coming appends raise."""

    def __init__(self, disk: FakeDisk, *, as_owner: bool = True) -> None:
        self._disk = disk
        self._generation = 0
        self._failures: list[BasculeError] = []
        if as_owner:
            disk.generation += 1
            self._generation = disk.generation

    def fail_next(self, *errors: BasculeError) -> None:
        """Let the next appends raise these, one each, with nothing written."""
        self._failures.extend(errors)

    async def append(self, entries: Sequence[Entry], *, expected_seq: int) -> tuple[Record, ...]:
        if self._failures:
            raise self._failures.pop(0)
        if self._generation != self._disk.generation:
            raise StaleWriterError("another owner has taken over")
        if len(self._disk.records) != expected_seq:
            raise StaleWriterError("another record came first")
        added: list[Record] = []
        previous = self._disk.records[-1].digest if self._disk.records else GENESIS
        for seq, entry in enumerate(entries, expected_seq + 1):
            record = build_record(entry, seq=seq, generation=self._generation, previous=previous)
            added.append(record)
            previous = record.digest
        self._disk.records.extend(added)
        return tuple(added)

    async def read(self, *, after_seq: int = 0) -> tuple[Record, ...]:
        verify_chain(self._disk.records)
        return tuple(self._disk.records[after_seq:])

    async def put(self, command: Command) -> None:
        self._disk.inbox.setdefault(command.id, command)

    async def pending(self) -> tuple[Command, ...]:
        return tuple(c for c in self._disk.inbox.values() if c.id not in self._disk.done)

    async def done(self, command_id: CommandId) -> None:
        self._disk.done.add(command_id)
