"""A process without a last good table moves traffic though Azure refuses the new one."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bascule.errors import DriverError
from bascule.gateway.appgw.errors import HeldStillError
from bascule.gateway.driver import Convergence
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE, Certificate
from bascule.routing.model import Host, IngressRef, RouteSet
from bascule.routing.weights import Split
from tests.support import pki, tables
from tests.support.appgw_world import AppGwWorld, appgw_site, appgw_world
from tests.support.azure_site import AzureSite
from tests.support.tables import ALL_BLUE, ALL_GREEN

HOST, NEW = "shop.example.com", "api.example.com"
WEB = IngressRef(Cluster.GREEN, "shop", "web")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        yield found


@pytest.fixture
async def world(site: AzureSite, tmp_path: Path) -> AsyncIterator[AppGwWorld]:
    async with appgw_world(site, tmp_path) as found:
        yield found
        site.azure.admin.faults.clear()


def _host(name: str, pair: Certificate | None = None) -> Host:
    blue = tables.backend(Cluster.BLUE, "web", 8080, address="10.1.0.4")
    green = tables.backend(Cluster.GREEN, "web", 8080, address="10.2.0.4")
    route = replace(tables.route(blue, green), sources=(WEB,))
    return tables.host(name, route, certificate=pair)


def _routes(*hosts: Host) -> RouteSet:
    return tables.route_set(hosts)


async def test_a_rollback_goes_through_without_the_new_host_that_azure_refuses(
    world: AppGwWorld,
) -> None:
    async with world.driver() as driver:
        await driver.apply(tables.table(_routes(_host(HOST)), ALL_GREEN), EMPTY_STORE)
    routes, puts = _routes(_host(HOST), _host(NEW)), world.puts

    async with world.driver() as driver:
        driver.is_moving = lambda: True
        world.refuse_next_put("Something is wrong.")
        with pytest.raises(HeldStillError):
            await driver.apply(tables.table(routes, ALL_GREEN), EMPTY_STORE)
        world.refuse_next_put("Something is wrong.")
        back = await driver.apply(tables.table(routes, ALL_BLUE), EMPTY_STORE)
        observed = await driver.observe()

    assert (back.is_split_only, observed.split) == (True, Split(ALL_BLUE))
    assert observed.convergence is Convergence.CONVERGED
    assert observed.table_digest == back.table_digest
    assert [(each.code, each.name) for each in back.problems] == [("RefusedByAzure", "web")]
    assert world.puts == puts + 1


async def test_a_served_host_with_a_useless_certificate_stops_no_switch_to_and_fro(
    world: AppGwWorld,
) -> None:
    good, bad = pki.Authority("shop").certify(HOST), pki.certify_by_ed25519(HOST)
    async with world.driver() as driver:
        routes = _routes(_host(HOST, good), _host(NEW))
        await driver.apply(tables.table(routes), tables.store(good))
    before = (await world.document())["properties"]

    async with world.driver() as driver:
        routes = _routes(_host(HOST, bad), _host(NEW))
        for split in (ALL_GREEN, ALL_BLUE):
            await driver.apply(tables.table(routes, split), tables.store(bad))
            assert (await driver.observe()).split == Split(split)
        with pytest.raises(DriverError, match="which is served, is of no use"):
            await driver.apply(tables.table(_routes(_host(HOST, bad))), tables.store(bad))

    after = (await world.document())["properties"]
    assert [each["name"] for each in after["httpListeners"]] == [
        each["name"] for each in before["httpListeners"]
    ]
