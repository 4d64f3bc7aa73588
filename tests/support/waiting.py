"""Waits for a condition with a deadline, so that no test sleeps and hopes."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.005


async def eventually(
    predicate: Callable[[], object | Awaitable[object]], *, within_s: float = 10.0
) -> None:
    """Return once `predicate()` is truthy (awaited where it is a coroutine function).

    Raises AssertionError when it is not after `within_s` seconds of real time.
    """
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + within_s
    while True:
        outcome = predicate()
        if isinstance(outcome, Awaitable):
            outcome = await outcome
        if outcome:
            return
        if loop.time() >= deadline_s:
            name = getattr(predicate, "__qualname__", repr(predicate))
            raise AssertionError(f"{name} did not hold within {within_s} s")
        await asyncio.sleep(POLL_S)
