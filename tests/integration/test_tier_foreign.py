"""Somebody takes a listener out of the gateway before Envoys: it shows, and a restart mends it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bascule.app.gateways.front import Tier
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
PODS = (tables.backend(cluster, "web", 80) for cluster in Cluster)
TABLE = tables.table(tables.route_set([tables.host("a.example.com", tables.route(*PODS))]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        yield found


async def look(world: AppGwWorld, *, is_changed: bool) -> Observation:
    """Return what a runtime that has just begun sees; `is_changed`: by somebody else meanwhile."""
    clock = VirtualClock()  # so that looks come when they are told to

    async with world.driver() as front, asyncio.TaskGroup() as group:
        tier = TierDriver(FakeDriver(clock), front, ENVOYS, clock=clock, manner=AT_ONCE)

        async def is_seen(convergence: Convergence) -> bool:
            await clock.advance(LOOK_EVERY_S)
            return (await tier.observe()).convergence is convergence

        keeping = group.create_task(tier.keep_front())
        await tier.apply(TABLE, EMPTY_STORE)
        await eventually(lambda: is_seen(Convergence.CONVERGED))
        if is_changed:
            await take_out(world)
            await eventually(lambda: is_seen(Convergence.FOREIGN_CHANGE))
        seen = await tier.observe()
        keeping.cancel()
    return seen


async def take_out(world: AppGwWorld) -> None:
    document = await world.document()
    for kind in KINDS:
        kept = [e for e in document["properties"][kind] if not e["name"].startswith("bsc-")]
        document["properties"][kind] = kept
    await world.change(document)


async def test_what_somebody_takes_out_in_front_shows_and_a_restart_puts_it_back(
    site: AzureSite, tmp_path: Path
) -> None:
    async with appgw_world(site, tmp_path) as world:
        seen = await look(world, is_changed=True)
        again = await look(world, is_changed=False)
        document = await world.document()

    assert seen.reason.startswith("the gateway in front: what is ours on the gateway is not as it")
    assert "bsc-listener-80-a.example.com" in seen.reason
    assert is_live(seen, TABLE.split)
    assert again.convergence is Convergence.CONVERGED
    names = {each["name"] for each in document["properties"]["httpListeners"]}
    assert "bsc-listener-80-a.example.com" in names
