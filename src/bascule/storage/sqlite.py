"""Journal, inbox and samples in one SQLite file with one fenced writer.

Everything that blocks runs in a worker thread, one call at a time. Errors of sqlite3 stop here.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from bascule.ids import CommandId
from bascule.journal.appending import build_appended
from bascule.journal.record import GENESIS, Entry, Record
from bascule.journal.rows import (
    Head,
    RawJournal,
    Row,
    build_row,
    parse_command,
    parse_rows,
    parse_sample,
    render_cells,
    render_data,
)
from bascule.journal.store import Command, Sample
from bascule.journal.thinning import choose_kept
from bascule.storage.sqlite_file import connect, own_errors, transaction

_INSERT = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = (
    "SELECT seq, generation, at, actor, kind, data, previous, digest FROM record"
    " WHERE seq >= ? ORDER BY seq"
)
_LAST = "SELECT seq, digest FROM record ORDER BY seq DESC LIMIT 1"
_PUT = "INSERT OR IGNORE INTO inbox (id, at, actor, kind, data) VALUES (?, ?, ?, ?, ?)"
_PENDING = "SELECT id, at, actor, kind, data FROM inbox WHERE is_done = 0 ORDER BY position"
_DONE = "UPDATE inbox SET is_done = 1 WHERE id = ?"
_ADD_SAMPLE = "INSERT INTO sample (upgrade, at, data) VALUES (?, ?, ?)"
_SAMPLES = "SELECT at, data FROM sample WHERE upgrade = ? ORDER BY position"
_SAMPLE_PLACES = "SELECT position FROM sample WHERE upgrade = ? ORDER BY position"
_DROP_SAMPLE = "DELETE FROM sample WHERE position = ?"

T = TypeVar("T")


class SqliteJournal:
    """A `Store` in a file. `generation` 0 is a guest, who may not append."""

    def __init__(self, path: Path, connection: sqlite3.Connection, generation: int) -> None:
        self._path = path
        self._connection = connection
        self._generation = generation
        self._turn = threading.Lock()

    @property
    def generation(self) -> int:
        """The fencing generation of this owner, 0 for a guest."""
        return self._generation

    async def append(self, entries: Sequence[Entry], *, expected_seq: int) -> tuple[Record, ...]:
        """Append all entries or none; see `JournalStore.append`."""
        return await self._call(lambda c: self._append(c, entries, expected_seq))

    async def read(self, *, after_seq: int = 0) -> tuple[Record, ...]:
        """Return the records after `after_seq`, digests verified; see `JournalStore.read`."""
        return await self._call(lambda c: _read(c, after_seq), mode="DEFERRED")

    def read_now(self) -> tuple[Record, ...]:
        """Return all records, digests verified, at once: for a program without an event loop."""
        return self._transact(lambda c: _read(c, 0), "DEFERRED")

    async def read_raw(self) -> RawJournal:
        """Return all rows unverified; see `RawSource.read_raw`."""
        return await self._call(_read_raw, mode="DEFERRED")

    async def put(self, command: Command) -> None:
        """Store a command durably; the same id twice is one command."""
        at, data = command.at.isoformat(), render_data(command.data)
        row = (command.id, at, command.actor, command.kind, data)
        await self._call(lambda c: c.execute(_PUT, row))

    async def pending(self) -> tuple[Command, ...]:
        """Return the commands not yet marked done, oldest first."""
        rows = await self._call(lambda c: c.execute(_PENDING).fetchall(), mode="DEFERRED")
        return tuple(_command(*row) for row in rows)

    async def done(self, command_id: CommandId) -> None:
        """Mark a command as dealt with."""
        await self._call(lambda c: c.execute(_DONE, (command_id,)))

    async def add_samples(self, upgrade: str, samples: Sequence[Sample]) -> None:
        """Store samples of a run; see `SampleStore.add_samples`."""
        rows = [(upgrade, s.at.isoformat(), render_data(s.data)) for s in samples]
        await self._call(lambda c: c.executemany(_ADD_SAMPLE, rows))

    async def read_samples(self, upgrade: str) -> tuple[Sample, ...]:
        """Return the samples of a run, oldest first."""
        rows = await self._call(
            lambda c: c.execute(_SAMPLES, (upgrade,)).fetchall(), mode="DEFERRED"
        )
        return tuple(parse_sample(at=str(at), data=str(data)) for at, data in rows)

    async def thin_samples(self, upgrade: str, *, samples_max: int) -> None:
        """Drop samples until at most `samples_max` are left; see `SampleStore.thin_samples`."""
        await self._call(lambda c: _thin(c, upgrade, samples_max))

    def close(self) -> None:
        """Close the file; calls that still run end first."""
        with self._turn:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _append(
        self, connection: sqlite3.Connection, entries: Sequence[Entry], expected_seq: int
    ) -> tuple[Record, ...]:
        records = build_appended(
            entries,
            generation=self._generation,
            head=_head(connection),
            expected_seq=expected_seq,
            last=connection.execute(_LAST).fetchone() or (0, GENESIS),
        )
        connection.executemany(_INSERT, [render_cells(record) for record in records])
        return records

    async def _call(
        self, action: Callable[[sqlite3.Connection], T], *, mode: str = "IMMEDIATE"
    ) -> T:
        import asyncio  # verbs that only read once do without it, and start in half the time

        return await asyncio.to_thread(self._transact, action, mode)

    def _transact(self, action: Callable[[sqlite3.Connection], T], mode: str) -> T:
        with self._turn, own_errors(self._path), transaction(self._connection, mode):
            return action(self._connection)


def open_journal(path: Path, *, as_owner: bool = False) -> SqliteJournal:
    """Return the journal at `path` (made, 0600, if missing), as a new owner or as a guest.

    An owner's generation is above all earlier ones, whose appends then raise StaleWriterError.
    Raises JournalError if the file cannot be opened, CorruptJournalError if it is no journal.
    """
    connection = connect(path)
    try:
        with own_errors(path):
            generation = _take_over(connection) if as_owner else 0
    except BaseException:
        connection.close()
        raise
    return SqliteJournal(path, connection, generation)


def _take_over(connection: sqlite3.Connection) -> int:
    with transaction(connection):
        statement = "UPDATE owner SET generation = generation + 1 RETURNING generation"
        generation: int = connection.execute(statement).fetchall()[0][0]
        return generation


def _read(connection: sqlite3.Connection, after_seq: int) -> tuple[Record, ...]:
    return parse_rows(_rows(connection, after_seq), _head(connection), after_seq=after_seq)


def _read_raw(connection: sqlite3.Connection) -> RawJournal:
    return RawJournal(rows=_rows(connection, 0), head=_head(connection))


def _rows(connection: sqlite3.Connection, first_seq: int) -> tuple[Row, ...]:
    return tuple(build_row(*cells) for cells in connection.execute(_SELECT, (first_seq,)))


def _head(connection: sqlite3.Connection) -> Head:
    generation, seq, digest = connection.execute(
        "SELECT generation, seq, digest FROM owner"
    ).fetchone()
    return Head(generation=generation, seq=seq, digest=digest)


def _thin(connection: sqlite3.Connection, upgrade: str, samples_max: int) -> None:
    places = [place for (place,) in connection.execute(_SAMPLE_PLACES, (upgrade,))]
    kept = {places[index] for index in choose_kept(len(places), samples_max=samples_max)}
    connection.executemany(_DROP_SAMPLE, [(place,) for place in places if place not in kept])


def _command(*cells: object) -> Command:
    key, at, actor, kind, data = (str(cell) for cell in cells)
    return parse_command(key=key, at=at, actor=actor, kind=kind, data=data)
