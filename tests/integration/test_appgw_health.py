"""A gateway of the lab that serves is asked how it finds the backends of a cluster it may go to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bascule.app.gateways.probing import BackendDesk
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.health import ArmAsking
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import Backend, Endpoint, RoutingTable
from bascule.upgrade.ports import Asked
from bascule.upgrade.run.asking import FRESH_S
from tests.support import tables
from tests.support.appgw_storm_site import BACKEND_PORT, StormSite, live_site
from tests.support.gateway_lab import OWNS
from tests.support.site import HOST
from tests.support.tables import ALL_BLUE
from tests.support.waiting import eventually

FACTOR = 100.0
NOBODY_PORT = 9011
"""Where nothing listens."""
POOL = "bsc-pool-green_shop_web_http"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A gateway that sends all requests to blue, and who asks it of green."""

    site: StormSite
    driver: AppGwDriver
    desk: BackendDesk

    async def have_green_on(self, port: int) -> None:
        table = self._table(self._backend(Cluster.BLUE, BACKEND_PORT), port)
        await self.driver.apply(table, EMPTY_STORE)

    async def answer(self) -> Asked:
        """Return what is answered for a question of now."""
        clock = self.site.clock
        await clock.sleep_until(clock.monotonic_s() + FRESH_S + 1.0)
        await eventually(lambda: not self._ask().is_awaited)
        return self._ask()

    def _ask(self) -> Asked:
        return self.desk.ask(Cluster.GREEN, lambda host: host == HOST, within_s=FRESH_S)

    def _table(self, blue: Backend, port: int) -> RoutingTable:
        green = self._backend(Cluster.GREEN, port)
        host = tables.host(HOST, tables.route(blue, green))
        return tables.table(tables.route_set([host], port=self.site.port), ALL_BLUE)

    def _backend(self, cluster: Cluster, port: int) -> Backend:
        endpoints = tuple(Endpoint(each, port) for each in self.site.servers[cluster])
        return replace(tables.backend(cluster, "web", port), endpoints=endpoints)


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[World]:
    async with live_site(directory, 3, "honour", factor=FACTOR) as site:
        lab = site.lab
        settings = AppGwSettings(gateway_id=lab.gateway_id, owner=OWNS.owner, http_port=site.port)
        driver = AppGwDriver(
            writer=lab.make_writer(),
            settings=settings,
            owns=OWNS,
            clock=site.clock,
            fence=lambda: None,
        )
        desk = BackendDesk(ArmAsking(lab.client), settings, site.clock)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(desk.run())
            yield World(site=site, driver=driver, desk=desk)
            task.cancel()


@pytest.mark.timeout(240)  # other tests may have the machine's one place for an Azure
async def test_a_green_that_the_gateway_does_not_reach_is_told_before_any_request_goes_there(
    tmp_path: Path,
) -> None:
    async with world(tmp_path / "lab") as lab:
        await lab.have_green_on(NOBODY_PORT)
        sick = await lab.answer()
        await lab.have_green_on(BACKEND_PORT)
        well = await lab.answer()

    addresses = ", ".join(lab.site.servers[Cluster.GREEN])
    assert sick.sick.startswith(f"{POOL} ({addresses}): Cannot connect to backend server.")
    assert well == Asked()
