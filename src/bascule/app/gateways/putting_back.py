"""Puts back what somebody else takes out of a gateway that is ours, or changes there.

The table that was acknowledged last is applied again, once somebody who looks has seen it. Never
while an upgrade moves traffic, and only so often: two that undo each other are no way to serve.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog
from typing_extensions import override

from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.errors import BasculeError, JournalError
from bascule.gateway.driver import (
    Applied,
    Capabilities,
    ClusterTraffic,
    GatewayDriver,
    Observation,
)
from bascule.ids import Cluster
from bascule.kube.backoff import Backoff
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable

TRIES_MAX: Final = 5
WITHIN_S: Final = 3_600.0
"""So often in so long; who goes on after that is somebody whom a person has to find."""
LEFT = (
    f"it was written again {TRIES_MAX} times within an hour, and is left so until that has passed "
    "or something else changes: find out who it is, and stop them"
)
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway")


@dataclass(frozen=True, slots=True)
class _Last:
    """What the gateway took last."""

    table: RoutingTable
    certificates: CertificateStore


class PutsBack(GatewayDriver):
    """A driver like the one that it is made of, whose last table stays in force."""

    def __init__(
        self, driver: GatewayDriver, *, clock: Clock, retry: Backoff, rng: random.Random
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._retry = retry
        self._rng = rng
        self._last: _Last | None = None
        """None: nothing was taken yet, or whoever asked for more has to ask again."""
        self._seen = Bell()
        self._tries: deque[float] = deque(maxlen=TRIES_MAX)
        self._due_s = 0.0
        self._working: asyncio.Timeout | None = None
        self.is_moving: Callable[[], bool] = bool
        """Whether an upgrade moves traffic now: then a person decides."""

    @override
    def capabilities(self) -> Capabilities:
        return self._driver.capabilities()

    @override
    async def apply(self, table: RoutingTable, certificates: CertificateStore) -> Applied:
        """As the protocol has it; what is being put back is broken off, as this is newer."""
        self._last = None
        if self._working is not None and not self._working.expired():
            self._working.reschedule(asyncio.get_running_loop().time())
        applied = await self._driver.apply(table, certificates)
        self._last = _Last(table, certificates)
        return applied

    @override
    async def observe(self) -> Observation:
        seen = await self._driver.observe()
        if not seen.is_overwritten:
            return seen
        self._seen.ring()
        return replace(seen, reason=f"{seen.reason}; {LEFT}") if self._is_left() else seen

    @override
    async def measure(self) -> Mapping[Cluster, ClusterTraffic]:
        return await self._driver.measure()

    async def keep_put_back(self) -> None:
        """Apply the last table again each time that it was seen to be overwritten, until cancelled.

        Raises StaleWriterError when another owner has taken over.
        """
        while True:
            await self._seen.wait()
            last, now_s = self._last, self._clock.monotonic_s()
            if last is None or self.is_moving() or now_s < self._due_s or self._is_left():
                continue
            self._tries.append(now_s)
            self._due_s = now_s + self._retry.wait_s(len(self._tries), self._rng)
            await self._put_back(last)

    def _is_left(self) -> bool:
        """Whether it was put back so often that it is somebody's aim."""
        while self._tries and self._tries[0] <= self._clock.monotonic_s() - WITHIN_S:
            self._tries.popleft()
        return len(self._tries) == TRIES_MAX

    async def _put_back(self, last: _Last) -> None:
        try:
            async with asyncio.timeout(None) as self._working:
                await self._driver.apply(last.table, last.certificates)
        except TimeoutError:
            _LOG.info("a newer table takes the place of the one that was to be put back")
        except JournalError:
            raise
        except BasculeError as error:
            _LOG.warning(
                "what somebody changed of ours was not put back",
                reason=error.message,
                remedy=error.remedy,
            )
        else:
            _LOG.warning("what somebody changed of ours was put back", times=len(self._tries))
        finally:
            self._working = None
