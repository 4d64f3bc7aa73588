"""Has a gateway in Azure asked how it finds its backends, when somebody wants to know.

One question at a time, in the background, and none again before its answer is too old for whoever
asks: an answer takes Azure a quarter of a minute.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from typing_extensions import override

from bascule.checks.azure.actions import BACKEND_HEALTH
from bascule.clock import Clock
from bascule.errors import BasculeError, ForbiddenError
from bascule.gateway.appgw.health import Asking, GatewayHealth, fetch_health
from bascule.gateway.appgw.judging_health import tell_sick, tell_sick_anyway, tell_untold
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.ids import Cluster
from bascule.upgrade.ports import Asked, Backends

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    asked_s: float
    health: GatewayHealth | None = None
    why: str = ""
    """Why there is none."""


class BackendDesk(Backends):
    """Implements `bascule.upgrade.ports.Backends` for one Application Gateway."""

    def __init__(self, asking: Asking, settings: AppGwSettings, clock: Clock) -> None:
        self._asking = asking
        self._settings = settings
        self._clock = clock
        self._answer: _Answer | None = None
        self._wanted = asyncio.Event()

    @override
    def ask(self, cluster: Cluster, is_meant: Callable[[str], bool], *, within_s: float) -> Asked:
        answer, now_s = self._answer, self._clock.monotonic_s()
        is_old = answer is None or now_s - answer.asked_s > within_s
        if is_old:
            self._wanted.set()
        if answer is None:
            return Asked(is_awaited=True)
        if answer.health is None:
            return Asked(is_awaited=is_old, doubt=answer.why)
        prefix = self._settings.prefix
        return Asked(
            is_awaited=is_old,
            sick=tell_sick(answer.health, cluster, is_meant, prefix=prefix),
            sick_anyway=tell_sick_anyway(answer.health, cluster, is_meant, prefix=prefix),
            doubt=tell_untold(answer.health, cluster, is_meant, prefix=prefix),
        )

    async def run(self) -> None:
        """Ask whenever an answer is wanted; until cancelled."""
        while True:
            await self._wanted.wait()
            asked_s = self._clock.monotonic_s()
            self._answer = await self._fetch(asked_s)
            self._wanted.clear()

    async def _fetch(self, asked_s: float) -> _Answer:
        gateway_id = self._settings.gateway_id
        try:
            health = await fetch_health(self._asking, gateway_id, prefix=self._settings.prefix)
        except BasculeError as error:
            why = error.message
            if isinstance(error, ForbiddenError):
                why = f"{why} (it takes {BACKEND_HEALTH})"
            _LOG.warning("the gateway does not tell how it finds its backends", why=why)
            return _Answer(asked_s=asked_s, why=why)
        return _Answer(asked_s=asked_s, health=health)
