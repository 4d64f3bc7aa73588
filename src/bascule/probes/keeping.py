"""Keeps the points of an upgrade's plots: written now and then, thinned, never waited for."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import structlog

from bascule.clock import Clock
from bascule.journal.record import Json
from bascule.journal.store import Sample, SampleStore

WRITE_EVERY_S = 5.0
WAITING_MAX = 1_000
"""Points that wait to be written; the oldest are given up."""
SAMPLES_MAX = 2_000
"""So many points are kept of one run once it is long."""
THIN_EVERY = 200
"""A run is thinned after so many further points."""
STORE_TIMEOUT_S = 30.0
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.samples")


@dataclass(frozen=True, slots=True)
class _Point:
    run_id: str
    sample: Sample


class Keeper:
    """Writes points to a store; a store that fails costs the points and nothing else."""

    def __init__(self, store: SampleStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: deque[_Point] = deque(maxlen=WAITING_MAX)
        self._due = asyncio.Event()
        self._unthinned = 0
        self._trouble = ""
        self.lost = 0
        """Points that were given up."""

    def keep(self, run_id: str, at: datetime, *documents: dict[str, Json]) -> None:
        """Take points of a run; returns at once."""
        for document in documents:
            self.lost += len(self._waiting) == WAITING_MAX
            self._waiting.append(_Point(run_id, Sample(at=at, data=document)))

    def hurry(self) -> None:
        """Write what waits now: nothing more comes for a while."""
        self._due.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wait()
            await self.flush()

    async def flush(self) -> None:
        """Write what waits."""
        points = list(self._waiting)
        self._waiting.clear()
        for run_id, group in groupby(points, key=lambda point: point.run_id):
            samples = [point.sample for point in group]
            try:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await self._write(run_id, samples)
            except Exception as error:  # noqa: BLE001 — supervises: points are not worth a runtime
                self.lost += len(samples)
                self._complain(f"{type(error).__name__}: {error}", points=len(samples))
            else:
                self._trouble = ""

    def _complain(self, trouble: str, *, points: int) -> None:
        """Log that points are lost, once for each reason."""
        if trouble != self._trouble:
            self._trouble = trouble
            _LOG.warning("points of a plot are lost", points=points, reason=trouble)

    async def _write(self, run_id: str, samples: list[Sample]) -> None:
        await self._store.add_samples(run_id, samples)
        self._unthinned += len(samples)
        if self._unthinned >= THIN_EVERY:
            self._unthinned = 0
            await self._store.thin_samples(run_id, samples_max=SAMPLES_MAX)

    async def _wait(self) -> None:
        deadline_s = self._clock.monotonic_s() + WRITE_EVERY_S
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(self._due.wait())
            late = group.create_task(self._clock.sleep_until(deadline_s))
            await asyncio.wait((asked, late), return_when=asyncio.FIRST_COMPLETED)
            asked.cancel()
            late.cancel()
        self._due.clear()


def order_points(number: int, *documents: dict[str, Json]) -> tuple[dict[str, Json], ...]:
    """Return the points of one second in the order in which they are to be kept.

    Thinning drops every other point. Were the kinds always in the same order, it would drop one
    kind and keep the other. Every other member of the Thue-Morse sequence is that sequence again,
    so that with this order each kind loses its half, however often it is thinned.
    """
    return documents[::-1] if number.bit_count() % 2 else documents
