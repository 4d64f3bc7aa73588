"""What a runtime opens puts back what somebody takes out, once it looks, if no traffic moves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bascule.app.clock import SystemClock
from bascule.app.gateways.appgw import AppGwHome, prepare_appgw
from bascule.app.gateways.tier import prepare_tier
from bascule.app.metering import MeteredDriver
from bascule.app.state_dir import StateDir
from bascule.gateway.driver import Convergence
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.weights import Split
from bascule.spec.appgw import AppGwEnvoyGateway, AppGwGateway
from bascule.spec.load import parse_gateway
from tests.support import tables
from tests.support.appgw_world import GATEWAY, AppGwWorld, appgw_site, appgw_world
from tests.support.azure_site import GROUP, AzureSite
from tests.support.waiting import eventually

FILE = """
name: shop
clusters:
  blue: {{kubeconfig: one, context: old}}
  green: {{kubeconfig: one, context: new}}
listeners: [{{name: http, address: 203.0.113.7, port: 80}}]
gateway: {{cloud: "{cloud}", resourceGroup: {group}, name: {gateway}, {kind}}}
"""
PLAIN = "type: appgw"
TIER = "type: appgw+envoy, envoys: {addresses: [10.1.9.4]}"
LISTENER = "bsc-listener-80-a.example.com"
PODS = (tables.backend(cluster, "web", 80) for cluster in Cluster)
TABLE = tables.table(tables.route_set([tables.host("a.example.com", tables.route(*PODS))]))
LONG_S = 5.0
LOOKS = 20
"""Each takes a request, and putting back takes five."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure")) as found:
        yield found


@dataclass(slots=True)
class Shared:
    """A gateway that serves the table, as a runtime holds it open."""

    world: AppGwWorld
    driver: MeteredDriver
    is_moving: bool = False

    async def take_out(self) -> None:
        """Do as somebody else does who knows nothing of us."""
        document = await self.world.document()
        for kind in ("httpListeners", "requestRoutingRules"):
            kept = [e for e in document["properties"][kind] if not e["name"].startswith("bsc-")]
            document["properties"][kind] = kept
        await self.world.change(document)

    async def is_seen(self) -> bool:
        return (await self.driver.observe()).convergence is Convergence.FOREIGN_CHANGE

    async def has_come_back(self) -> bool:
        seen = await self.driver.observe()
        document = await self.world.document()
        names = {each["name"] for each in document["properties"]["httpListeners"]}
        return seen.convergence is Convergence.CONVERGED and LISTENER in names


@asynccontextmanager
async def opened(site: AzureSite, directory: Path, kind: str) -> AsyncIterator[Shared]:
    text = FILE.format(cloud=site.url, group=GROUP, gateway=GATEWAY[1], kind=kind)
    gateway = parse_gateway(text, "gateway.yaml")
    spec = gateway.gateway
    environ = site.environment(site.owner)
    state_dir = StateDir(directory / "state")
    state_dir.path.mkdir(mode=0o700)
    home = AppGwHome(environ=environ, state_dir=state_dir, clock=SystemClock())
    if isinstance(spec, AppGwEnvoyGateway):
        opener = prepare_tier(gateway, spec, home, elsewhere=None)
    else:
        assert isinstance(spec, AppGwGateway)
        opener = prepare_appgw(gateway, spec, home)
    async with appgw_world(site, directory) as world, opener(lambda: None) as found:
        assert found.shared is not None
        shared = Shared(world, found.shared)
        found.follow_upgrade(lambda: shared.is_moving)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(found.watch())
            await shared.driver.apply(TABLE, EMPTY_STORE)
            yield shared
            watching.cancel()


@pytest.mark.parametrize("kind", [PLAIN, TIER])
async def test_what_is_taken_out_comes_back_once_no_traffic_moves(
    site: AzureSite, tmp_path: Path, kind: str
) -> None:
    async with opened(site, tmp_path, kind) as shared:
        before = shared.world.puts
        shared.is_moving = True
        await shared.take_out()
        await eventually(shared.is_seen)
        have_come_back = [await shared.has_come_back() for _ in range(LOOKS)]
        meanwhile = shared.world.puts
        shared.is_moving = False
        await eventually(shared.has_come_back)
        after = shared.world.puts

    assert not any(have_come_back)
    assert (meanwhile - before, after - before) == (1, 2)  # theirs, and ours
    assert shared.driver.figures.foreign


async def test_a_switch_takes_the_place_of_what_is_being_put_back(
    site: AzureSite, tmp_path: Path
) -> None:
    async with opened(site, tmp_path, PLAIN) as shared:
        await shared.take_out()
        before = shared.world.puts
        shared.world.slow_down(LONG_S)
        await eventually(shared.is_seen)
        await eventually(lambda: shared.world.puts > before)
        site.azure.admin.faults.clear()
        await shared.driver.apply(tables.table(TABLE.routes, tables.ALL_GREEN), EMPTY_STORE)
        seen = await shared.driver.observe()
        fates = shared.world.fates()[-2:]

    assert fates == ["Canceled", "Succeeded"]
    assert (seen.convergence, seen.split) == (Convergence.CONVERGED, Split(tables.ALL_GREEN))
