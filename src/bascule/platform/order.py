"""Runs work side by side, each piece once all that it needs has ended well."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bascule.errors import BasculeError

PARALLEL_MAX = 6
"""So many resources are worked on at the same time."""


async def run_in_order(
    keys: Sequence[str],
    needs: Mapping[str, Sequence[str]],
    work: Callable[[str], Awaitable[None]],
) -> Mapping[str, BasculeError]:
    """Run `work` for each key, and return what went wrong, by key.

    A key that needs one that failed is left out. `keys` has each key after those that it needs;
    a need that is none of them counts as met.
    """
    known = set(keys)
    ended = {key: asyncio.Event() for key in keys}
    failed: dict[str, BasculeError] = {}
    left_out: set[str] = set()
    limit = asyncio.Semaphore(PARALLEL_MAX)

    async def run(key: str) -> None:
        before = [need for need in needs.get(key, ()) if need in known]
        for need in before:
            await ended[need].wait()
        try:
            if any(need in failed or need in left_out for need in before):
                left_out.add(key)
                return
            async with limit:
                await work(key)
        except BasculeError as error:
            failed[key] = error
        finally:
            ended[key].set()

    async with asyncio.TaskGroup() as group:
        for key in keys:
            group.create_task(run(key))
    return failed


def join_errors(errors: Sequence[BasculeError]) -> BasculeError:
    """Return the first error; its remedy names the others."""
    first, *rest = errors
    also = [f"also {error}" for error in rest]
    first.remedy = "\n".join([*([first.remedy] if first.remedy else []), *also])
    return first
