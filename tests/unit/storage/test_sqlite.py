import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bascule.errors import CorruptJournalError, JournalError
from bascule.ids import CommandId
from bascule.journal.record import Entry
from bascule.journal.store import Command, Sample
from bascule.journal.verification import verify_store
from bascule.storage.sqlite import open_journal

AT = datetime(2026, 1, 1, tzinfo=UTC)
NOTE = Entry(at=AT, actor="ada", kind="note", data={"text": "a"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


async def _write(path: Path, *entries: Entry) -> None:
    with open_journal(path, as_owner=True) as journal:
        await journal.append(entries, expected_seq=0)


def _edit(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_the_file_belongs_to_its_user_alone(path: Path) -> None:
    open_journal(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_what_was_appended_outlives_the_process(path: Path) -> None:
    await _write(path, NOTE)

    with open_journal(path) as journal:
        (record,) = await journal.read()

    assert record.entry == NOTE


def test_each_owner_has_a_higher_generation_than_all_before(path: Path) -> None:
    for _ in range(3):
        open_journal(path, as_owner=True).close()

    with sqlite3.connect(path) as connection:
        (generation,) = connection.execute("SELECT generation FROM owner").fetchone()
    connection.close()

    assert generation == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET actor = 'mallory' WHERE seq = 1",
        "DELETE FROM record WHERE seq = 1",
        "UPDATE record SET data = 'no json' WHERE seq = 2",
        "UPDATE record SET data = '[]' WHERE seq = 2",
        "UPDATE record SET at = 'yesterday' WHERE seq = 2",
    ],
    ids=["edited", "missing", "no json", "no object", "no time"],
)
async def test_a_record_that_is_not_as_it_was_written_is_found(path: Path, statement: str) -> None:
    await _write(path, NOTE, NOTE)
    _edit(path, statement)

    with open_journal(path) as journal, pytest.raises(CorruptJournalError):
        await journal.read()


async def test_a_command_that_cannot_be_read_is_found(path: Path) -> None:
    with open_journal(path) as inbox:
        await inbox.put(
            Command(id=CommandId("a"), at=AT, actor="ada", kind="switch", data={"to": "green"})
        )
        _edit(path, "UPDATE inbox SET data = '{'")

        with pytest.raises(CorruptJournalError, match="command a cannot be read"):
            await inbox.pending()


async def test_a_full_disk_writes_nothing_and_goes_on_when_there_is_space(path: Path) -> None:
    with open_journal(path, as_owner=True) as journal:
        await journal.append([NOTE], expected_seq=0)
        (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
        journal._connection.execute(f"PRAGMA max_page_count = {pages}")
        large = Entry(at=AT, actor="ada", kind="note", data={"text": "x" * 100_000})

        with pytest.raises(JournalError, match="is full; nothing was written"):
            await journal.append([NOTE, large], expected_seq=1)

        assert len(await journal.read()) == 1
        journal._connection.execute("PRAGMA max_page_count = 100000")
        await journal.append([large], expected_seq=1)
        assert len(await journal.read()) == 2


async def test_a_file_that_another_program_holds_is_said_to_be_locked(path: Path) -> None:
    with open_journal(path, as_owner=True) as journal:
        journal._connection.execute("PRAGMA busy_timeout = 10")
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(JournalError, match="is locked by another process"):
            await journal.append([NOTE], expected_seq=0)

        other.rollback()
        other.close()
        await journal.append([NOTE], expected_seq=0)


async def test_a_reader_does_not_wait_for_a_writer(path: Path) -> None:
    await _write(path, NOTE)
    with open_journal(path) as journal:
        writer = sqlite3.connect(path)
        writer.execute("BEGIN IMMEDIATE")

        assert len(await journal.read()) == 1

        writer.rollback()
        writer.close()


async def test_thousands_of_samples_come_back_in_their_order(path: Path) -> None:
    samples = [Sample(at=AT + timedelta(seconds=n), data={"n": n}) for n in range(3_000)]
    with open_journal(path) as store:
        await store.add_samples("run", samples)

        assert await store.read_samples("run") == tuple(samples)
        await store.thin_samples("run", samples_max=1_000)
        assert 500 < len(await store.read_samples("run")) <= 1_000


async def test_a_sample_that_cannot_be_read_is_found(path: Path) -> None:
    with open_journal(path) as store:
        await store.add_samples("run", [Sample(at=AT, data={})])
        _edit(path, "UPDATE sample SET data = '{'")

        with pytest.raises(CorruptJournalError, match="sample"):
            await store.read_samples("run")


async def test_an_edited_generation_that_is_no_number_is_found(path: Path) -> None:
    await _write(path, NOTE)
    _edit(path, "UPDATE record SET generation = 'x'")

    with open_journal(path) as journal:
        assert (await verify_store(journal)).first_bad_seq == 1


async def test_a_program_without_an_event_loop_can_read(path: Path) -> None:
    await _write(path, NOTE)

    with open_journal(path) as journal:
        assert journal.read_now() == await journal.read()
        assert journal.generation == 0
