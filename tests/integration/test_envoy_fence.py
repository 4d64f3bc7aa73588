"""Once another owner has taken over, no Envoy hears from us any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bascule.app.clock import SystemClock
from bascule.errors import StaleWriterError
from bascule.gateway.envoy.driver import EnvoyDriver, UnixListen
from bascule.routing.weights import Weights
from tests.support import tables
from tests.support.stub_envoy import stub_envoy
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.waiting import eventually

ROUTES = tables.route_set([tables.host("shop.example.com")])


class Owner:
    """A runtime in small: a driver in a task of its own, under a lease that can be lost."""

    def __init__(self, socket: Path) -> None:
        self.asked = 0
        self.has_lease = True
        self.end: BaseException | None = None
        self.driver = EnvoyDriver(
            clock=SystemClock(), listen=UnixListen(path=socket), settle_s=60, fence=self._fence
        )
        self.is_working = asyncio.Event()

    async def work(self) -> None:
        try:
            async with self.driver:
                self.is_working.set()
                await self.driver.watch_lease()
        except StaleWriterError as error:
            self.end = error

    async def apply(self, weights: Weights) -> None:
        await self.driver.apply(tables.table(ROUTES, weights), tables.store())

    def _fence(self) -> None:
        self.asked += 1
        if not self.has_lease:
            raise StaleWriterError("runner B has taken over")


@asynccontextmanager
async def owning(socket: Path) -> AsyncIterator[Owner]:
    owner = Owner(socket)
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(owner.work())
        await owner.is_working.wait()
        yield owner
        work.cancel()


async def test_nothing_is_sent_once_the_lease_is_lost_and_the_owner_ends(tmp_path: Path) -> None:
    socket = tmp_path / "xds.sock"
    async with owning(socket) as owner, stub_envoy(socket) as envoy:
        await owner.apply(ALL_BLUE)
        received, asked = envoy.received, owner.asked
        owner.has_lease = False

        with pytest.raises(StaleWriterError, match="runner B"):
            await owner.apply(ALL_GREEN)

        await eventually(lambda: owner.end is not None and envoy.has_ended)
        assert envoy.received == received
        assert owner.asked == asked + 1


async def test_an_envoy_that_asks_gets_no_answer_and_every_stream_ends(tmp_path: Path) -> None:
    socket = tmp_path / "xds.sock"
    async with owning(socket) as owner, stub_envoy(socket, "first") as first:
        await owner.apply(ALL_BLUE)
        owner.has_lease = False

        async with stub_envoy(socket, "second") as second:
            await eventually(lambda: first.has_ended and second.has_ended)

            assert second.received == 0
        await eventually(lambda: owner.end is not None)


async def test_a_push_that_waits_for_answers_ends_with_the_lease(tmp_path: Path) -> None:
    socket = tmp_path / "xds.sock"
    async with owning(socket) as owner, stub_envoy(socket) as envoy:
        await owner.apply(ALL_BLUE)
        envoy.is_mute = True
        async with asyncio.TaskGroup() as tasks:
            flip = tasks.create_task(_stale(owner))
            await eventually(lambda: envoy.unanswered)
            owner.has_lease = False
            async with stub_envoy(socket, "second"):
                await asyncio.wait([flip])

        await eventually(lambda: owner.end is not None)


async def _stale(owner: Owner) -> None:
    with pytest.raises(StaleWriterError):
        await owner.apply(ALL_GREEN)


async def test_an_owner_with_a_lease_asks_before_each_message(tmp_path: Path) -> None:
    socket = tmp_path / "xds.sock"
    async with owning(socket) as owner, stub_envoy(socket) as envoy:
        await owner.apply(ALL_BLUE)

        assert owner.asked >= envoy.received > 0
        assert owner.end is None


async def test_a_lease_that_is_lost_while_the_owner_ends_cancels_nothing_else(
    tmp_path: Path,
) -> None:
    owner = Owner(tmp_path / "xds.sock")

    async def end_slowly() -> None:
        """Be what gets ready for the next switch, and take a while to be given up."""
        try:
            await asyncio.Event().wait()
        finally:
            owner.driver._server._lapse = StaleWriterError("runner B has taken over")
            owner.driver._server._lapsed.set()
            for _ in range(5):
                await asyncio.sleep(0)

    async def work_and_end() -> None:
        async with owner.driver:
            assert owner.driver._tasks is not None
            owner.driver._consolidation = owner.driver._tasks.create_task(end_slowly())
            await asyncio.sleep(0)
            raise StaleWriterError("runner B has taken over")

    with pytest.raises(StaleWriterError, match="runner B"):
        await work_and_end()


async def test_getting_ready_for_the_next_switch_ends_quietly_with_the_lease(
    tmp_path: Path,
) -> None:
    socket = tmp_path / "xds.sock"
    async with owning(socket) as owner, stub_envoy(socket):
        owner.driver._settle_s = 0.0
        await owner.apply(ALL_BLUE)
        await owner.apply(ALL_GREEN)
        owner.has_lease = False

        await eventually(lambda: owner.end is not None)
