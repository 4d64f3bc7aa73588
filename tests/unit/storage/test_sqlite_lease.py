import asyncio
from pathlib import Path

import pytest

from bascule.errors import LockedError, StaleWriterError
from bascule.storage.lock import read_holder
from bascule.storage.sqlite_lease import LOCK_FILE, hold_lease
from tests.support.virtual_clock import VirtualClock


async def test_the_lock_beside_the_journal_is_held_as_long_as_the_lease(tmp_path: Path) -> None:
    async with hold_lease(tmp_path / "journal.db", clock=VirtualClock()) as (journal, lease):
        assert read_holder(tmp_path / LOCK_FILE) is not None
        assert lease.generation == journal.generation == 1

    assert read_holder(tmp_path / LOCK_FILE) is None


async def test_a_refused_owner_has_changed_nothing(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with hold_lease(tmp_path / "journal.db", clock=clock) as (journal, _):
        with pytest.raises(LockedError):
            async with hold_lease(tmp_path / "journal.db", clock=clock):
                pass

        assert (await journal.read_raw()).head.generation == 1


async def test_there_is_nothing_to_renew(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with hold_lease(tmp_path / "journal.db", clock=clock) as (_, lease):
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(lease.keep())
            await clock.advance(1e6)
            lease.check()
            keeper.cancel()

        await lease.release()
        with pytest.raises(StaleWriterError, match="given the journal back"):
            lease.check()
