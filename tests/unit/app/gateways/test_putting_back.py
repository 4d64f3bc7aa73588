import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from typing_extensions import override

from bascule.app.gateways.putting_back import LEFT, TRIES_MAX, WITHIN_S, PutsBack
from bascule.errors import DriverError, StaleWriterError
from bascule.gateway.driver import Convergence, Observation
from bascule.kube.backoff import Backoff
from bascule.routing.certificates import EMPTY_STORE
from tests.support.fake_driver import FakeDriver
from tests.support.tables import ALL_GREEN, route_set, table
from tests.support.virtual_clock import VirtualClock

RETRY_S = 10.0
LOOK_S = 30.0
ONE, TWO = table(route_set([])), table(route_set([]), ALL_GREEN)


class Shared(FakeDriver):
    """A gateway that others write too: a loss of theirs shows, and so does one of ours."""

    @property
    def is_gone(self) -> bool:
        return self.trouble == (Convergence.FOREIGN_CHANGE, "a listener is gone")

    def take_out(self) -> None:
        self.trouble = (Convergence.FOREIGN_CHANGE, "a listener is gone")

    def lose(self) -> None:
        self.trouble = (Convergence.FOREIGN_CHANGE, "carol's pool was undone")

    @override
    async def observe(self) -> Observation:
        return replace(await super().observe(), is_overwritten=self.is_gone)


@dataclass(slots=True)
class World:
    clock: VirtualClock = field(default_factory=VirtualClock)
    gateway: Shared = field(init=False)
    driver: PutsBack = field(init=False)

    def __post_init__(self) -> None:
        self.gateway = Shared(self.clock)
        rng = random.Random(1)  # noqa: S311 - it must be the same every time
        retry = Backoff(first_s=RETRY_S, max_s=RETRY_S)
        self.driver = PutsBack(self.gateway, clock=self.clock, retry=retry, rng=rng)

    async def look(self, times: int = 1, *, every_s: float = LOOK_S) -> Observation:
        """Return what is seen last; what a look sets going has ended by the next one."""
        for _ in range(times - 1):
            await self.driver.observe()
            await self.clock.advance(every_s)
        seen = await self.driver.observe()
        await self.clock.advance(every_s)
        return seen


@asynccontextmanager
async def at_work() -> AsyncIterator[World]:
    world = World()
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(world.driver.keep_put_back())
        await world.driver.apply(ONE, EMPTY_STORE)
        yield world
        keeping.cancel()


async def test_what_was_taken_last_is_written_again_where_somebody_takes_it_out() -> None:
    async with at_work() as world:
        await world.driver.apply(TWO, EMPTY_STORE)
        world.gateway.take_out()
        first = await world.look()
        then = await world.look()

    assert (first.convergence, first.reason) == (Convergence.FOREIGN_CHANGE, "a listener is gone")
    assert then.convergence is Convergence.CONVERGED
    assert world.gateway.attempts == [ONE, TWO, TWO]


async def test_nothing_is_written_where_it_is_as_it_was_or_only_others_lost_something() -> None:
    async with at_work() as world:
        await world.look(3)
        world.gateway.lose()
        seen = await world.look(3)

    assert world.gateway.attempts == [ONE]
    assert seen.reason == "carol's pool was undone"


async def test_nothing_is_put_back_while_an_upgrade_moves_traffic_and_all_is_after_that() -> None:
    async with at_work() as world:
        world.driver.is_moving = lambda: True
        world.gateway.take_out()
        await world.look(20)
        meanwhile = len(world.gateway.attempts)
        world.driver.is_moving = lambda: False
        await world.look()

    assert (meanwhile, len(world.gateway.attempts)) == (1, 2)


async def test_who_takes_it_out_each_time_wins_after_a_few_times_and_for_an_hour_only() -> None:
    async with at_work() as world:
        for _ in range(TRIES_MAX * 2):
            world.gateway.take_out()
            await world.look()
        seen = await world.driver.observe()
        tries = len(world.gateway.attempts) - 1
        await world.clock.advance(WITHIN_S - LOOK_S * TRIES_MAX * 2 - 1)
        early = await world.look(every_s=1)
        late = await world.look(every_s=1)

    assert tries == TRIES_MAX
    assert seen.reason == early.reason == f"a listener is gone; {LEFT}"
    assert late.reason == "a listener is gone"
    assert len(world.gateway.attempts) == 1 + TRIES_MAX + 1


async def test_another_table_is_written_though_nothing_is_put_back_any_more() -> None:
    async with at_work() as world:
        for _ in range(TRIES_MAX + 1):
            world.gateway.take_out()
            await world.look()
        await world.driver.apply(TWO, EMPTY_STORE)
        seen = await world.look()

    assert seen.convergence is Convergence.CONVERGED


async def test_what_is_refused_is_tried_again_after_a_while_and_not_with_each_look() -> None:
    async with at_work() as world:
        world.gateway.take_out()
        world.gateway.fail_next(DriverError("no room"))
        await world.look(every_s=0)
        world.gateway.take_out()
        await world.look(4, every_s=1)
        early = len(world.gateway.attempts)
        await world.look(10, every_s=1)
        seen = await world.look()

    assert (early, len(world.gateway.attempts)) == (2, 3)
    assert seen.convergence is Convergence.CONVERGED


async def test_nothing_is_put_back_before_a_table_was_taken_nor_after_one_was_refused() -> None:
    async with at_work() as world:
        world.gateway.fail_next(DriverError("no room"))
        with pytest.raises(DriverError):
            await world.driver.apply(TWO, EMPTY_STORE)
        world.gateway.take_out()
        await world.look(3)

    assert world.gateway.attempts == [ONE, TWO]


async def test_a_newer_table_waits_for_nothing_that_is_being_put_back() -> None:
    async with at_work() as world:
        world.gateway.take_out()
        world.gateway.hold()
        await world.look()
        was_held = world.gateway.waiting
        async with asyncio.TaskGroup() as group:
            newer = group.create_task(world.driver.apply(TWO, EMPTY_STORE))
            await world.clock.settle()
            waiting = world.gateway.waiting
            world.gateway.release()
        await world.look()

    assert newer.done()
    assert (was_held, waiting) == (1, 1)  # the newer one alone
    assert [each.table for each in world.gateway.calls] == [ONE, TWO]


async def test_another_owner_ends_it() -> None:
    async def lose() -> None:
        async with at_work() as world:
            world.gateway.take_out()
            world.gateway.fail_next(StaleWriterError("taken over"))
            await world.look()

    with pytest.raises(ExceptionGroup) as caught:
        await lose()

    assert caught.group_contains(StaleWriterError)


async def test_it_can_and_counts_what_its_gateway_does() -> None:
    world = World()

    assert world.driver.capabilities() == world.gateway.capabilities()
    assert await world.driver.measure() == await world.gateway.measure()
