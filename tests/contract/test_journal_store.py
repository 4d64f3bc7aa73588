"""One suite for every store: the SQLite file, PostgreSQL, and the fake that other tests use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bascule.errors import (
    CorruptJournalError,
    LeaseLapsedError,
    LockedError,
    StaleWriterError,
)
from bascule.ids import CommandId
from bascule.journal.record import Entry
from bascule.journal.store import Command, Sample
from bascule.journal.verification import verify_store
from bascule.storage.opening import Owned
from tests.support.store_openings import (
    TTL_S,
    Opening,
    OpeningFake,
    OpeningPostgres,
    OpeningSqlite,
)
from tests.support.waiting import eventually

AT = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
TIMED = pytest.mark.parametrize("opened", ["postgres", "fake"], indirect=True)


@pytest.fixture(params=["sqlite", "postgres", "fake"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opening]:
    async with AsyncExitStack() as stack:
        match request.param:
            case "sqlite":
                yield OpeningSqlite(stack, tmp_path)
            case "postgres":
                yield OpeningPostgres(stack, request.getfixturevalue("postgres"))
            case _:
                yield OpeningFake(stack)


def note(text: str) -> Entry:
    return Entry(at=AT, actor="ada@desk", kind="note", data={"text": text, "n": 1, "é": [None]})


def command(name: str) -> Command:
    return Command(
        id=CommandId(name), at=AT, actor="ada@desk", kind="switch", data={"to": "green", "n": [1]}
    )


def sample(number: int) -> Sample:
    return Sample(at=AT + timedelta(seconds=number), data={"n": number, "rate": 0.1})


async def is_kept(opened: Opening, owned: Owned) -> bool:
    try:
        owned.lease.check()
    except LeaseLapsedError:
        await opened.clock.advance(0.1)  # a renewal that failed is tried again later
        return False
    return True


async def test_an_empty_journal_has_no_records(opened: Opening) -> None:
    guest = await opened.guest()

    assert await guest.read() == ()
    assert (await verify_store(guest)).is_clean


async def test_records_are_numbered_from_one_and_read_as_they_were_written(opened: Opening) -> None:
    journal = (await opened.owner()).store

    added = await journal.append([note("a"), note("b")], expected_seq=0)

    assert [record.seq for record in added] == [1, 2]
    assert await journal.read() == added
    assert added[1].previous == added[0].digest
    assert added[0].entry == note("a")


async def test_what_one_wrote_another_reads(opened: Opening) -> None:
    added = await (await opened.owner()).store.append([note("a")], expected_seq=0)

    assert await (await opened.guest()).read() == added


async def test_reading_can_go_on_from_a_record(opened: Opening) -> None:
    journal = (await opened.owner()).store
    added = await journal.append([note("a"), note("b"), note("c")], expected_seq=0)

    assert await journal.read(after_seq=1) == added[1:]
    assert await journal.read(after_seq=3) == ()
    assert await journal.read(after_seq=9) == ()


async def test_an_append_after_another_record_than_expected_writes_nothing(opened: Opening) -> None:
    journal = (await opened.owner()).store
    await journal.append([note("a")], expected_seq=0)

    with pytest.raises(StaleWriterError):
        await journal.append([note("b")], expected_seq=0)

    assert len(await journal.read()) == 1


async def test_nothing_appended_is_nothing(opened: Opening) -> None:
    journal = (await opened.owner()).store

    assert await journal.append([], expected_seq=0) == ()
    assert await journal.read() == ()


async def test_a_new_owner_stops_the_old_one(opened: Opening) -> None:
    old = await opened.owner()
    await old.store.append([note("a")], expected_seq=0)
    await opened.bury(old)
    new = await opened.owner()

    with pytest.raises(StaleWriterError) as caught:
        await old.store.append([note("b")], expected_seq=1)

    assert not isinstance(caught.value, LeaseLapsedError)
    (added,) = await new.store.append([note("c")], expected_seq=1)
    first, _ = await new.store.read()
    assert added.generation == new.lease.generation > first.generation


async def test_a_guest_may_not_append(opened: Opening) -> None:
    await opened.owner()

    with pytest.raises(StaleWriterError):
        await (await opened.guest()).append([note("a")], expected_seq=0)


async def test_a_second_owner_is_refused_while_the_first_lives(opened: Opening) -> None:
    first = await opened.owner()

    with pytest.raises(LockedError) as caught:
        await opened.owner()

    assert opened.holder in caught.value.message
    first.lease.check()
    await first.store.append([note("a")], expected_seq=0)


async def test_a_lease_that_was_given_back_is_free_at_once(opened: Opening) -> None:
    first = await opened.owner()

    await first.lease.release()

    with pytest.raises(StaleWriterError):
        first.lease.check()
    second = await opened.owner()
    assert second.lease.generation > first.lease.generation


async def test_whoever_stands_by_takes_over_once_the_owner_has_gone(opened: Opening) -> None:
    first = await opened.owner()
    standby = asyncio.get_running_loop().create_future()

    async def stand_by() -> None:
        standby.set_result(await opened.owner(wait=True))

    async def pass_time() -> bool:
        await opened.clock.advance(0.2)
        return standby.done()

    async with asyncio.TaskGroup() as group:
        group.create_task(stand_by())
        for _ in range(3):
            assert not await pass_time()
        await opened.bury(first)
        await eventually(pass_time)

    await standby.result().store.append([note("a")], expected_seq=0)


async def test_a_lease_that_is_kept_outlives_its_time_many_times_over(opened: Opening) -> None:
    owned = await opened.owner()
    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(owned.lease.keep())
        for _ in range(6):
            await opened.pass_time(TTL_S / 2)

            await eventually(partial(is_kept, opened, owned))
            await owned.store.append([note("a")], expected_seq=len(await owned.store.read()))
        keeper.cancel()


@TIMED
async def test_an_owner_that_slept_past_its_lease_writes_nothing(opened: Opening) -> None:
    owned = await opened.owner()

    await opened.pass_time(TTL_S + 1)

    with pytest.raises(LeaseLapsedError):
        owned.lease.check()
    with pytest.raises(LeaseLapsedError):
        await owned.store.append([note("a")], expected_seq=0)
    assert await owned.store.read() == ()


@TIMED
async def test_a_lapsed_lease_is_taken_up_again_if_nobody_else_took_it(opened: Opening) -> None:
    owned = await opened.owner()
    await opened.pass_time(TTL_S + 1)

    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(owned.lease.keep())

        await eventually(partial(is_kept, opened, owned))
        await owned.store.append([note("a")], expected_seq=0)
        keeper.cancel()


@TIMED
async def test_an_owner_that_slept_learns_that_another_has_taken_over(opened: Opening) -> None:
    old = await opened.owner()
    await opened.pass_time(TTL_S + 1)
    await opened.owner()

    with pytest.raises(StaleWriterError):
        await old.lease.keep()

    with pytest.raises(StaleWriterError) as caught:
        old.lease.check()
    assert not isinstance(caught.value, LeaseLapsedError)
    await old.lease.release()
    with pytest.raises(LockedError):
        await opened.owner()


async def test_creators_that_race_make_one_store(opened: Opening) -> None:
    guests = await asyncio.gather(*(opened.guest() for _ in range(4)))
    await asyncio.gather(*(guest.put(command(str(n))) for n, guest in enumerate(guests)))

    owners = await asyncio.gather(*(opened.owner() for _ in range(3)), return_exceptions=True)

    assert [type(owner) for owner in owners].count(LockedError) == 2
    assert len(await guests[0].pending()) == 4


async def test_an_edited_record_is_found(opened: Opening) -> None:
    journal = (await opened.owner()).store
    await journal.append([note("a"), note("b"), note("c")], expected_seq=0)

    await opened.edit(2)

    with pytest.raises(CorruptJournalError, match="record 2"):
        await journal.read()
    assert (await verify_store(journal)).first_bad_seq == 2


@pytest.mark.parametrize("seq", [1, 2, 3])
async def test_a_missing_record_is_found_even_if_it_was_the_last(opened: Opening, seq: int) -> None:
    journal = (await opened.owner()).store
    await journal.append([note("a"), note("b"), note("c")], expected_seq=0)

    await opened.remove(seq)

    with pytest.raises(CorruptJournalError, match=f"record {seq}"):
        await journal.read()
    assert (await verify_store(journal)).first_bad_seq == seq


async def test_nothing_is_appended_to_a_journal_whose_end_was_cut_off(opened: Opening) -> None:
    journal = (await opened.owner()).store
    await journal.append([note("a"), note("b")], expected_seq=0)
    await opened.remove(2)

    with pytest.raises(CorruptJournalError):
        await journal.append([note("c")], expected_seq=1)


async def test_reading_on_from_a_record_that_is_missing_is_refused(opened: Opening) -> None:
    journal = (await opened.owner()).store
    await journal.append([note("a"), note("b"), note("c")], expected_seq=0)
    await opened.remove(2)

    with pytest.raises(CorruptJournalError, match="record 2"):
        await journal.read(after_seq=2)


async def test_the_inbox_keeps_commands_in_the_order_in_which_they_came(opened: Opening) -> None:
    inbox = await opened.guest()

    await inbox.put(command("second"))
    await inbox.put(command("first"))

    owner = (await opened.owner()).store
    assert await owner.pending() == (command("second"), command("first"))


async def test_the_same_command_twice_is_one_command(opened: Opening) -> None:
    inbox = await opened.guest()
    later = Command(
        id=CommandId("a"), at=AT + timedelta(seconds=9), actor="eve", kind="weights", data={}
    )

    await inbox.put(command("a"))
    await inbox.put(later)

    assert await inbox.pending() == (command("a"),)


async def test_a_command_that_is_done_does_not_come_back(opened: Opening) -> None:
    inbox = (await opened.owner()).store
    await inbox.put(command("a"))

    await inbox.done(CommandId("a"))
    await inbox.put(command("a"))

    assert await inbox.pending() == ()


async def test_marking_an_unknown_command_as_done_changes_nothing(opened: Opening) -> None:
    inbox = (await opened.owner()).store
    await inbox.put(command("a"))

    await inbox.done(CommandId("b"))

    assert await inbox.pending() == (command("a"),)


async def test_samples_are_kept_for_each_upgrade_in_their_order(opened: Opening) -> None:
    store = (await opened.owner()).store

    await store.add_samples("one", [sample(1), sample(2)])
    await store.add_samples("two", [sample(9)])
    await store.add_samples("one", [sample(3)])
    await store.add_samples("one", [])

    guest = await opened.guest()
    assert await guest.read_samples("one") == (sample(1), sample(2), sample(3))
    assert await guest.read_samples("two") == (sample(9),)
    assert await guest.read_samples("none") == ()


async def test_samples_are_thinned_from_the_oldest_on(opened: Opening) -> None:
    store = (await opened.owner()).store
    await store.add_samples("one", [sample(n) for n in range(8)])
    await store.add_samples("two", [sample(9)])

    await store.thin_samples("one", samples_max=8)
    assert len(await store.read_samples("one")) == 8
    await store.thin_samples("one", samples_max=6)

    assert [s.data["n"] for s in await store.read_samples("one")] == [0, 2, 4, 5, 6, 7]
    await store.thin_samples("none", samples_max=1)
    assert len(await store.read_samples("two")) == 1
