import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bascule.errors import CorruptJournalError, JournalError
from bascule.journal.record import GENESIS, Entry, Record, build_record
from bascule.journal.rows import Head, render_row
from bascule.journal.store import Sample
from bascule.storage.sqlite import open_journal
from bascule.storage.sqlite_file import SCHEMA_VERSION, connect

AT = datetime(2026, 1, 1, tzinfo=UTC)
NOTE = Entry(at=AT, actor="ada", kind="note", data={"text": "a"})

# As version 0.1.0 wrote it; never edited.
FIRST_SCHEMA = """
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
PRAGMA user_version = 1;
"""


def first_record(seq: int = 1, previous: str = GENESIS) -> Record:
    return build_record(NOTE, seq=seq, generation=1, previous=previous)


def insert(connection: sqlite3.Connection, record: Record) -> None:
    row = render_row(record)
    cells = (row.seq, row.generation, row.at, row.actor, row.kind, row.data, row.previous)
    connection.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*cells, row.digest))


@pytest.fixture
def first_file(tmp_path: Path) -> Path:
    """A journal of the first version with one record and one command."""
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(FIRST_SCHEMA)
        connection.execute("UPDATE owner SET generation = 1")
        insert(connection, first_record())
        connection.execute(
            "INSERT INTO inbox (id, at, actor, kind, data) VALUES ('x', ?, 'ada', 'switch', '{}')",
            (AT.isoformat(),),
        )
    return path


async def test_a_journal_of_the_first_version_goes_on(first_file: Path) -> None:
    with open_journal(first_file, as_owner=True) as journal:
        added = await journal.append([NOTE], expected_seq=1)
        await journal.add_samples("run", [Sample(at=AT, data={"n": 1})])

        assert await journal.read() == (first_record(), *added)
        assert added[0].generation == 2
        assert [command.id for command in await journal.pending()] == ["x"]
        assert len(await journal.read_samples("run")) == 1


async def test_the_end_of_a_journal_of_the_first_version_is_noted(first_file: Path) -> None:
    with open_journal(first_file) as journal:
        raw = await journal.read_raw()

    assert raw.head == Head(generation=1, seq=1, digest=first_record().digest)


async def test_an_empty_journal_of_the_first_version_goes_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection, connection:
        connection.executescript(FIRST_SCHEMA)

    with open_journal(tmp_path / "journal.db", as_owner=True) as journal:
        await journal.append([NOTE], expected_seq=0)


async def test_a_runtime_of_the_first_version_may_still_work_on_it(first_file: Path) -> None:
    with closing(sqlite3.connect(first_file)) as old:
        open_journal(first_file).close()

        with old:
            insert(old, first_record(2, first_record().digest))

    with open_journal(first_file) as journal:
        assert len(await journal.read()) == 2


def test_a_migration_that_fails_leaves_the_file_as_it_was(first_file: Path) -> None:
    with closing(sqlite3.connect(first_file)) as connection, connection:
        connection.execute("CREATE TABLE sample (x)")

    with pytest.raises(JournalError, match="already exists"):
        connect(first_file)

    with closing(sqlite3.connect(first_file)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        columns = connection.execute("PRAGMA table_info(owner)").fetchall()
    assert version == 1
    assert len(columns) == 2


def test_a_journal_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    open_journal(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    with pytest.raises(JournalError, match="written by a later version"):
        open_journal(path)


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 40)

    with pytest.raises(CorruptJournalError, match="is damaged") as caught:
        connect(path)

    assert "copy" in caught.value.remedy


def test_a_place_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(JournalError, match="cannot be opened"):
        connect(tmp_path / "file" / "journal.db")


def test_every_commit_is_on_disk_before_it_returns(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "journal.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
