"""`switchBy: auto` against the lab's Azure over HTTPS: when it changes, and when it must not."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.settings import Limits, Mechanism
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import IngressRef
from bascule.routing.weights import Weights
from tests.support import tables
from tests.support.appgw_world import AppGwWorld, appgw_site, appgw_world
from tests.support.azure_site import AzureSite
from tests.support.tables import ALL_BLUE, ALL_GREEN

FEW = Limits(backend_pools=9)
"""Of which one is somebody else's; each host takes two by rules, and one by pools."""
SOURCES = (IngressRef(Cluster.BLUE, "shop", "web"),)
BY_POOLS = {"bascule-switch-by": "pools"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        yield found


@pytest.fixture
async def world(site: AzureSite, tmp_path: Path) -> AsyncIterator[AppGwWorld]:
    async with appgw_world(site, tmp_path) as found:
        yield found


def _open(world: AppGwWorld) -> AppGwDriver:
    return world.driver(mechanism=Mechanism.AUTO, limits=FEW)


async def _apply(
    driver: AppGwDriver, hosts: int, default: Weights = ALL_BLUE, **by_host: Weights
) -> set[str]:
    """Put so many hosts there, each with a Service of its own; return what is told of them."""
    found = []
    for number in range(hosts):
        blue, green = (
            tables.backend(cluster, f"web{number}", 8080, address=f"10.{at}.0.{number + 4}")
            for at, cluster in enumerate(Cluster, 1)
        )
        found.append(tables.host(f"h{number}", replace(tables.route(blue, green), sources=SOURCES)))
    table = tables.table(tables.route_set(found), default, by_host)
    return {each.code for each in (await driver.apply(table, EMPTY_STORE)).problems}


async def _tags(world: AppGwWorld) -> Mapping[str, Any]:
    tags: Mapping[str, Any] = (await world.document())["tags"]
    return {key: value for key, value in tags.items() if key == "bascule-switch-by"}


async def test_it_becomes_pools_in_one_put_and_rules_again_when_these_have_room_to_spare(
    world: AppGwWorld,
) -> None:
    async with _open(world) as driver:
        assert await _apply(driver, 4) == set()
        assert await _tags(world) == {}
        assert await _apply(driver, 5) == {"SwitchedByPools"}
        assert await _tags(world) == BY_POOLS
        assert world.puts == 2
        assert await _apply(driver, 4) == {"SwitchedByPools"}
        assert driver.choice is not None
        assert driver.choice.mechanism is Mechanism.POOLS
        assert await _apply(driver, 3) == set()
        assert await _tags(world) == {"bascule-switch-by": "rules"}
    assert world.puts == 4


async def test_neither_a_switch_nor_what_an_upgrade_meets_changes_it(world: AppGwWorld) -> None:
    async with _open(world) as driver:
        await _apply(driver, 5)
        assert await _apply(driver, 3, ALL_GREEN) == {"SwitchedByPools"}
        assert await _tags(world) == BY_POOLS
        assert await _apply(driver, 3, ALL_GREEN, h0=ALL_BLUE) == {"SwitchedByPools"}
        assert await _apply(driver, 2, ALL_GREEN, h0=ALL_BLUE) == {"SwitchedByPools"}
        assert await _apply(driver, 2, ALL_BLUE) == {"SwitchedByPools"}
        driver.is_moving = lambda: True
        assert await _apply(driver, 1) == {"SwitchedByPools"}
        driver.is_moving = bool
        assert await _apply(driver, 2) == set()


async def test_what_grows_beyond_the_limits_during_an_upgrade_waits_for_its_end(
    world: AppGwWorld,
) -> None:
    async with _open(world) as driver:
        await _apply(driver, 4)
        driver.is_moving = lambda: True
        assert "GatewayFull" in await _apply(driver, 5)
        assert "GatewayFull" in await _apply(driver, 5, ALL_GREEN)
        assert await _tags(world) == {}
        driver.is_moving = bool
        assert await _apply(driver, 6, ALL_GREEN) == {"SwitchedByPools"}


async def test_another_process_goes_on_by_pools_and_sends_nothing(world: AppGwWorld) -> None:
    async with _open(world) as driver:
        await _apply(driver, 5)
        await _apply(driver, 4)
    puts = world.puts

    async with _open(world) as driver:
        assert await _apply(driver, 4) == {"SwitchedByPools"}

    assert world.puts == puts
