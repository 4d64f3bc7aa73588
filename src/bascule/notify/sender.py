"""Follows the journal and sends what is news to the receivers that the plan names.

At least once: what was recorded shortly before a start is sent again, with the same ids.
"""

import asyncio
import functools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random

import structlog

from bascule.clock import Clock
from bascule.errors import BasculeError
from bascule.journal.record import Json, Record
from bascule.journal.store import JournalStore
from bascule.notify.delivering import deliver
from bascule.notify.events import CloudEvent, Known, tell
from bascule.notify.mailbox import Deliver, Mailbox
from bascule.notify.receivers import Receiver, parse_receiver

POLL_S = 1.0
"""How late news can be when nobody rang."""
RESEND_S = 30.0
"""News of so long before a start are sent again: an earlier life may have died over them."""
RECEIVERS_MAX = 16
"""Of one plan; further ones are left out."""
DRAIN_S = 10.0
DRAIN_POLL_S = 0.02
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.notify")


class NewsDesk:
    """Sends news; `run` it in a task. It never delays, blocks or ends anything."""

    def __init__(
        self,
        journal: JournalStore,
        *,
        gateway: str,
        environ: Mapping[str, str],
        clock: Clock,
        rng: Random,
        hand_over: Deliver | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._rng = rng
        self._deliver = hand_over or functools.partial(deliver, environ=environ)
        self._known = Known(gateway=gateway)
        self._seq = 0
        self._since = clock.now() - timedelta(seconds=RESEND_S)
        self._mailboxes: dict[Receiver, tuple[Mailbox, asyncio.Task[None]]] = {}
        self._wanted: tuple[str, tuple[Receiver, ...]] = ("", ())
        """The run whose news are sent, and to whom."""
        self._rung = asyncio.Event()
        self._drains = 0
        self._drains_served = 0
        self._trouble = ""

    def ring(self) -> None:
        """Look at the journal now."""
        self._rung.set()

    def status(self) -> list[Json]:
        """Return what came of the news, by receiver."""
        return [
            {
                "receiver": box.receiver.name,
                "delivered": box.counters.delivered,
                "retried": box.counters.retried,
                "given_up": box.counters.given_up,
                "waiting": box.waiting,
                "last_error": box.counters.last_error or None,
            }
            for box, _ in self._mailboxes.values()
        ]

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._rung.clear()
                await self._read(group)
                await self._wait()

    async def drain(self, *, timeout_s: float = DRAIN_S) -> bool:
        """Return when all that is recorded by now was sent or given up; False: not in time."""
        deadline_s = self._clock.monotonic_s() + timeout_s
        self._drains += 1
        drain = self._drains
        self.ring()
        while self._drains_served < drain or any(b.waiting for b, _ in self._mailboxes.values()):
            if self._clock.monotonic_s() >= deadline_s:
                return False
            await self._clock.sleep_until(self._clock.monotonic_s() + DRAIN_POLL_S)
        return True

    async def _read(self, group: asyncio.TaskGroup) -> None:
        drains = self._drains
        try:
            records = await self._journal.read(after_seq=self._seq)
        except BasculeError as error:
            self._complain(error.message)
            return
        self._trouble = ""
        for record in records:
            event = self._take(record)
            if event is not None:
                self._post(event, group)
        self._drains_served = drains

    def _complain(self, trouble: str) -> None:
        """Log that the journal cannot be read, once for each reason."""
        if trouble != self._trouble:
            self._trouble = trouble
            _LOG.warning("news wait: the journal cannot be read", reason=trouble)

    def _take(self, record: Record) -> CloudEvent | None:
        """Return the news that a record is; None for none, or for one of long ago."""
        self._seq = record.seq
        try:
            self._known, event = tell(self._known, record)
        except Exception as error:  # noqa: BLE001 — supervises: no record may end an upgrade here
            _LOG.warning("a record is no news to this version", seq=record.seq, reason=str(error))
            return None
        return event if record.entry.at >= self._since else None

    def _post(self, event: CloudEvent, group: asyncio.TaskGroup) -> None:
        if self._wanted[0] != self._known.run_id:
            self._wanted = (self._known.run_id, parse_receivers(self._known.receivers))
        for receiver in self._wanted[1]:
            if receiver not in self._mailboxes:
                box = Mailbox(receiver, self._deliver, self._clock, self._rng)
                self._mailboxes[receiver] = (box, group.create_task(box.run()))
            self._mailboxes[receiver][0].put(event)
        for receiver, (box, task) in tuple(self._mailboxes.items()):
            if receiver not in self._wanted[1] and not box.waiting:
                task.cancel()
                del self._mailboxes[receiver]

    async def _wait(self) -> None:
        deadline_s = self._clock.monotonic_s() + POLL_S
        async with asyncio.TaskGroup() as group:
            rung = group.create_task(self._rung.wait())
            late = group.create_task(self._clock.sleep_until(deadline_s))
            await asyncio.wait((rung, late), return_when=asyncio.FIRST_COMPLETED)
            rung.cancel()
            late.cancel()


def parse_receivers(found: Sequence[Mapping[str, Json]]) -> tuple[Receiver, ...]:
    """Return the receivers that can be sent to; what is wrong with others is logged."""
    receivers: list[Receiver] = []
    for data in found[:RECEIVERS_MAX]:
        receiver = parse_receiver(data)
        if isinstance(receiver, str):
            _LOG.warning("a receiver of news is left out", reason=receiver)
        else:
            receivers.append(receiver)
    return tuple(dict.fromkeys(receivers))
