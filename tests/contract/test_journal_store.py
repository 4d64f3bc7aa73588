"""One suite for every journal and inbox: the SQLite file, and the fake that other tests use."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from typing_extensions import override

from bascule.errors import StaleWriterError
from bascule.ids import CommandId
from bascule.journal.record import Entry
from bascule.journal.store import Command, Inbox, JournalStore
from bascule.storage.sqlite import open_journal
from tests.support.fake_journal import FakeDisk, FakeJournal

AT = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


class Both(JournalStore, Inbox, Protocol):
    """A journal and an inbox in one."""


class Opening(ABC):
    """Opens the same journal again and again."""

    @abstractmethod
    def owner(self) -> Both:
        """Open it as its next owner."""

    @abstractmethod
    def guest(self) -> Both:
        """Open it to read, and to put commands."""


class OpeningSqlite(Opening):
    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack

    @override
    def owner(self) -> Both:
        return self._stack.enter_context(open_journal(self._path, as_owner=True))

    @override
    def guest(self) -> Both:
        return self._stack.enter_context(open_journal(self._path))


class OpeningFake(Opening):
    def __init__(self) -> None:
        self._disk = FakeDisk()

    @override
    def owner(self) -> Both:
        return FakeJournal(self._disk)

    @override
    def guest(self) -> Both:
        return FakeJournal(self._disk, as_owner=False)


@pytest.fixture(params=["sqlite", "fake"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    with ExitStack() as stack:
        if request.param == "fake":
            yield OpeningFake()
        else:
            yield OpeningSqlite(tmp_path / "journal.db", stack)


def note(text: str) -> Entry:
    return Entry(at=AT, actor="ada@desk", kind="note", data={"text": text, "n": 1, "é": [None]})


def command(name: str) -> Command:
    return Command(
        id=CommandId(name), at=AT, actor="ada@desk", kind="switch", data={"to": "green", "n": [1]}
    )


async def test_an_empty_journal_has_no_records(opened: Opening) -> None:
    assert await opened.guest().read() == ()


async def test_records_are_numbered_from_one_and_read_as_they_were_written(opened: Opening) -> None:
    journal = opened.owner()

    added = await journal.append([note("a"), note("b")], expected_seq=0)

    assert [record.seq for record in added] == [1, 2]
    assert await journal.read() == added
    assert added[1].previous == added[0].digest
    assert added[0].entry == note("a")


async def test_what_one_wrote_another_reads(opened: Opening) -> None:
    added = await opened.owner().append([note("a")], expected_seq=0)

    assert await opened.guest().read() == added


async def test_reading_can_go_on_from_a_record(opened: Opening) -> None:
    journal = opened.owner()
    added = await journal.append([note("a"), note("b"), note("c")], expected_seq=0)

    assert await journal.read(after_seq=1) == added[1:]
    assert await journal.read(after_seq=3) == ()


async def test_an_append_after_another_record_than_expected_writes_nothing(opened: Opening) -> None:
    journal = opened.owner()
    await journal.append([note("a")], expected_seq=0)

    with pytest.raises(StaleWriterError):
        await journal.append([note("b")], expected_seq=0)

    assert len(await journal.read()) == 1


async def test_a_new_owner_stops_the_old_one(opened: Opening) -> None:
    old = opened.owner()
    await old.append([note("a")], expected_seq=0)
    new = opened.owner()

    with pytest.raises(StaleWriterError):
        await old.append([note("b")], expected_seq=1)

    (added,) = await new.append([note("c")], expected_seq=1)
    first, _ = await new.read()
    assert added.generation > first.generation


async def test_a_guest_may_not_append(opened: Opening) -> None:
    opened.owner()

    with pytest.raises(StaleWriterError):
        await opened.guest().append([note("a")], expected_seq=0)


async def test_the_inbox_keeps_commands_in_the_order_in_which_they_came(opened: Opening) -> None:
    inbox = opened.guest()

    await inbox.put(command("second"))
    await inbox.put(command("first"))

    assert await opened.owner().pending() == (command("second"), command("first"))


async def test_the_same_command_twice_is_one_command(opened: Opening) -> None:
    inbox = opened.guest()
    later = Command(
        id=CommandId("a"), at=AT + timedelta(seconds=9), actor="eve", kind="weights", data={}
    )

    await inbox.put(command("a"))
    await inbox.put(later)

    assert await inbox.pending() == (command("a"),)


async def test_a_command_that_is_done_does_not_come_back(opened: Opening) -> None:
    inbox = opened.owner()
    await inbox.put(command("a"))

    await inbox.done(CommandId("a"))
    await inbox.put(command("a"))

    assert await inbox.pending() == ()


async def test_marking_an_unknown_command_as_done_changes_nothing(opened: Opening) -> None:
    inbox = opened.owner()
    await inbox.put(command("a"))

    await inbox.done(CommandId("b"))

    assert await inbox.pending() == (command("a"),)
