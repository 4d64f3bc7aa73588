"""The checks of a running upgrade: the controller's own knowledge, looked at anew each time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bascule.checks.findings import Finding
from bascule.checks.inventory import Inventory
from bascule.checks.preflight import check_all, find_writers
from bascule.clock import Clock
from bascule.gateway.driver import Observation
from bascule.inventory.survey import Survey

LOADING_S = 15.0
"""How long is waited for clusters whose first lists are under way, as after a start."""
LOOK_S = 0.05


class LiveChecks:
    """Implements `bascule.upgrade.ports.Checks`: asks clusters only what a survey is for."""

    def __init__(
        self,
        look: Callable[[], Inventory],
        observe: Callable[[], Awaitable[Observation]],
        clock: Clock,
        *,
        survey: Survey | None = None,
    ) -> None:
        self._look = look
        self._observe = observe
        self._clock = clock
        self._survey = survey

    async def find(self) -> tuple[Finding, ...]:
        """Return what stands against, or speaks about, moving traffic now."""
        inventory = await self._look_when_loaded()
        if self._survey is not None:
            inventory = await self._survey.complete(inventory)
        seen = await self._observe()
        return await asyncio.to_thread(check_all, replace(inventory, observation=seen))

    async def find_writers(self) -> tuple[Finding, ...]:
        """Return who else writes the gateway, where others can at all; waits for no lists."""
        if self._survey is None or self._survey.is_silent:
            return ()
        inventory = await self._survey.complete(self._look())
        return find_writers(replace(inventory, observation=await self._observe()))

    async def _look_when_loaded(self) -> Inventory:
        deadline_s = self._clock.monotonic_s() + LOADING_S
        while True:
            inventory = self._look()
            now_s = self._clock.monotonic_s()
            if not is_loading(inventory) or now_s >= deadline_s:
                return inventory
            await self._clock.sleep_until(min(now_s + LOOK_S, deadline_s))


def is_loading(inventory: Inventory) -> bool:
    """Return whether a cluster is not known yet, and nothing is wrong with it so far."""
    return any(
        not facts.snapshot.is_complete and not facts.reason for facts in inventory.clusters.values()
    )
