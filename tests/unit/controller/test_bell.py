import asyncio

from bascule.controller.bell import Bell
from tests.support.virtual_clock import VirtualClock


async def test_a_ring_before_the_wait_is_kept() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()

    await bell.wait()

    async with asyncio.TaskGroup() as group:
        again = group.create_task(bell.wait())
        await VirtualClock().settle()
        assert not again.done()
        bell.ring()


async def test_a_wait_ends_at_its_deadline() -> None:
    bell, clock = Bell(), VirtualClock()

    await clock.drive(bell.wait_until(clock, clock.monotonic_s() + 60))

    assert clock.monotonic_s() == 1_060


async def test_a_ring_ends_a_wait_before_its_deadline() -> None:
    bell, clock = Bell(), VirtualClock()
    bell.ring()

    await clock.drive(bell.wait_until(clock, clock.monotonic_s() + 60))

    assert clock.monotonic_s() == 1_000
    assert clock.next_deadline_s is None


async def test_the_deadline_does_not_leave_a_ring_behind() -> None:
    bell, clock = Bell(), VirtualClock()
    await clock.drive(bell.wait_until(clock, clock.monotonic_s() + 1))

    await clock.drive(bell.wait_until(clock, clock.monotonic_s() + 1))

    assert clock.monotonic_s() == 1_002
