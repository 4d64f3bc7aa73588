"""Asks Azure for many things at once, a few at a time; what does not answer is a value, no error.

The port has reads alone, so that nothing here can write.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from bascule.azure.document import Document
from bascule.checks.azure.unreadable import Unreadable
from bascule.errors import ApiError, BasculeError, ForbiddenError

AT_ONCE_MAX = 8
"""How many requests are under way at a time."""
ANSWER_S = 90.0
"""How long one thing may take to be read, with all tries and pages."""
GIVE_READER = "give the caller the role Reader there"

T = TypeVar("T")


class Reads(Protocol):
    """What of a client of Azure the inventory uses."""

    async def get(self, resource: str, /) -> Document | None:
        """Return a resource, or None when it does not exist."""
        ...

    async def list(
        self, path: str, query: Mapping[str, str] | None = None, /
    ) -> tuple[Document, ...]:
        """Return all of a collection."""
        ...


class Asker:
    """Reads one thing at a time for each of `AT_ONCE_MAX` askers."""

    def __init__(self, arm: Reads) -> None:
        self._arm = arm
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def get(self, what: str, resource: str) -> Document | Unreadable:
        """Return a resource; one that does not exist cannot be read either."""

        async def ask() -> Document | Unreadable:
            found = await self._arm.get(resource)
            if found is not None:
                return found
            return Unreadable(
                what=what,
                reason=f"there is no {resource}",
                remedy="look at its name, resource group and subscription",
            )

        return await self._ask(what, ask)

    async def list(
        self, what: str, path: str, query: Mapping[str, str] | None = None
    ) -> tuple[Document, ...] | Unreadable:
        """Return a collection; of a provider that is not there, an empty one."""

        async def ask() -> tuple[Document, ...]:
            try:
                return await self._arm.list(path, query)
            except ApiError as error:
                if error.reason in NO_SUCH_KIND:
                    return ()
                raise

        return await self._ask(what, ask)

    async def _ask(self, what: str, ask: Callable[[], Awaitable[T]]) -> T | Unreadable:
        try:
            async with self._turns, asyncio.timeout(ANSWER_S):
                return await ask()
        except TimeoutError:
            return Unreadable(what=what, reason=f"no answer within {ANSWER_S:g} s")
        except ForbiddenError as error:
            return Unreadable(what=what, reason=_reason(error), remedy=error.remedy or GIVE_READER)
        except ApiError as error:
            return Unreadable(what=what, reason=_reason(error), remedy=error.remedy)
        except BasculeError as error:
            return Unreadable(what=what, reason=error.message, remedy=error.remedy)


def _reason(error: ApiError) -> str:
    """Return Azure's answer in a few words: a message of ARM's own is mostly ids."""
    told = f"{error.status or ''} {error.reason}".strip()
    return f"Azure answers {told}" if error.reason else error.message


NO_SUCH_KIND = frozenset({"InvalidResourceNamespace", "MissingSubscriptionRegistration"})
"""Azure's words for: nothing of this provider can exist here."""
