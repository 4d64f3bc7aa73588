"""Somebody takes a listener out of the gateway before Envoys: it shows, and it comes back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bascule.app.gateways.front import Tier
from bascule.app.gateways.putting_back import PutsBack
from bascule.app.gateways.tier_driver import LOOK_EVERY_S, TierDriver
from bascule.gateway.driver import Convergence, Observation
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.upgrade.changing import is_live
from tests.support import tables
from tests.support.appgw_world import AppGwWorld, appgw_site, appgw_world
from tests.support.azure_site import AzureSite
from tests.support.fake_driver import FakeDriver
from tests.support.tiers import AT_ONCE
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

ENVOYS = Tier(listen="127.0.0.1", port=8080, addresses=("10.1.9.4",))
KINDS = ("httpListeners", "requestRoutingRules")
LISTENER = "bsc-listener-80-a.example.com"
PODS = (tables.backend(cluster, "web", 80) for cluster in Cluster)
TABLE = tables.table(tables.route_set([tables.host("a.example.com", tables.route(*PODS))]))
LOOKS = 5


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        yield found


@dataclass(slots=True)
class Front:
    """A gateway before Envoys that serves the table, and somebody else who writes it too."""

    world: AppGwWorld
    tier: TierDriver
    clock: VirtualClock  # so that looks come when they are told to
    is_moving: bool = False

    async def wait_for(self, convergence: Convergence) -> Observation:
        async def is_seen() -> bool:
            await self.clock.advance(LOOK_EVERY_S)
            return (await self.tier.observe()).convergence is convergence

        await eventually(is_seen)
        return await self.tier.observe()

    async def take_out(self) -> None:
        document = await self.world.document()
        for kind in KINDS:
            kept = [e for e in document["properties"][kind] if not e["name"].startswith("bsc-")]
            document["properties"][kind] = kept
        await self.world.change(document)

    async def looks_as_before(self) -> bool:
        await self.clock.advance(LOOK_EVERY_S)
        return await self.has_listener()

    async def has_listener(self) -> bool:
        document = await self.world.document()
        return LISTENER in {each["name"] for each in document["properties"]["httpListeners"]}


@asynccontextmanager
async def serving(site: AzureSite, directory: Path) -> AsyncIterator[Front]:
    clock = VirtualClock()
    async with appgw_world(site, directory) as world, world.driver() as driver:
        back = PutsBack(driver, clock=clock, retry=AT_ONCE.retry, rng=AT_ONCE.rng)
        tier = TierDriver(FakeDriver(clock), back, ENVOYS, clock=clock, manner=AT_ONCE)
        front = Front(world, tier, clock)
        back.is_moving = lambda: front.is_moving
        async with asyncio.TaskGroup() as group:
            keeping = [group.create_task(each()) for each in (tier.keep_front, back.keep_put_back)]
            await tier.apply(TABLE, EMPTY_STORE)
            await front.wait_for(Convergence.CONVERGED)
            yield front
            for each in keeping:
                each.cancel()


async def test_what_somebody_takes_out_in_front_is_put_back_by_itself(
    site: AzureSite, tmp_path: Path
) -> None:
    async with serving(site, tmp_path) as front:
        before = front.world.puts
        await front.take_out()
        was_there = await front.has_listener()
        await eventually(front.looks_as_before)
        seen = await front.wait_for(Convergence.CONVERGED)
        puts = front.world.puts - before

    assert not was_there
    assert is_live(seen, TABLE.split)
    assert puts == 2  # theirs, and ours


async def test_while_traffic_moves_it_shows_and_is_left_and_put_back_after_that(
    site: AzureSite, tmp_path: Path
) -> None:
    async with serving(site, tmp_path) as front:
        front.is_moving = True
        await front.take_out()
        seen = await front.wait_for(Convergence.FOREIGN_CHANGE)
        for _ in range(LOOKS):
            await front.wait_for(Convergence.FOREIGN_CHANGE)
        was_left = not await front.has_listener()
        front.is_moving = False
        await front.wait_for(Convergence.CONVERGED)
        is_back = await front.has_listener()

    assert seen.reason.startswith("the gateway in front: what is ours on the gateway is not as it")
    assert LISTENER in seen.reason
    assert is_live(seen, TABLE.split)
    assert was_left
    assert is_back
