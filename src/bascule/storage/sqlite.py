"""Journal and inbox in one SQLite file: WAL, synchronous=FULL, one fenced writer.

Everything that blocks runs in a worker thread, one call at a time. Errors of sqlite3 stop here.
"""

import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from bascule.errors import CorruptJournalError, JournalError, StaleWriterError
from bascule.ids import CommandId
from bascule.journal.record import GENESIS, Entry, Json, Record, build_record, verify_chain
from bascule.journal.store import Command

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0
"""How long a call waits for another process's transaction before it says so."""

_SCHEMA = """
CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL);
INSERT INTO owner VALUES (1, 0);
CREATE TABLE record (
  seq INTEGER PRIMARY KEY, generation INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL,
  kind TEXT NOT NULL, data TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE TABLE inbox (
  position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL,
  actor TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, is_done INTEGER NOT NULL DEFAULT 0
);
"""
_INSERT = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT * FROM record WHERE seq >= ? ORDER BY seq"

T = TypeVar("T")


class SqliteJournal:
    """A `JournalStore` and an `Inbox`. `generation` 0 is a guest, who may not append."""

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

    async def put(self, command: Command) -> None:
        """Store a command durably; the same id twice is one command."""
        row = (
            command.id,
            command.at.isoformat(),
            command.actor,
            command.kind,
            _render(command.data),
        )
        statement = "INSERT OR IGNORE INTO inbox (id, at, actor, kind, data) VALUES (?, ?, ?, ?, ?)"
        await self._call(lambda c: c.execute(statement, row))

    async def pending(self) -> tuple[Command, ...]:
        """Return the commands not yet marked done, oldest first."""
        statement = (
            "SELECT id, at, actor, kind, data FROM inbox WHERE is_done = 0 ORDER BY position"
        )
        rows = await self._call(lambda c: c.execute(statement).fetchall(), mode="DEFERRED")
        return tuple(_command(*row) for row in rows)

    async def done(self, command_id: CommandId) -> None:
        """Mark a command as dealt with."""
        statement = "UPDATE inbox SET is_done = 1 WHERE id = ?"
        await self._call(lambda c: c.execute(statement, (command_id,)))

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
        (owner,) = connection.execute("SELECT generation FROM owner").fetchone()
        if owner != self._generation:
            raise StaleWriterError(
                f"this process is owner {self._generation} of the journal, and owner {owner} "
                "has taken over",
                remedy="see `bascule status` for the runtime that works now",
            )
        last_seq, previous = _tail(connection)
        if last_seq != expected_seq:
            raise StaleWriterError(
                f"the journal has {last_seq} records where {expected_seq} were expected"
            )
        records: list[Record] = []
        for number, entry in enumerate(entries, expected_seq + 1):
            record = build_record(entry, seq=number, generation=self._generation, previous=previous)
            connection.execute(_INSERT, _row(record))
            records.append(record)
            previous = record.digest
        return tuple(records)

    async def _call(
        self, action: Callable[[sqlite3.Connection], T], *, mode: str = "IMMEDIATE"
    ) -> T:
        import asyncio  # not above: verbs that only read once do without it, and start in half the time

        return await asyncio.to_thread(self._transact, action, mode)

    def _transact(self, action: Callable[[sqlite3.Connection], T], mode: str) -> T:
        with self._turn, _own_errors(self._path), _transaction(self._connection, mode):
            return action(self._connection)


def open_journal(path: Path, *, as_owner: bool = False) -> SqliteJournal:
    """Return the journal at `path` (made, 0600, if missing), as a new owner or as a guest.

    An owner's generation is above all earlier ones, whose appends then raise StaleWriterError.
    Raises JournalError if the file cannot be opened, CorruptJournalError if it is no journal.
    """
    with _own_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = _connect(path)
        try:
            generation = _take_over(connection) if as_owner else 0
        except BaseException:
            connection.close()
            raise
        return SqliteJournal(path, connection, generation)


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        with _first_comer(path):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _bring_up_to_date(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _first_comer(path: Path) -> Iterator[None]:
    """One process at a time sets up: the first change to WAL ignores the busy timeout."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    with _transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise JournalError(
                f"{path} was written by a later version of bascule (schema {version})",
                remedy="use that version, or another state directory",
            )
        if version == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _take_over(connection: sqlite3.Connection) -> int:
    with _transaction(connection):
        statement = "UPDATE owner SET generation = generation + 1 RETURNING generation"
        generation: int = connection.execute(statement).fetchall()[0][0]
        return generation


@contextmanager
def _transaction(connection: sqlite3.Connection, mode: str = "IMMEDIATE") -> Iterator[None]:
    connection.execute(f"BEGIN {mode}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _own_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translate_error(error, path) from error
    except OSError as error:
        raise JournalError(f"{path} cannot be opened: {error.strerror}") from error


def _translate_error(error: sqlite3.Error, path: Path) -> JournalError:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_FULL"):
        return JournalError(
            f"the disk of {path} is full; nothing was written", remedy="free some space"
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return JournalError(
            f"{path} is locked by another process for more than {BUSY_TIMEOUT_S:g} s",
            remedy="end the program that has the file open",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return CorruptJournalError(
            f"{path} is damaged: {error}",
            remedy="restore it from a copy, or move it away to begin a new history",
        )
    return JournalError(f"{path} cannot be read or written: {error}")


def _read(connection: sqlite3.Connection, after_seq: int) -> tuple[Record, ...]:
    rows = connection.execute(_SELECT, (max(after_seq, 1),)).fetchall()
    records = [_record(*row) for row in rows]
    previous = GENESIS
    if after_seq and records:
        previous = records.pop(0).digest
    verify_chain(records, previous=previous, first_seq=after_seq + 1)
    return tuple(records)


def _tail(connection: sqlite3.Connection) -> tuple[int, str]:
    row = connection.execute("SELECT seq, digest FROM record ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, GENESIS)


def _row(record: Record) -> tuple[str | int, ...]:
    entry = record.entry
    return (
        record.seq,
        record.generation,
        entry.at.isoformat(),
        entry.actor,
        entry.kind,
        _render(entry.data),
        record.previous,
        record.digest,
    )


def _record(*row: object) -> Record:
    seq, generation, at, actor, kind, data, previous, digest = row
    try:
        return Record(
            seq=int(str(seq)),
            generation=int(str(generation)),
            entry=Entry(
                at=datetime.fromisoformat(str(at)),
                actor=str(actor),
                kind=str(kind),
                data=_parse(str(data)),
            ),
            previous=str(previous),
            digest=str(digest),
        )
    except ValueError as error:
        raise CorruptJournalError(f"record {seq} of the journal cannot be read: {error}") from error


def _command(*row: object) -> Command:
    command_id, at, actor, kind, data = (str(cell) for cell in row)
    try:
        return Command(
            id=CommandId(command_id),
            at=datetime.fromisoformat(at),
            actor=actor,
            kind=kind,
            data=_parse(data),
        )
    except ValueError as error:
        raise CorruptJournalError(f"command {command_id} cannot be read: {error}") from error


def _render(data: Mapping[str, Json]) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _parse(text: str) -> dict[str, Json]:
    data: Json = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("not an object")  # noqa: TRY004 — both callers mean one fault: bad text
    return data
