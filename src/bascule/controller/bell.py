"""Wakes one waiting task, now or at a deadline."""

import asyncio

from bascule.clock import Clock


class Bell:
    """A ring that nobody waits for is kept; several before one wait are one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter, or let the next wait return at once."""
        self._event.set()

    async def wait(self) -> None:
        """Return when it has rung since the last wait."""
        await self._event.wait()
        self._event.clear()

    async def wait_until(self, clock: Clock, deadline_s: float) -> None:
        """Return when it has rung since the last wait, or at `deadline_s`."""
        async with asyncio.TaskGroup() as group:
            rung = group.create_task(self._event.wait())
            late = group.create_task(clock.sleep_until(deadline_s))
            await asyncio.wait((rung, late), return_when=asyncio.FIRST_COMPLETED)
            rung.cancel()
            late.cancel()
        self._event.clear()
