"""An upgrade goes its way to the byte, whatever those do who hear of it."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from bascule.journal.record import Json
from bascule.notify.delivering import Delivery, Fate
from bascule.notify.events import CloudEvent
from bascule.notify.receivers import Receiver
from bascule.notify.sender import NewsDesk
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.upgrade.plan.model import Policy
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from tests.support.fake_journal import FakeJournal
from tests.support.orders import BLUE
from tests.support.plans import build_plan, start_order
from tests.support.sim_world import Far, Points, SimWorld, run_until

Deliver = Callable[[Receiver, CloudEvent], Awaitable[Delivery]]
RECEIVER: dict[str, Json] = {"type": "command", "run": ["page"]}


async def hang(_receiver: Receiver, _event: CloudEvent) -> Delivery:
    await asyncio.Event().wait()
    raise AssertionError


async def answer_500(_receiver: Receiver, _event: CloudEvent) -> Delivery:
    return Delivery(Fate.FAILED, "it answered 500")


async def refuse(_receiver: Receiver, _event: CloudEvent) -> Delivery:
    return Delivery(Fate.REFUSED, "it answered 404")


async def reset(_receiver: Receiver, _event: CloudEvent) -> Delivery:
    raise ConnectionResetError


async def upgrade(deliver: Deliver) -> tuple[UpgradeState, list[str]]:
    """Run a whole upgrade with news; return its end and the digests of its journal."""
    world = SimWorld(far=Far(live=BLUE, arrangement=NOTHING_ARRANGED))
    life = await world.begin(Points())
    desk = NewsDesk(
        FakeJournal(world.disk, as_owner=False),
        gateway="shop",
        environ={},
        clock=world.clock,
        rng=Random(1),  # noqa: S311 — spreads tries, guards nothing
        hand_over=deliver,
    )
    world.tell(start_order(build_plan(policy=Policy(notify=(RECEIVER,)))))

    async def run() -> UpgradeState:
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(desk.run())
            state = await run_until(life, lambda found: found.is_over)
            await desk.drain()
            sending.cancel()
        return state

    state = await world.clock.drive(run())
    return state, [record.digest for record in world.disk.records]


@pytest.mark.parametrize("deliver", [hang, answer_500, refuse, reset])
async def test_no_receiver_of_news_changes_an_upgrade(deliver: Deliver) -> None:
    told: list[str] = []

    async def listen(_receiver: Receiver, event: CloudEvent) -> Delivery:
        told.append(event.type.rpartition(".")[2])
        return Delivery(Fate.DELIVERED)

    heard, expected = await upgrade(listen)

    state, found = await upgrade(deliver)

    assert heard.stage is state.stage is Stage.COMPLETED
    assert found == expected
    assert (told[0], told[-1]) == ("started", "ended")
    assert told.count("stage_entered") >= 5
