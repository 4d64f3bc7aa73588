"""The product's own open-loop witness: a few requests a second through the gateway, remembered."""

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable
from itertools import takewhile

from bascule.clock import Clock
from bascule.probes.request import Line, ProbeError, build_context, fetch_status, open_line
from bascule.probes.targets import Target
from bascule.report.samples import Sample, Samples

INTERVAL_S = 0.050
TIMEOUT_S = 2.0
SAMPLES_MAX = 60_000
IN_FLIGHT_MAX = 256
FRESH_EVERY = 10
"""Each target's every tenth request opens a connection of its own."""


class Witness:
    """Asks each target once each `interval_s`, on a fixed schedule, and keeps what it saw.

    A request is never repeated and never waits for another. `samples_max` bounds the memory.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        clock: Clock,
        *,
        interval_s: float = INTERVAL_S,
        samples_max: int = SAMPLES_MAX,
    ) -> None:
        self._targets = tuple(targets)
        self._clock = clock
        self._interval_s = interval_s
        self._samples: deque[Sample] = deque(maxlen=samples_max)
        self._taken = 0
        self._in_flight = 0
        self._lines: dict[Target, list[Line]] = {}
        self._contexts: dict[Target, ssl.SSLContext | None] = {}

    def set_targets(self, targets: Iterable[Target]) -> None:
        """Ask these from the next round on; connections of those that go are closed."""
        self._targets = tuple(targets)
        for gone in set(self._lines) - set(self._targets):
            for line in self._lines.pop(gone):
                line.close()
            self._contexts.pop(gone, None)

    async def run(self) -> None:
        """Ask until cancelled."""
        start_s = self._clock.monotonic_s()
        turn = 0
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    targets = self._targets
                    due_s = start_s + turn * self._interval_s
                    for place, target in enumerate(targets):
                        at_s = due_s + place * self._interval_s / len(targets)
                        await self._clock.sleep_until(at_s)
                        tasks.create_task(self._ask(target, at_s, is_fresh=turn % FRESH_EVERY == 0))
                    turn += 1
                    await self._clock.sleep_until(due_s + self._interval_s)
        finally:
            for lines in self._lines.values():
                for line in lines:
                    line.close()
            self._lines.clear()

    def window(self, from_s: float, to_s: float) -> Samples:
        """Return what was scheduled from `from_s` to before `to_s` and has ended by now."""
        recent = takewhile(lambda s: s.done_s >= from_s, reversed(self._samples))
        inside = [s for s in recent if from_s <= s.scheduled_s < to_s]
        held = len(self._samples)
        is_cut = held == self._samples.maxlen and self._samples[0].scheduled_s > from_s
        return Samples(
            from_s=from_s,
            to_s=to_s,
            interval_s=self._interval_s,
            samples=tuple(sorted(inside, key=lambda s: s.scheduled_s)),
            dropped=self._taken - held if is_cut else 0,
        )

    async def _ask(self, target: Target, scheduled_s: float, *, is_fresh: bool) -> None:
        sent_s = self._clock.monotonic_s()
        status, error = 0, ""
        if self._in_flight >= IN_FLIGHT_MAX:
            error = "timeout"
        else:
            self._in_flight += 1
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    status = await self._fetch(target, is_fresh=is_fresh)
            except TimeoutError:
                error = "timeout"
            except ProbeError as problem:
                error = problem.kind
            finally:
                self._in_flight -= 1
        self._taken += 1
        self._samples.append(
            Sample(
                target=target.name,
                scheduled_s=scheduled_s,
                sent_s=sent_s,
                done_s=self._clock.monotonic_s(),
                status=status,
                error=error,
            )
        )

    async def _fetch(self, target: Target, *, is_fresh: bool) -> int:
        kept = self._lines.setdefault(target, [])
        line = None
        while line is None and kept and not is_fresh:
            candidate = kept.pop()
            if candidate.is_alive:
                line = candidate
            else:
                candidate.close()
        if line is None:
            if target not in self._contexts:
                self._contexts[target] = build_context(target)
            line = await open_line(target, self._contexts[target])
        is_whole = False
        try:
            status = await fetch_status(line, target)
            is_whole = True
        finally:
            if is_whole and line.is_alive and not is_fresh:
                kept.append(line)
            else:
                line.close()
        return status
