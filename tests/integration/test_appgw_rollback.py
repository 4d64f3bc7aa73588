"""A rollback while somebody else's slow operation runs on the gateway, from order to PUT."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any, cast

from typing_extensions import override

from bascule.app.traffic import CallBack, ControllerTraffic
from bascule.controller.loop import Controller
from bascule.controller.ports import ControllerPorts
from bascule.controller.pusher import Pusher, Wanted
from bascule.gateway.appgw.driver import AppGwDriver
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.ids import Cluster, CommandId
from bascule.routing.certificates import EMPTY_STORE
from bascule.upgrade.events import Result
from bascule.upgrade.executor import Executor, Ports
from bascule.upgrade.ledger import open_history
from bascule.upgrade.pace import pace_of_operations
from bascule.upgrade.readiness import TrafficView
from bascule.upgrade.signals import RollBack, Signal, Switch, build_command
from bascule.upgrade.state import Outcome
from tests.support.controller_world import FakeLastGood
from tests.support.fake_journal import FakeDisk, FakeJournal
from tests.support.fake_platform import FakePlatform
from tests.support.fake_run import FakeChecks, FakeHooks, FakeMetrics
from tests.support.fake_traffic import ClockBell, FakeWitness
from tests.support.gateway_lab import OWNS, GatewayLab, gateway_lab, pools_of
from tests.support.orders import BLUE, GREEN, order, shop_routes, view

SLOW_S = 500.0
PORT = 8_081
"""On which AGIC does not listen."""


class _Traffic(ControllerTraffic):
    """As of a controller that knows both clusters whole."""

    @override
    def view(self) -> TrafficView:
        return view()


class _AtOnce(ThreadPoolExecutor):
    """Does in no time what a thread would do: no clock goes on meanwhile."""

    @override
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class _Desk:
    """A gateway with all that carries out orders on it."""

    def __init__(self, lab: GatewayLab, driver: AppGwDriver) -> None:
        self.lab = lab
        self.driver = driver
        self.disk = FakeDisk()
        self.journal = FakeJournal(self.disk)
        ports = ControllerPorts(driver=driver, feeds={}, last_good=FakeLastGood())
        rng = Random(1)  # noqa: S311 - a seed to repeat it, not a secret
        self.pusher = Pusher(ports, Wanted(split=BLUE), clock=lab.clock, rng=rng)
        self.pusher.offer(shop_routes(), EMPTY_STORE)

    async def begin(self) -> None:
        """Make the executor; `executor` is there from then on."""

        async def is_overtaken() -> bool:
            return await self.executor.is_overtaken()

        clock = self.lab.clock
        traffic = _Traffic(
            cast("Controller", self.pusher),
            self.driver,
            CallBack(is_overtaken=is_overtaken, clock=clock),
            may_cancel=self.driver.may_cancel,
        )
        ports = Ports(
            journal=self.journal,
            inbox=self.journal,
            traffic=traffic,
            witness=FakeWitness(),
            clock=clock,
            checks=FakeChecks(),
            metrics=FakeMetrics(clock),
            hooks=FakeHooks(),
            platform=FakePlatform(),
            pace=pace_of_operations(80.0, 2_700.0),
        )
        state = await open_history(self.journal, BLUE, clock)
        self.executor = Executor(ports, state)

    async def say(self, signal: Signal, order_id: str) -> None:
        said = order(signal, order_id=order_id)
        await self.journal.put(build_command(replace(said, at=self.lab.clock.now())))

    def outcome(self, order_id: str) -> Outcome | None:
        return self.executor.state.outcome_of(CommandId(order_id))

    def fates(self) -> list[str]:
        """Return how the operations on the gateway ended, the oldest first."""
        return [each.status for each in self.lab.ours.azure.world.operations.all()]


@asynccontextmanager
async def on_green() -> AsyncIterator[_Desk]:
    """Yield a gateway of whose traffic green has all, and which somebody else writes slowly."""
    asyncio.get_running_loop().set_default_executor(_AtOnce())
    async with gateway_lab() as lab:
        settings = AppGwSettings(gateway_id=lab.gateway_id, owner=OWNS.owner, http_port=PORT)
        driver = AppGwDriver(
            writer=lab.writer, settings=settings, owns=OWNS, clock=lab.clock, fence=lambda: None
        )
        async with driver, asyncio.TaskGroup() as group:
            desk = _Desk(lab, driver)
            await desk.begin()
            tasks = [
                group.create_task(desk.pusher.keep_pushed()),
                group.create_task(desk.executor.run(ClockBell(lab.clock))),
            ]
            await desk.say(Switch(source=Cluster.BLUE, target=Cluster.GREEN), "switch")
            await lab.settle(300.0)
            assert desk.executor.state.split == GREEN
            await lab.fault(kind="slow", operation="PutApplicationGateway", seconds=SLOW_S, times=1)
            await lab.add_pool_of_other("theirs")
            yield desk
            for task in tasks:
                task.cancel()


async def test_a_rollback_waits_for_somebody_elses_operation_unless_it_names_them() -> None:
    async with on_green() as desk:
        clock, theirs = desk.lab.clock, desk.lab.other_app.app_id
        puts, begun_s = desk.lab.puts, clock.monotonic_s()

        await desk.say(RollBack(), "plain")
        await clock.advance(30.0)
        seen = await desk.driver.observe()
        waited_for = desk.driver.waited_for()
        await desk.say(RollBack(cancels=("who-else",)), "wrong")
        await clock.advance(30.0)
        still, has_put = desk.driver.waited_for(), desk.lab.puts > puts
        await desk.say(RollBack(cancels=(theirs,)), "right")
        await clock.advance(200.0)

        right = desk.outcome("right")
        assert right is not None
        assert (waited_for, still, has_put) == ((theirs,), (theirs,), False)
        assert f"`bascule rollback --cancel-operation-of {theirs}`" in seen.reason
        assert clock.monotonic_s() - begun_s < SLOW_S
        assert (right.result, right.split) == (Result.DONE, BLUE)
        assert right.notes == (f"it may cancel an operation of {theirs} on the gateway",)
        assert (await desk.driver.observe()).split == BLUE
        assert desk.lab.puts == puts + 1
        assert desk.fates()[-2:] == ["Canceled", "Succeeded"]
        assert "theirs" in pools_of(await desk.lab.get())
        assert desk.driver.waited_for() == ()


async def test_an_operation_of_somebody_else_that_ends_is_the_end_of_the_waiting() -> None:
    async with on_green() as desk:
        puts = desk.lab.puts

        await desk.say(RollBack(), "plain")
        await desk.lab.settle(SLOW_S + 200.0)

        plain = desk.outcome("plain")
        assert plain is not None
        assert (plain.result, plain.split) == (Result.DONE, BLUE)
        assert desk.lab.puts == puts + 1
        assert "Canceled" not in desk.fates()
