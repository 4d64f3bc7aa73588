import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from bascule.app.traffic import LOOK_S, CallBack, ControllerTraffic, wait_unless_overtaken
from bascule.controller.loop import Controller
from bascule.errors import BasculeError, DriverError, OutcomeUnknownError
from bascule.gateway.driver import Applied
from bascule.routing.weights import Split
from tests.support.fake_driver import FakeDriver
from tests.support.orders import BLUE
from tests.support.virtual_clock import VirtualClock

APPLIED = Applied(
    table_digest="ab", sent_s=0.0, acknowledged_s=1.0, instances=1, is_split_only=True
)


class Moves:
    """Moves splits as a controller does, for a gateway that knows whom it may cancel."""

    def __init__(self) -> None:
        self.approved: list[tuple[Split, tuple[str, ...]]] = []
        self.seen: list[list[tuple[Split, tuple[str, ...]]]] = []

    async def set_split(self, split: Split) -> Applied:
        del split
        self.seen.append(list(self.approved))
        return APPLIED

    @contextmanager
    def may_cancel(self, split: Split, whose: tuple[str, ...]) -> Iterator[None]:
        self.approved.append((split, whose))
        yield
        self.approved.pop()


@pytest.mark.parametrize("is_slow", [True, False])
async def test_whose_operation_may_be_cancelled_is_known_for_one_change_only(
    is_slow: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    clock, moves = VirtualClock(), Moves()
    traffic = ControllerTraffic(
        cast("Controller", moves),
        FakeDriver(clock),
        CallBack(is_overtaken=Order().is_there, clock=clock) if is_slow else None,
        may_cancel=moves.may_cancel,
    )

    await clock.drive(traffic.set_split(BLUE, ("bob",)))

    assert moves.seen == [[(BLUE, ("bob",))]]
    assert moves.approved == []


async def test_a_gateway_that_nobody_else_writes_has_nothing_to_cancel() -> None:
    moves = Moves()
    traffic = ControllerTraffic(cast("Controller", moves), FakeDriver(VirtualClock()))

    assert await traffic.set_split(BLUE, ("bob",)) == APPLIED


class Order:
    """A way back, given after so many looks; 0: never."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self.looks = 0

    async def is_there(self) -> bool:
        self.looks += 1
        return self.looks == self.after


async def waited(clock: VirtualClock, seconds: float, order: Order) -> Applied | BasculeError:
    async def change() -> Applied:
        await clock.sleep_until(clock.monotonic_s() + seconds)
        return APPLIED

    call_back = CallBack(is_overtaken=order.is_there, clock=clock)

    async def attempt() -> Applied | BasculeError:
        try:
            return await wait_unless_overtaken(change(), call_back)
        except BasculeError as error:
            return error

    return await clock.drive(attempt())


async def test_a_change_that_nobody_calls_back_is_waited_for() -> None:
    clock, order = VirtualClock(), Order()

    assert await waited(clock, 80.0, order) == APPLIED
    assert order.looks > 100


async def test_a_way_back_need_not_wait_for_the_end() -> None:
    clock, begun_s = VirtualClock(), 1_000.0

    ended = await waited(clock, 80.0, Order(after=3))

    assert isinstance(ended, OutcomeUnknownError)
    assert "called back" in ended.message
    assert clock.monotonic_s() - begun_s == pytest.approx(3 * LOOK_S)


async def test_what_is_done_at_once_asks_nobody() -> None:
    order = Order(after=1)

    assert await waited(VirtualClock(), 0.0, order) == APPLIED
    assert order.looks == 0


async def test_what_the_gateway_refuses_is_raised() -> None:
    async def refuse() -> Applied:
        await asyncio.sleep(0)
        raise DriverError("no")

    call_back = CallBack(is_overtaken=Order().is_there, clock=VirtualClock())
    with pytest.raises(DriverError, match="no"):
        await wait_unless_overtaken(refuse(), call_back)
