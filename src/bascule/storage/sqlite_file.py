"""The SQLite file itself: made, brought up to the present schema, and its errors told in our words.

WAL with synchronous=FULL: what was committed outlives a loss of power.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bascule.errors import CorruptJournalError, JournalError
from bascule.journal.record import GENESIS
from bascule.storage.filesystem import require_local_files

BUSY_TIMEOUT_S = 5.0
"""How long a call waits for another process's transaction before it says so."""

# The statements that lead from each version to the next. What was released is never edited.
_FIRST = (
    "CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL)",
    "INSERT INTO owner VALUES (1, 0)",
    """CREATE TABLE record (
        seq INTEGER PRIMARY KEY, generation INTEGER NOT NULL, at TEXT NOT NULL,
        actor TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, previous TEXT NOT NULL,
        digest TEXT NOT NULL)""",
    """CREATE TABLE inbox (
        position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL,
        actor TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,
        is_done INTEGER NOT NULL DEFAULT 0)""",
)
_SECOND = (
    "ALTER TABLE owner ADD COLUMN seq INTEGER NOT NULL DEFAULT 0",
    f"ALTER TABLE owner ADD COLUMN digest TEXT NOT NULL DEFAULT '{GENESIS}'",
    """UPDATE owner SET seq = last.seq, digest = last.digest
        FROM (SELECT seq, digest FROM record ORDER BY seq DESC LIMIT 1) AS last""",
    # A trigger, so that a runtime of the former version that still works keeps it true as well.
    """CREATE TRIGGER note_end AFTER INSERT ON record BEGIN
        UPDATE owner SET seq = new.seq, digest = new.digest; END""",
    """CREATE TABLE sample (
        position INTEGER PRIMARY KEY AUTOINCREMENT, upgrade TEXT NOT NULL, at TEXT NOT NULL,
        data TEXT NOT NULL)""",
    "CREATE INDEX sample_upgrade ON sample (upgrade, position)",
)
_MIGRATIONS = (_FIRST, _SECOND)
SCHEMA_VERSION = len(_MIGRATIONS)


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection to the journal at `path`, made (0600) or migrated if need be.

    Raises JournalError if it cannot be, is on a network file system or of a later version;
    CorruptJournalError if it is no database.
    """
    with own_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        require_local_files(path.parent)
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
def transaction(connection: sqlite3.Connection, mode: str = "IMMEDIATE") -> Iterator[None]:
    """Commit what the block does, or nothing of it."""
    connection.execute(f"BEGIN {mode}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def own_errors(path: Path) -> Iterator[None]:
    """Raise JournalError or CorruptJournalError for what sqlite3 and the system raise."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate_error(error, path) from error
    except OSError as error:
        raise JournalError(f"{path} cannot be opened: {error.strerror}") from error


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
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return
    with transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise JournalError(
                f"{path} was written by a later version of bascule (schema {version})",
                remedy="use that version, or another state directory",
            )
        for statements in _MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _translate_error(error: sqlite3.Error, path: Path) -> JournalError:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_FULL"):
        return JournalError(
            f"the disk of {path} is full; nothing was written",
            remedy="free some space, then say it again; until then traffic stays as it is",
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
