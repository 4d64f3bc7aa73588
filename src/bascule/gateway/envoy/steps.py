"""Long computations in steps, so that others run in between."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


async def take_steps(steps: Generator[None, None, T]) -> T:
    """Run a computation to its end, and let others run between its steps."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result
        await asyncio.sleep(0)
