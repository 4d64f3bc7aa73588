"""A controller with fakes around it, running while it is entered."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from bascule.controller.holdoff import HoldOff
from bascule.controller.loop import Controller, ControllerOptions
from bascule.controller.ports import ControllerPorts
from bascule.errors import BasculeError
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Problem, RouteSet, RoutingTable
from bascule.routing.weights import Split, Weights
from bascule.storage.last_good import LastGood, NoLastGood
from tests.support.fake_driver import FakeDriver
from tests.support.fake_feed import FakeFeed
from tests.support.raw_objects import shop
from tests.support.virtual_clock import VirtualClock
from tests.support.waiting import eventually

ALL_BLUE = Split(Weights.all_to(Cluster.BLUE))
ALL_GREEN = Split(Weights.all_to(Cluster.GREEN))
HALVES = Split(Weights(5_000))


class FakeLastGood:
    """Implements `bascule.controller.ports.LastGoodStore`."""

    def __init__(self, found: LastGood | None = None) -> None:
        self.found = found
        self.stored: list[LastGood] = []
        self.failures: list[BasculeError] = []

    def load(self) -> LastGood | NoLastGood:
        return self.found or NoLastGood("nothing has been acknowledged yet")

    def store(self, table: RoutingTable, certificates: CertificateStore) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.stored.append(LastGood(table=table, certificates=certificates))


class FakeReporter:
    """Implements `bascule.controller.report.Reporter`."""

    def __init__(self) -> None:
        self.problems: tuple[Problem, ...] = ()
        self.gateway_problems: tuple[Problem, ...] = ()
        self.applied: list[RouteSet] = []

    def tell_problems(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)

    def tell_applied(self, routes: RouteSet, problems: Iterable[Problem] = ()) -> None:
        self.applied.append(routes)
        self.gateway_problems = tuple(problems)

    async def keep_reported(self) -> None:
        await asyncio.Event().wait()


@dataclass(slots=True)
class ControllerWorld:
    """What the tests steer and look at. Time passes only when `pass_time` says so."""

    clock: VirtualClock
    driver: FakeDriver
    blue: FakeFeed
    green: FakeFeed
    last_good: FakeLastGood
    reporter: FakeReporter
    controller: Controller
    options: ControllerOptions = field(default_factory=ControllerOptions)

    async def pass_time(self, seconds: float = 0.2) -> None:
        await self.clock.advance(seconds)

    async def until(self, condition: Callable[[], object], *, step_s: float = 0.05) -> None:
        """Let time pass in steps until `condition` holds: builds run in real threads."""

        async def check() -> object:
            await self.clock.advance(step_s)
            return condition()

        await eventually(check)

    @property
    def pushed(self) -> list[RoutingTable]:
        return [call.table for call in self.driver.calls]


def make_world(
    *,
    split: Split = ALL_BLUE,
    found: LastGood | None = None,
    cold_start_s: float = 10.0,
    arrangement: Arrangement = NOTHING_ARRANGED,
    retired: frozenset[Cluster] = frozenset(),
) -> ControllerWorld:
    clock = VirtualClock()
    driver, blue, green = FakeDriver(clock), FakeFeed(), FakeFeed()
    last_good, reporter = FakeLastGood(found), FakeReporter()
    options = ControllerOptions(
        hold_off=HoldOff(), cold_start_s=cold_start_s, arrangement=arrangement, retired=retired
    )
    controller = Controller(
        ControllerPorts(
            driver=driver,
            feeds={Cluster.BLUE: blue, Cluster.GREEN: green},
            last_good=last_good,
            reporters=(reporter,),
        ),
        split=split,
        clock=clock,
        rng=random.Random(1),  # noqa: S311 - jitter, not a secret
        options=options,
    )
    return ControllerWorld(
        clock=clock,
        driver=driver,
        blue=blue,
        green=green,
        last_good=last_good,
        reporter=reporter,
        controller=controller,
        options=options,
    )


@asynccontextmanager
async def running(world: ControllerWorld) -> AsyncIterator[ControllerWorld]:
    """Run the controller of `world` until the block ends."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.controller.run())
        try:
            yield world
        finally:
            task.cancel()


async def served(world: ControllerWorld) -> None:
    """Bring the world to rest with both clusters listed and served."""
    world.blue.sync(*shop("127.64.0.1"))
    world.green.sync(*shop("127.65.0.1"))
    await world.until(lambda: world.pushed and not world.controller.view().is_pending)


def endpoints_of(table: RoutingTable, cluster: Cluster) -> list[str]:
    """Return the addresses that `table` sends requests of `cluster` to, sorted."""
    backends = [b for b in table.routes.backends if b.cluster is cluster]
    return sorted(e.address for b in backends for e in b.endpoints)


def as_found(table: RoutingTable, certificates: CertificateStore) -> LastGood:
    """Return a table as it is found after a restart."""
    return LastGood(table=replace(table), certificates=certificates)
