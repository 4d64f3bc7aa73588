"""An Application Gateway before two Envoys, one of which dies and comes back while it serves.

The Envoys are played: what counts is what the gateway in front makes of their deaths.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bascule.app.gateways.front import PROBE_HOST, Tier
from bascule.app.gateways.tier_driver import TierDriver
from bascule.gateway.driver import Convergence
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from tests.support import arm_backends, tables
from tests.support.appgw_world import AppGwWorld, appgw_site, appgw_world
from tests.support.arm_backends import Backend
from tests.support.azure_site import AzureSite
from tests.support.network import free_port
from tests.support.tiers import make_tier
from tests.support.waiting import eventually

HOST = "shop.example.com"
PORT = 9_080
ONE, OTHER = arm_backends.BLUE, arm_backends.GREEN
ASKED = 20
NOT_FOUND = 404

pytestmark = pytest.mark.timeout(240)  # other tests may have the machine's one place for an Azure


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure"), is_live=True) as site:
        yield site


@dataclass(slots=True, kw_only=True)
class World:
    """Who stands before the gateway, and what it leads to."""

    azure: AppGwWorld
    tier: TierDriver
    port: int

    async def answering(self) -> set[str]:
        """Return who answers some requests: names, and codes of what was no answer."""
        asked = [
            arm_backends.ask(host=HOST, address=self.azure.address, port=self.port)
            for _ in range(ASKED)
        ]
        answers = await asyncio.gather(*asked)
        return {each.body["name"] if each.body else str(each.status) for each in answers}

    async def has_converged(self) -> bool:
        return (await self.tier.observe()).convergence is Convergence.CONVERGED

    async def until(self, *names: str) -> None:
        """Return once these answer, and nobody else."""

        async def do_answer() -> bool:
            return await self.answering() == {*names}

        await eventually(do_answer)


def play(name: str, address: str) -> Backend:
    """Return an Envoy: it knows no host of its own, and says so to probes."""
    return Backend(name=name, address=address, port=PORT, health=NOT_FOUND)


@asynccontextmanager
async def standing(azure: AzureSite, directory: Path) -> AsyncIterator[World]:
    """Yield a gateway that leads one host to two Envoys, none of which is there yet."""
    async with appgw_world(azure, directory) as world:
        port = free_port(world.address)
        async with world.driver(http_port=port) as front, asyncio.TaskGroup() as group:
            places = Tier(listen="127.0.0.1", port=PORT, addresses=(ONE, OTHER))
            tier = make_tier(front, places)
            keeping = group.create_task(tier.keep_front())
            yield World(azure=world, tier=tier, port=port)
            keeping.cancel()


async def test_an_envoy_that_dies_is_left_out_until_it_is_back_and_nothing_is_written(
    azure: AzureSite, tmp_path: Path
) -> None:
    pods = (tables.backend(cluster, "web", 80) for cluster in Cluster)
    routes = tables.route_set([tables.host(HOST, tables.route(*pods))])
    async with standing(azure, tmp_path) as world, AsyncExitStack() as one:
        first = await one.enter_async_context(play("one", ONE))
        async with play("other", OTHER):
            await world.tier.apply(tables.table(routes), EMPTY_STORE)
            await eventually(world.has_converged)
            await world.until("one", "other")
            written = world.azure.puts

            await one.aclose()
            await world.until("other")
            while_it_is_dead = await world.answering()
            async with play("one again", ONE):
                await world.until("one again", "other")

    assert while_it_is_dead == {"other"}
    assert world.azure.puts == written
    assert {each.headers["host"].partition(":")[0] for each in first.probes} == {PROBE_HOST}
