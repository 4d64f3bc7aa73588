"""The checks of a running upgrade: the controller's own knowledge, looked at anew each time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bascule.checks.findings import Finding
from bascule.checks.inventory import Inventory
from bascule.checks.preflight import check_all
from bascule.gateway.driver import Observation


class LiveChecks:
    """Implements `bascule.upgrade.ports.Checks`: asks no cluster, and waits for none."""

    def __init__(
        self, look: Callable[[], Inventory], observe: Callable[[], Awaitable[Observation]]
    ) -> None:
        self._look = look
        self._observe = observe

    async def find(self) -> tuple[Finding, ...]:
        """Return what stands against, or speaks about, moving traffic now."""
        inventory = replace(self._look(), observation=await self._observe())
        return await asyncio.to_thread(check_all, inventory)
