import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from typing_extensions import override

from bascule.app.foreign import LOOK_EVERY_S, ForeignDesk
from bascule.app.metering import STOP_OTHERS, MeteredDriver
from bascule.errors import DriverError, ForeignChangeError
from bascule.gateway.appgw.errors import HeldStillError
from bascule.gateway.driver import Convergence, Observation
from bascule.routing.certificates import EMPTY_STORE
from bascule.upgrade.signals import SteerUpgrade, UpgradeVerb, parse_order
from bascule.upgrade.state import GatewayState
from tests.support.fake_driver import FakeDriver
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.orders import state_after
from tests.support.runs import begin_event
from tests.support.tables import route_set, table
from tests.support.virtual_clock import VirtualClock

LOST = ForeignChangeError("carol's pool is gone", remedy="ask carol")


class Watched(FakeDriver):
    """Shows what somebody did to it while `told` says so."""

    told = ""
    looks = 0

    @override
    async def observe(self) -> Observation:
        self.looks += 1
        seen = Convergence.FOREIGN_CHANGE if self.told else Convergence.CONVERGED
        return Observation(convergence=seen, reason=self.told)


@dataclass(slots=True)
class World:
    state: GatewayState
    clock: VirtualClock = field(default_factory=VirtualClock)
    inbox: FakeJournal = field(default_factory=lambda: FakeJournal(FakeDisk()))
    rung: int = 0
    gateway: Watched = field(init=False)
    driver: MeteredDriver = field(init=False)
    desk: ForeignDesk = field(init=False)

    def __post_init__(self) -> None:
        self.gateway = Watched(self.clock)
        self.driver = MeteredDriver(self.gateway, self.clock)
        self.desk = ForeignDesk(
            driver=self.driver,
            state=lambda: self.state,
            inbox=self.inbox,
            ring=self.ring,
            clock=self.clock,
        )

    def ring(self) -> None:
        self.rung += 1


@asynccontextmanager
async def at_work(state: GatewayState) -> AsyncIterator[World]:
    world = World(state)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(world.desk.run())
        yield world
        running.cancel()


def upgrading() -> GatewayState:
    return state_after(begin_event())


async def test_what_the_log_tells_late_pauses_the_upgrade_with_the_reason() -> None:
    async with at_work(upgrading()) as world:
        world.gateway.told = "carol's pool is gone"
        await world.clock.advance(LOOK_EVERY_S * 5)
        (command,) = await world.inbox.pending()

    order = parse_order(command)
    assert isinstance(order.signal, SteerUpgrade)
    assert order.signal.verb is UpgradeVerb.PAUSE
    assert (order.actor, order.reason) == ("runtime", f"carol's pool is gone; {STOP_OTHERS}")
    assert world.rung == 1


async def test_what_a_write_finds_itself_needs_no_look() -> None:
    async with at_work(upgrading()) as world:
        world.gateway.fail_next(LOST)
        with pytest.raises(ForeignChangeError):
            await world.driver.apply(table(route_set([])), EMPTY_STORE)
        await world.clock.advance(2)
        found = await world.inbox.pending()

    assert len(found) == 1
    assert world.gateway.looks == 0


async def test_what_azure_refuses_while_traffic_moves_pauses_too_and_is_nobodys_change() -> None:
    refused = HeldStillError("port 8081 is wrong", is_synchronous=True, sent={}, remedy="mend it")
    async with at_work(upgrading()) as world:
        world.gateway.fail_next(refused)
        with pytest.raises(DriverError):
            await world.driver.apply(table(route_set([])), EMPTY_STORE)
        await world.clock.advance(2)
        (command,) = await world.inbox.pending()

    assert parse_order(command).reason == "port 8081 is wrong; mend it"
    assert (world.driver.figures.refused, world.driver.figures.foreign) == (1, 0)
    assert world.desk.document() is None


async def test_without_an_upgrade_it_is_told_in_the_status_alone() -> None:
    async with at_work(state_after()) as world:
        before = world.desk.document()
        world.gateway.told = "carol's pool is gone"
        await world.clock.advance(LOOK_EVERY_S * 2)
        told = world.desk.document()

    assert before is None
    assert isinstance(told, dict)
    assert (told["message"], told["remedy"]) == ("carol's pool is gone", STOP_OTHERS)
    assert await world.inbox.pending() == ()


async def test_what_comes_a_second_time_is_told_a_second_time() -> None:
    async with at_work(upgrading()) as world:
        for told in ("one", "", "two"):
            world.gateway.told = told
            await world.clock.advance(LOOK_EVERY_S * 2)
        found = await world.inbox.pending()

    assert len(found) == 2
