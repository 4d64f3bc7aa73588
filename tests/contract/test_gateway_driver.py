"""What every gateway driver must do: the cases of `scripts.driver_contract`, on each of them.

Run against a real Envoy, the lab's Application Gateway with its live data plane, the fake, and
Envoys behind a gateway, both of which are fakes. `make azure-real` runs them on Azure itself.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from typing_extensions import override

from bascule.app.clock import SystemClock
from bascule.app.gateways.front import Tier
from bascule.app.gateways.tier_driver import Manner, TierDriver
from bascule.controller.holdoff import HoldOff
from bascule.gateway.driver import Applied, Convergence
from bascule.kube.backoff import Backoff
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable
from scripts.driver_contract.cases import ARRANGED_BY_HOST, CASES, Case
from tests.support.appgw_world import appgw_site, appgw_world
from tests.support.azure_site import AzureSite
from tests.support.driver_ground import FixedTraffic, Ground, make_fake_ground, make_routes
from tests.support.envoy_world import envoy_world
from tests.support.fake_driver import FakeDriver
from tests.support.network import free_port
from tests.support.waiting import eventually

TIER = Tier(listen="127.0.0.1", port=8080, addresses=("127.0.0.2",))
MANNER = Manner(
    hold_off=HoldOff(quiet_s=0.0, max_s=0.0, urgent_s=0.0),
    retry=Backoff(),
    rng=Random(1),  # noqa: S311 - it must be the same every time
)


class SettledTier(TierDriver):
    """Returns from `apply` once the gateway in front has followed too, for which nobody waits."""

    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        applied = await super().apply(table, certificates)
        await eventually(self._has_followed)
        return applied

    async def _has_followed(self) -> bool:
        return (await self.observe()).convergence is Convergence.CONVERGED


@asynccontextmanager
async def _open_bench(ground: str | AzureSite, state: Path) -> AsyncIterator[Ground]:
    port = free_port()
    routes, other = make_routes(port)
    if isinstance(ground, AzureSite):
        async with (
            appgw_world(ground, state) as azure,
            azure.driver(FixedTraffic(), http_port=port) as driver,
        ):
            yield Ground(
                driver=driver,
                routes=routes,
                other_routes=other,
                azure=azure,
                arranged=ARRANGED_BY_HOST,
            )
    elif ground == "fake":
        yield make_fake_ground(FakeDriver(SystemClock()))
    elif ground == "tier":
        envoys, front = FakeDriver(SystemClock()), FakeDriver(SystemClock())
        tier = SettledTier(envoys, front, TIER, clock=SystemClock(), manner=MANNER)
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(tier.keep_front())
            yield Ground(driver=tier, routes=routes, other_routes=other, fake=envoys)
            keeping.cancel()
    else:
        async with envoy_world(state) as world:
            yield Ground(driver=world.driver, routes=routes, other_routes=other)


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    with appgw_site(tmp_path_factory.mktemp("azure"), is_live=True) as site:
        yield site


@pytest.fixture(
    params=["fake", "tier", "envoy", pytest.param("appgw", marks=pytest.mark.timeout(240))]
)
def ground(request: pytest.FixtureRequest) -> str | AzureSite:
    if request.param != "appgw":
        return str(request.param)
    # Other tests may have the machine's one place for an Azure: hence the time-out.
    found: AzureSite = request.getfixturevalue("azure")
    return found


@pytest.fixture
async def bench(ground: str | AzureSite, tmp_path: Path) -> AsyncIterator[Ground]:
    async with _open_bench(ground, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=[case.text.replace(" ", "_") for case in CASES])
async def test_a_driver_holds_its_contract(bench: Ground, case: Case) -> None:
    await case.check(bench)
