import asyncio

import pytest

from bascule.app.traffic import LOOK_S, CallBack, wait_unless_overtaken
from bascule.errors import BasculeError, DriverError, OutcomeUnknownError
from bascule.gateway.driver import Applied
from tests.support.virtual_clock import VirtualClock

APPLIED = Applied(
    table_digest="ab", sent_s=0.0, acknowledged_s=1.0, instances=1, is_split_only=True
)


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
