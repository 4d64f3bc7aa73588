from bascule.cli.patience import SAY_EVERY_S, Patience
from tests.support.virtual_clock import VirtualClock


async def test_what_one_waits_for_is_said_now_and_then() -> None:
    clock, told = VirtualClock(), list[str]()

    async def ask() -> str:
        return "the gateway is being updated"

    async def wait() -> None:
        patience = Patience(clock=clock, limit_s=3.5 * SAY_EVERY_S, ask=ask, tell=told.append)
        while patience.is_left():
            await patience.pause(0.5)

    await clock.drive(wait())

    assert told == ["the gateway is being updated"] * 3


async def test_of_a_gateway_that_is_at_nothing_nothing_is_said() -> None:
    clock, told = VirtualClock(), list[str]()

    async def wait() -> None:
        patience = Patience(clock=clock, limit_s=2 * SAY_EVERY_S, tell=told.append)
        while patience.is_left():
            await patience.pause(0.5)

    await clock.drive(wait())

    assert told == []
