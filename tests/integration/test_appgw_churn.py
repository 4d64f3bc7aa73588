"""The steady loop with an Application Gateway while pods come and go: few PUTs, the last wins."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bascule.controller.holdoff import HoldOff
from bascule.controller.loop import Controller, ControllerOptions
from bascule.controller.ports import ControllerPorts
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.ids import Cluster
from bascule.routing.weights import Split
from tests.support.appgw_world import AppGwWorld, appgw_site, appgw_world
from tests.support.azure_site import AzureSite
from tests.support.controller_world import FakeLastGood
from tests.support.fake_feed import FakeFeed
from tests.support.raw_objects import shop
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.waiting import eventually

CHANGES = 60
EACH_S = 0.005
QUIET_S, MAX_S = 0.02, 0.1
OPERATION_S = 0.3


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        yield found


@dataclass(kw_only=True)
class _Loop:
    """The steady loop of one gateway."""

    world: AppGwWorld
    controller: Controller
    feeds: dict[Cluster, FakeFeed]

    async def serve(self) -> None:
        """List both clusters, and return when the gateway serves them."""
        self.feeds[Cluster.GREEN].sync(*shop("10.2.0.4"))
        self.feeds[Cluster.BLUE].sync(*shop("10.1.0.4"))
        await eventually(lambda: self.world.puts and self.is_at_rest())

    def is_at_rest(self) -> bool:
        return not self.controller.view().is_pending

    async def churn(self) -> str:
        """Let blue's only pod be another one, again and again; return the last address."""
        clock, address = self.world.clock, ""
        for number in range(CHANGES):
            address = f"10.1.{number // 250}.{number % 250 + 1}"
            self.feeds[Cluster.BLUE].sync(*shop(address))
            await clock.sleep_until(clock.monotonic_s() + EACH_S)
        return address

    async def addresses(self) -> dict[str, list[str]]:
        """Return what our pools hold."""
        pools: Any = (await self.world.document())["properties"]["backendAddressPools"]
        return {
            pool["name"]: [each["ipAddress"] for each in pool["properties"]["backendAddresses"]]
            for pool in pools
            if pool["name"].startswith("bsc-pool-")
        }


def _make_loop(world: AppGwWorld, driver: AppGwDriver) -> _Loop:
    feeds = {cluster: FakeFeed() for cluster in Cluster}
    options = ControllerOptions(
        hold_off=HoldOff(quiet_s=QUIET_S, max_s=MAX_S, urgent_s=QUIET_S), cold_start_s=20.0
    )
    controller = Controller(
        ControllerPorts(driver=driver, feeds=feeds, last_good=FakeLastGood()),
        split=Split(ALL_BLUE),
        clock=world.clock,
        rng=random.Random(1),  # noqa: S311 - jitter, not a secret
        options=options,
    )
    return _Loop(world=world, controller=controller, feeds=feeds)


async def test_pods_that_come_and_go_cost_few_updates_one_at_a_time_and_the_last_wins(
    site: AzureSite, tmp_path: Path
) -> None:
    async with appgw_world(site, tmp_path) as world, world.driver() as driver:
        loop = _make_loop(world, driver)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(loop.controller.run())
            await loop.serve()
            world.slow_down(OPERATION_S)
            begun = len(world.fates())

            last = await loop.churn()
            await eventually(loop.is_at_rest)
            updates = len(world.fates()) - begun
            await loop.controller.set_split(Split(ALL_GREEN))
            pools = await loop.addresses()
            fates = world.fates()[begun:]
            task.cancel()

    assert [last] in pools.values()
    assert fates == ["Succeeded"] * (updates + 1)
    assert updates <= CHANGES / 2
