"""A bench for the contract of gateway drivers: over fakes, an Envoy, or a lab's gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bascule.errors import DriverError
from bascule.gateway.driver import ClusterTraffic, GatewayDriver, Histogram
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement
from bascule.routing.model import RouteSet
from scripts.driver_contract.bench import build_routes
from scripts.driver_contract.cases import ARRANGED
from tests.support.appgw_world import AppGwWorld
from tests.support.fake_driver import FakeDriver
from tests.support.network import free_port

ADDRESSES = dict.fromkeys(Cluster, "127.0.0.1")
MEASURED = ClusterTraffic(
    requests_total=0,
    requests_active=0,
    endpoints_healthy=1,
    failures_total=0,
    completed_total=0,
    abandoned_total=0,
    latency=Histogram(bounds_ms=(1.0, 5.0), counts=(0, 0, 0)),
)


@dataclass(slots=True, kw_only=True)
class Ground:
    """Implements `scripts.driver_contract.bench.Bench`."""

    driver: GatewayDriver
    routes: RouteSet
    other_routes: RouteSet
    fake: FakeDriver | None = None
    azure: AppGwWorld | None = None
    arranged: Arrangement = ARRANGED

    async def prepare_refusal(self) -> RouteSet:
        """Return routes that no Envoy takes; the others are told to say no."""
        if self.fake is not None:
            self.fake.fail_next(DriverError("refused"))
        if self.azure is not None:
            self.azure.refuse_next_put()
        address = "nowhere" if self.azure is None else "127.0.0.2"
        port = self.routes.listeners[0].port
        return build_routes("/", addresses={Cluster.BLUE: address}, port=port)

    async def break_off(self, call: Callable[[], Awaitable[object]]) -> None:
        """Break it off at once; the fake is kept in the middle of it."""

        async def begin() -> None:
            await call()

        if self.fake is not None:
            self.fake.hold()
        async with asyncio.TaskGroup() as tasks:
            begun = tasks.create_task(begin())
            await asyncio.sleep(0)
            begun.cancel()
        if self.fake is not None:
            self.fake.release()

    def prepare_figures(self) -> None:
        """Let the fake tell of figures; the others have them."""
        if self.fake is not None:
            self.fake.traffic = dict.fromkeys(Cluster, MEASURED)


class FixedTraffic:
    """Counts the same for both clusters."""

    async def read(self) -> Mapping[Cluster, ClusterTraffic]:
        return dict.fromkeys(Cluster, MEASURED)


def make_routes(port: int) -> tuple[RouteSet, RouteSet]:
    """Return the routes of a bench, and the other ones."""
    return (
        build_routes("/", addresses=ADDRESSES, port=port),
        build_routes("/other", "/", addresses=ADDRESSES, port=port),
    )


def make_fake_ground(driver: FakeDriver) -> Ground:
    """Return a bench of a fake."""
    routes, other = make_routes(free_port())
    return Ground(driver=driver, routes=routes, other_routes=other, fake=driver)
