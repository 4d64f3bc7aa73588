"""What a verb does with a gateway once a person has agreed: look, ask, then hold and look again.

Nothing is held while a person reads: a runtime that waits for the gateway may take it meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from bascule.app.gateways.hands import Hands
from bascule.errors import PlanError

P = TypeVar("P")
D = TypeVar("D")
D_co = TypeVar("D_co", covariant=True)
Hold: TypeAlias = Callable[[], AbstractAsyncContextManager[Hands]]
"""Keeps runtimes away from the gateway as long as it is entered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed(Generic[P, D_co]):
    """Something that is planned, shown, agreed to and done."""

    look: Callable[[Hands], Awaitable[P]]
    """Returns what would be done now."""
    show: Callable[[P], bool]
    """Shows it; returns whether there is anything to do, raises PlanError where it cannot be."""
    ask: Callable[[], None]
    """Returns when a person has agreed."""
    gist: Callable[[P], object]
    """Returns that of a plan to which a person agrees."""
    act: Callable[[Hands, P], Awaitable[D_co]]


def do_agreed(deed: Deed[P, D], hold: Hold, *, is_sure: bool) -> tuple[P, D | None]:
    """Return what was planned and what was done of it; None: there was nothing to do.

    Raises PlanError where that to which was agreed is not what is there any more.
    """
    if is_sure:
        return asyncio.run(_do(deed, hold))
    agreed = asyncio.run(_look(deed, hold))
    if not deed.show(agreed):
        return agreed, None
    deed.ask()
    return asyncio.run(_do_the_same(deed, hold, agreed))


async def _look(deed: Deed[P, D], hold: Hold) -> P:
    async with hold() as hands:
        return await deed.look(hands)


async def _do(deed: Deed[P, D], hold: Hold) -> tuple[P, D | None]:
    async with hold() as hands:
        plan = await deed.look(hands)
        return plan, await deed.act(hands, plan) if deed.show(plan) else None


async def _do_the_same(deed: Deed[P, D], hold: Hold, agreed: P) -> tuple[P, D | None]:
    async with hold() as hands:
        plan = await deed.look(hands)
        if deed.gist(plan) != deed.gist(agreed):
            raise PlanError(
                "what would be done now is not what was agreed to: the gateway or a cluster"
                " changed meanwhile; nothing was done",
                remedy="say it again, and look at what it shows",
            )
        return plan, await deed.act(hands, plan)
