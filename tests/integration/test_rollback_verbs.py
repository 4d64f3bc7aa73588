"""What `rollback` and `upgrade rollback` put into the inbox, by the commands; nobody answers."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

import pytest

from bascule.app.state_dir import StateDir, apply_state_dir
from bascule.cli.main import main
from bascule.journal.record import Record
from bascule.storage.lock import hold_lock
from bascule.storage.opening import open_store
from bascule.storage.sqlite import open_journal
from bascule.upgrade.events import Opened
from bascule.upgrade.run.events import RollbackBegan, RunEvent
from bascule.upgrade.run.rollback import plan_rollback
from bascule.upgrade.signals import RollBack, Signal, SteerUpgrade, UpgradeVerb, parse_order
from tests.support.orders import BLUE, GREEN, moved, records_of
from tests.support.plans import build_plan
from tests.support.run_records import run_records
from tests.support.runs import NAME, at_step, begin_event, ended, entered, started

NOBODY = 7
"""The exit code where no outcome came in time."""
BOB = ("--cancel-operation-of", "bob")
PLAN = build_plan()
MOVED = "shift-100-hold"

Say = Callable[..., tuple[int, list[Signal]]]


@pytest.fixture
def say(tmp_path: Path) -> Iterator[Say]:
    """Return what says a verb of a gateway with this journal; returns code and orders."""
    place = StateDir(tmp_path / "shop")
    apply_state_dir(place)

    def speak(records: Sequence[Record], *words: str) -> tuple[int, list[Signal]]:
        asyncio.run(keep(place, records))
        given = ("--state", str(place.path), "--yes", "--timeout", "0.1")
        code = main([*words, *given])
        return code, asyncio.run(read(place))

    with hold_lock(place.lock):
        yield speak


async def keep(place: StateDir, records: Sequence[Record]) -> None:
    with open_journal(place.journal, as_owner=True) as journal:
        await journal.append([record.entry for record in records], expected_seq=0)


async def read(place: StateDir) -> list[Signal]:
    async with open_store(place.location) as store:
        return [parse_order(command).signal for command in await store.pending()]


def rolling_back() -> list[RunEvent]:
    """Return the events of an upgrade that has moved traffic, and begun to move it back."""
    events: list[RunEvent] = [begin_event(PLAN)]
    stage = PLAN.steps[0].stage
    for step in takewhile(lambda each: each.key != MOVED, PLAN.steps):
        if step.stage is not stage:
            stage = step.stage
            events.append(entered(stage))
        events += [started(step.key), ended(step.key)]
    steps = plan_rollback(at_step(MOVED, PLAN))
    return [*events, RollbackBegan(upgrade=NAME, cause="why", steps=steps)]


def test_a_rollback_says_whose_operation_it_may_cancel(say: Say) -> None:
    records = records_of(Opened(split=BLUE), *moved(GREEN))

    assert say(records, "rollback", *BOB) == (NOBODY, [RollBack(cancels=("bob",))])


@pytest.mark.parametrize("words", [("rollback",), ("upgrade", "rollback")])
def test_so_does_that_of_an_upgrade_by_either_verb(say: Say, words: tuple[str, ...]) -> None:
    code, (order,) = say(run_records(begin_event(PLAN)), *words, *BOB)

    assert code == NOBODY
    assert order == SteerUpgrade(name=NAME, verb=UpgradeVerb.ROLLBACK, data={"cancels": ["bob"]})


@pytest.mark.parametrize(("words", "code", "orders"), [(BOB, NOBODY, 1), ((), 3, 0)])
def test_one_that_is_under_way_takes_more_names_and_nothing_else(
    say: Say, words: tuple[str, ...], code: int, orders: int
) -> None:
    found = say(run_records(*rolling_back()), "upgrade", "rollback", *words)

    assert (found[0], len(found[1])) == (code, orders)
