"""The real az adds pools to a gateway all the while we switch and roll back: nothing gets lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bascule.app.clock import SystemClock
from bascule.azure.opening import open_azure
from bascule.errors import DriverError, ForeignChangeError, OutcomeUnknownError
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.operations import FileOperationLog
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.writer import GatewayWriter
from bascule.gateway.driver import Convergence
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.weights import Split, Weights
from tests.az.test_az_network import CREATE, GROUP, PARTS
from tests.support import tables
from tests.support.gateway_lab import OWNS
from tests.support.network import free_port
from tests.support.real_az import RealAz, azure_lab
from tests.support.tables import ALL_BLUE, ALL_GREEN
from tests.support.waiting import eventually

HOST = "shop.example.com"
POOLS = 8
TRIES_MAX = 20
POOL = ("network", "application-gateway", "address-pool")


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAz]:
    """A lab with a network and a gateway, made by az."""
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        az.run("group", "create", "-n", "AKS_Upgrade", "-l", "ChinaNorth2")
        az.run(
            *("network", "vnet", "create", "-n", "AksVnet", *GROUP, "-l", "ChinaNorth2"),
            *("--address-prefix", "10.0.0.0/8"),
            *("--subnet-name", "AppGwSubnet", "--subnet-prefix", "10.1.0.0/16"),
        )
        az.run(
            *("network", "public-ip", "create", "-n", "AppGatewayIp", *GROUP),
            *("--allocation-method", "Static", "--sku", "Standard"),
        )
        az.run(*CREATE, "--priority", "100")
        yield az


@asynccontextmanager
async def _driver(az: RealAz, directory: Path, port: int) -> AsyncIterator[AppGwDriver]:
    environ, clock = az.environment, SystemClock()
    gateway_id = (
        f"/subscriptions/{environ['AZURE_SUBSCRIPTION_ID']}/resourceGroups/AKS_Upgrade"
        "/providers/Microsoft.Network/applicationGateways/AppGateway"
    )
    cloud = environ["AZURE_RESOURCE_MANAGER_ENDPOINT"]
    async with open_azure(environ, clock=clock, cloud=cloud) as opened:
        writer = GatewayWriter(
            opened.client,
            gateway_id,
            clock=clock,
            operations=FileOperationLog(directory / "operations.json"),
            owns=OWNS,
            fence=lambda: None,
        )
        settings = AppGwSettings(gateway_id=gateway_id, owner=OWNS.owner, http_port=port)
        async with AppGwDriver(
            writer=writer, settings=settings, owns=OWNS, clock=clock, fence=lambda: None
        ) as driver:
            yield driver


async def _bring(driver: AppGwDriver, weights: Weights, port: int) -> None:
    """Have all traffic go there, trying again where az took the place of what we sent."""
    blue = tables.backend(Cluster.BLUE, "web", 8080, address="10.240.0.4")
    green = tables.backend(Cluster.GREEN, "web", 8080, address="10.241.0.4")
    routes = tables.route_set([tables.host(HOST, tables.route(blue, green))], port=port)
    for _ in range(TRIES_MAX):
        try:
            await driver.apply(tables.table(routes, weights), EMPTY_STORE)
        except (DriverError, ForeignChangeError, OutcomeUnknownError):
            continue
        return
    raise AssertionError(f"the gateway was not written in {TRIES_MAX} tries")


@pytest.mark.timeout(300)
async def test_pools_that_az_adds_while_we_switch_are_all_there_and_ours_ends_right(
    az: RealAz, tmp_path: Path
) -> None:
    added: list[str] = []
    port, switches = free_port(), 0

    def add_pools() -> None:
        for number in range(POOLS):
            name = f"theirs-{number}"
            az.run(*POOL, "create", *PARTS, "--name", name, "--servers", f"10.240.9.{number + 1}")
            added.append(name)

    async with _driver(az, tmp_path, port) as driver:
        await _bring(driver, ALL_BLUE, port)
        async with asyncio.TaskGroup() as group:
            adding = group.create_task(asyncio.to_thread(add_pools))
            while not adding.done():
                await _bring(driver, ALL_GREEN if switches % 2 == 0 else ALL_BLUE, port)
                switches += 1
        await _bring(driver, ALL_GREEN, port)

        async def is_right() -> bool:
            seen = await driver.observe()
            return seen.convergence is Convergence.CONVERGED and seen.split == Split(ALL_GREEN)

        await eventually(is_right)

    there = {each["name"] for each in az.ask(*POOL, "list", *PARTS)}
    assert len(added) == POOLS
    assert there >= set(added)
    assert switches > 1
