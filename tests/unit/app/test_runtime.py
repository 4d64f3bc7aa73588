from dataclasses import replace

import pytest

from bascule.app.runtime import is_moving, record_kept
from bascule.upgrade.events import GatewayKept
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.orders import state_after
from tests.support.runs import at_step
from tests.support.virtual_clock import VirtualClock

KEPT = GatewayKept(gateway="/id", digest="ab", document={"x": 1})


@pytest.mark.parametrize(
    ("step", "moves"), [("sync", False), ("shift-50", True), ("retire-hold", True)]
)
def test_traffic_moves_from_the_first_share_to_the_end_of_the_bake(
    *, step: str, moves: bool
) -> None:
    assert is_moving(replace(state_after(), upgrades=(at_step(step),))) is moves


def test_without_an_upgrade_nothing_moves() -> None:
    assert not is_moving(state_after())


async def test_what_was_there_is_recorded_once() -> None:
    clock, journal = VirtualClock(), FakeJournal(FakeDisk())
    state = replace(state_after(), seq=0)

    first = await record_kept(KEPT, state, journal, clock)
    again = await record_kept(KEPT, first, journal, clock)

    assert [record.entry.kind for record in await journal.read()] == ["gateway_kept"]
    assert first.kept == again.kept == {"/id": "ab"}
    assert await record_kept(None, again, journal, clock) == again
