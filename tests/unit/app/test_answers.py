import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bascule.app import answers
from bascule.app.answers import Answers
from bascule.app.gateways.opening import OpenGateway
from bascule.app.metering import MeteredDriver
from bascule.controller.bell import Bell
from bascule.routing.certificates import EMPTY_STORE
from bascule.upgrade.pace import pace_of_operations
from bascule.upgrade.state import GatewayState
from tests.support.controller_views import VIEW
from tests.support.fake_driver import FakeDriver
from tests.support.orders import GREEN, shop_routes, state_after
from tests.support.runs import at_step
from tests.support.tables import route_set, table
from tests.support.virtual_clock import VirtualClock

PACE = pace_of_operations(8.0, 100.0)


class Runtime:
    """The parts of a runtime that are asked here."""

    def __init__(self, state: GatewayState | None = None, **gateway: Any) -> None:
        self.clock = VirtualClock()
        self.driver = FakeDriver(self.clock)
        metered = MeteredDriver(self.driver, self.clock)
        self.gateway = OpenGateway(
            driver=metered,
            watch=cast("Any", None),
            describe=dict,
            set_tags=cast("Any", None),
            pace=PACE,
            **gateway,
        )
        view = replace(VIEW, routes=shop_routes(blue=False))
        self.answers = Answers(
            name=cast("Any", "shop"),
            gateway=self.gateway,
            controller=cast("Any", SimpleNamespace(view=lambda: view)),
            executor=cast("Any", SimpleNamespace(state=state, trouble=None)),
            witness=cast("Any", None),
            news=cast("Any", None),
            foreign=None,
            versions={},
            bell=Bell(),
            stop=cast("Any", None),
            clock=self.clock,
        )

    async def ask(self, op: str) -> dict[str, Any]:
        return dict(await self.answers.answer({"op": op}))


def on_green() -> GatewayState:
    return replace(state_after(), split=GREEN, upgrades=(at_step("bake"),))


async def test_who_wakes_it_is_told_how_long_the_gateway_may_take() -> None:
    assert await Runtime().ask("wake") == {"ok": True, "outcome_s": 245.0}


async def test_of_a_gateway_that_is_at_nothing_nothing_is_told() -> None:
    runtime = Runtime(waited_for=lambda: ("bob",))

    assert await runtime.ask("progress") == {"progress": None}


async def test_an_update_is_told_with_whose_operation_it_waits_for() -> None:
    runtime = Runtime(waited_for=lambda: ("bob",))
    runtime.driver.hold()

    async with asyncio.TaskGroup() as group:
        group.create_task(runtime.gateway.driver.apply(table(route_set([])), EMPTY_STORE))
        await runtime.clock.advance(12)
        told = (await runtime.ask("progress"))["progress"]
        runtime.driver.release()

    assert told.startswith("the gateway is being updated, 12 s (mostly about 8 s); an operation of")
    assert told.endswith("`bascule rollback --cancel-operation-of bob`")


async def test_whether_there_is_a_way_back_is_judged_by_who_would_serve() -> None:
    told = await Runtime(on_green()).ask("upgrade")

    assert told["rollback"]["is_possible"] is False
    assert "blue has no ready endpoint" in told["rollback"]["reason"]


async def test_who_asks_does_not_wait_for_a_gateway_that_is_far_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = Runtime(on_green())
    runtime.driver.hold_looks()
    monkeypatch.setattr(answers, "LOOK_S", 0.01)

    told = await runtime.ask("upgrade")

    assert (told["name"], told["live_weights"]) == ("up", None)
