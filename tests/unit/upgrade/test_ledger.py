from datetime import timedelta

import pytest
from typing_extensions import override

from bascule.errors import InvariantError, JournalError, StaleWriterError
from bascule.ids import CommandId
from bascule.upgrade.events import Refused
from bascule.upgrade.ledger import Ledger, open_history
from bascule.upgrade.run.events import StageEntered
from bascule.upgrade.run.stages import Stage
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.orders import BLUE, GREEN
from tests.support.runs import begin_event
from tests.support.sim_world import JumpingClock


def refused(order_id: str = "o1") -> Refused:
    return Refused(order_id=CommandId(order_id), kind="switch", reason="no")


class Unreadable(FakeJournal):
    """A journal that cannot be read any more."""

    @override
    async def read(self, *, after_seq: int = 0) -> tuple[()]:
        raise JournalError("the disk is gone")


async def open_ledger(disk: FakeDisk, clock: JumpingClock) -> tuple[Ledger, FakeJournal]:
    journal = FakeJournal(disk)
    state = await open_history(journal, BLUE, clock)
    return Ledger(journal, state, clock), journal


async def test_a_history_is_begun_once_and_then_believed() -> None:
    disk, clock = FakeDisk(), JumpingClock()

    begun = await open_history(FakeJournal(disk), BLUE, clock)
    again = await open_history(FakeJournal(disk), GREEN, clock)

    assert (begun.split, begun.seq) == (BLUE, 1)
    assert again == begun


async def test_the_state_moves_with_the_record() -> None:
    disk, clock = FakeDisk(), JumpingClock()
    ledger, _ = await open_ledger(disk, clock)

    await ledger.append(refused("a"), refused("b"), actor="ada@desk")

    assert ledger.state.seq == 3
    assert [o.order_id for o in ledger.state.recent] == ["a", "b"]
    assert disk.records[-1].entry.actor == "ada@desk"


async def test_a_run_is_required_only_where_one_is_under_way() -> None:
    ledger, _ = await open_ledger(FakeDisk(), JumpingClock())

    with pytest.raises(InvariantError, match="no upgrade is under way"):
        ledger.require_run()
    await ledger.append(begin_event())

    assert ledger.require_run().name == "up"


async def test_an_illegal_move_is_not_written() -> None:
    disk, clock = FakeDisk(), JumpingClock()
    ledger, _ = await open_ledger(disk, clock)

    with pytest.raises(InvariantError):
        await ledger.append(refused(), StageEntered(upgrade="up", stage=Stage.SHIFT))

    assert len(disk.records) == 1


async def test_what_could_not_be_written_moves_nothing() -> None:
    disk, clock = FakeDisk(), JumpingClock()
    ledger, journal = await open_ledger(disk, clock)
    journal.fail_next(JournalError("the disk is full"))

    with pytest.raises(JournalError):
        await ledger.append(refused())

    assert ledger.state.seq == 1


async def test_after_a_doubtful_write_the_file_is_believed() -> None:
    disk, clock = FakeDisk(), JumpingClock()
    ledger, _ = await open_ledger(disk, clock)
    other, _ = await open_ledger(disk, clock)
    await other.append(refused())

    with pytest.raises(StaleWriterError):
        await ledger.append(refused())
    await ledger.reload()

    assert ledger.state == other.state


async def test_a_file_that_cannot_be_read_is_told_and_the_memory_kept() -> None:
    disk, clock = FakeDisk(), JumpingClock()
    _, _ = await open_ledger(disk, clock)
    state = await open_history(FakeJournal(disk), BLUE, clock)
    ledger = Ledger(Unreadable(disk), state, clock)

    with pytest.raises(JournalError, match="the disk is gone"):
        await ledger.reload()

    assert ledger.state == state


async def test_a_jump_of_the_wall_clock_neither_shortens_nor_draws_out_what_is_counted() -> None:
    disk, clock = FakeDisk(), JumpingClock()
    ledger, _ = await open_ledger(disk, clock)
    begun = ledger.now()

    clock.offset = timedelta(hours=2)
    await clock.advance(10.0)

    assert ledger.now() - begun == timedelta(seconds=10)


async def test_times_of_records_never_go_back_over_a_restart() -> None:
    disk, clock = FakeDisk(), JumpingClock()
    ledger, _ = await open_ledger(disk, clock)
    await ledger.append(refused("a"))

    clock.offset = timedelta(hours=-2)
    again, _ = await open_ledger(disk, clock)
    await clock.advance(5.0)
    await again.append(refused("b"))

    first, second = disk.records[-2].entry.at, disk.records[-1].entry.at
    assert second - first == timedelta(seconds=5)
