"""What is claimed of Envoys that take a message and do not answer, or go away in between."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bascule.app.clock import SystemClock
from bascule.errors import OutcomeUnknownError
from bascule.gateway.driver import Applied, Convergence
from bascule.gateway.envoy.driver import EnvoyDriver, UnixListen
from bascule.routing.weights import Weights
from tests.support import tables
from tests.support.stub_envoy import stub_envoy
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.waiting import eventually

ACK_TIMEOUT_S = 0.5
ROUTES = tables.route_set([tables.host("shop.example.com")])


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "xds.sock"


@pytest.fixture
async def driver(socket: Path) -> AsyncIterator[EnvoyDriver]:
    listen = UnixListen(path=socket)
    async with EnvoyDriver(
        clock=SystemClock(), listen=listen, ack_timeout_s=ACK_TIMEOUT_S, settle_s=60
    ) as driver:
        yield driver


async def apply(driver: EnvoyDriver, weights: Weights) -> Applied:
    return await driver.apply(tables.table(ROUTES, weights), tables.store())


async def test_going_back_is_claimed_only_when_it_was_acknowledged(
    socket: Path, driver: EnvoyDriver
) -> None:
    async with stub_envoy(socket) as envoy:
        await apply(driver, ALL_BLUE)
        envoy.is_mute = True
        with pytest.raises(OutcomeUnknownError):
            await apply(driver, ALL_GREEN)

        with pytest.raises(OutcomeUnknownError):
            await apply(driver, ALL_BLUE)

        assert envoy.unanswered == 2
        assert (await driver.observe()).convergence is Convergence.PENDING


async def test_an_envoy_that_goes_away_during_a_switch_is_not_counted_as_switched(
    socket: Path, driver: EnvoyDriver
) -> None:
    async with stub_envoy(socket, "envoy-1"), stub_envoy(socket, "envoy-2") as second:
        await eventually(lambda: driver.instances == 2)
        await apply(driver, ALL_BLUE)
        second.is_mute = True
        async with asyncio.TaskGroup() as tasks:
            flip = tasks.create_task(_unknown(driver))
            await eventually(lambda: second.unanswered)
            second.leave()

        assert "envoy-2" in flip.result()


async def test_an_envoy_that_comes_back_during_a_switch_is_waited_for(
    socket: Path, driver: EnvoyDriver
) -> None:
    async with stub_envoy(socket, "envoy-1"), stub_envoy(socket, "envoy-2") as second:
        await eventually(lambda: driver.instances == 2)
        await apply(driver, ALL_BLUE)
        second.is_mute = True
        async with asyncio.TaskGroup() as tasks:
            flip = tasks.create_task(apply(driver, ALL_GREEN))
            await eventually(lambda: second.unanswered)
            second.leave()
            await tasks.create_task(_stay_until(socket, flip))

        assert flip.result().instances == 2


async def _stay_until(socket: Path, done: asyncio.Task[Applied]) -> None:
    async with stub_envoy(socket, "envoy-2"):
        await asyncio.wait([done])


async def _unknown(driver: EnvoyDriver) -> str:
    with pytest.raises(OutcomeUnknownError) as caught:
        await apply(driver, ALL_GREEN)
    return caught.value.message
