"""A clock that stands still until it is told to move: hours of waiting in microseconds.

`advance` moves it by hand; `drive` runs a coroutine and jumps to the next deadline whenever every
task waits, so that code with long holds runs through at once.
"""

import asyncio
import heapq
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

SETTLE_TURNS_MAX = 10_000
REAL_POLL_S = 0.001
JUMPS_MAX = 1_000_000


class VirtualClock:
    """Implements `bascule.clock.Clock` for tests on one asyncio loop."""

    def __init__(
        self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC), start_s: float = 1_000.0
    ) -> None:
        self._start = start
        self._start_s = start_s
        self._now_s = start_s
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._now_s - self._start_s)

    def monotonic_s(self) -> float:
        return self._now_s

    async def sleep_until(self, deadline_s: float) -> None:
        if deadline_s <= self._now_s:
            await asyncio.sleep(0)
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (deadline_s, self._count, sleeper))
        await sleeper

    @property
    def next_deadline_s(self) -> float | None:
        """The earliest deadline that somebody waits for, or None when nobody waits."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def advance(self, seconds: float) -> None:
        """Move by `seconds`, waking sleepers in the order of their deadlines, then settle."""
        end_s = self._now_s + seconds
        await self.settle()
        while (deadline_s := self.next_deadline_s) is not None and deadline_s <= end_s:
            self._wake_at(deadline_s)
            await self.settle()
        self._now_s = end_s
        await self.settle()

    async def settle(self) -> None:
        """Let every task run until all of them wait for something."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # asyncio has no public idle hook
        for _ in range(SETTLE_TURNS_MAX):
            await asyncio.sleep(0)
            if not ready:
                return
        raise AssertionError("the tasks never come to rest: one of them spins")

    async def drive(self, work: Coroutine[object, object, T], *, within_s: float = 1e9) -> T:
        """Run `work` to its end, jumping to the next deadline whenever all tasks wait.

        Time spent in threads or on sockets is waited for in real time, for as long as nobody waits
        for this clock. Raises AssertionError when `work` would need more than `within_s` seconds.
        """
        limit_s = self._now_s + within_s
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            for _ in range(JUMPS_MAX):
                await self.settle()
                if task.done():
                    break
                deadline_s = self.next_deadline_s
                if deadline_s is None:
                    await asyncio.sleep(REAL_POLL_S)
                    continue
                assert deadline_s <= limit_s, f"not finished after {within_s} virtual seconds"
                self._wake_at(deadline_s)
        return task.result()

    def _wake_at(self, deadline_s: float) -> None:
        self._now_s = max(self._now_s, deadline_s)
        while (due := self.next_deadline_s) is not None and due <= deadline_s:
            heapq.heappop(self._sleepers)[2].set_result(None)
