"""The news that wait for one receiver: in order, bounded, tried a few times, then given up."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

import structlog

from bascule.clock import Clock
from bascule.notify.delivering import Delivery, Fate
from bascule.notify.events import CloudEvent
from bascule.notify.receivers import Receiver

WAITING_MAX = 1_000
"""News that wait for one receiver; further ones are given up until it has caught up."""
TRIES_MAX = 4
RETRY_FIRST_S = 1.0
RETRY_MAX_S = 30.0
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.notify")

Deliver = Callable[[Receiver, CloudEvent], Awaitable[Delivery]]


@dataclass(slots=True)
class Counters:
    """What came of the news for one receiver."""

    delivered: int = 0
    retried: int = 0
    given_up: int = 0
    last_error: str = ""


class Mailbox:
    """Delivers to one receiver, one after the other; whatever it does harms nobody else."""

    def __init__(self, receiver: Receiver, deliver: Deliver, clock: Clock, rng: Random) -> None:
        self.receiver = receiver
        self.counters = Counters()
        self._deliver = deliver
        self._clock = clock
        self._rng = rng
        self._waiting: deque[CloudEvent] = deque()
        self._filled = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many pieces of news are not delivered yet, nor given up."""
        return len(self._waiting)

    def put(self, event: CloudEvent) -> None:
        """Take news, if the receiver wants its kind; returns at once."""
        if event.kind not in self.receiver.kinds:
            return
        if len(self._waiting) >= WAITING_MAX:
            self._give_up(event, f"{WAITING_MAX} pieces of news wait already")
            return
        self._waiting.append(event)
        self._filled.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._filled.clear()
            while self._waiting:
                await self._hand_over(self._waiting[0])
                self._waiting.popleft()
            await self._filled.wait()

    async def _hand_over(self, event: CloudEvent) -> None:
        for attempt in range(1, TRIES_MAX + 1):
            found = await self._try(event)
            if found.fate is Fate.DELIVERED:
                self.counters.delivered += 1
                return
            if found.fate is Fate.REFUSED or attempt == TRIES_MAX:
                self._give_up(event, found.reason)
                return
            self.counters.retried += 1
            self.counters.last_error = found.reason
            pause_s = min(RETRY_FIRST_S * 2 ** (attempt - 1), RETRY_MAX_S)
            wait_s = pause_s * self._rng.uniform(0.5, 1.0)
            await self._clock.sleep_until(self._clock.monotonic_s() + wait_s)

    async def _try(self, event: CloudEvent) -> Delivery:
        try:
            return await self._deliver(self.receiver, event)
        except Exception as error:  # noqa: BLE001 — supervises: no receiver may end an upgrade
            return Delivery(Fate.FAILED, f"the delivery broke: {type(error).__name__}")

    def _give_up(self, event: CloudEvent, reason: str) -> None:
        self.counters.given_up += 1
        self.counters.last_error = reason
        _LOG.warning(
            "news were not delivered",
            receiver=self.receiver.name,
            event_id=event.id,
            type=event.type,
            reason=reason,
        )
