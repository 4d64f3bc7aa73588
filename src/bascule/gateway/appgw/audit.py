"""Looks, after each write, whether it undid somebody else's: their entries come late."""

from dataclasses import dataclass

import structlog

from bascule.azure.document import Document
from bascule.clock import Clock
from bascule.gateway.appgw.difference import diff_documents, lines_of
from bascule.gateway.appgw.errors import LostChangeError
from bascule.gateway.appgw.operations import OperationLog, WatchedWrite
from bascule.gateway.appgw.rivals import Rival, Window, find_lost
from bascule.gateway.appgw.trail import Trail
from bascule.gateway.ownership import Owns

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")

WINDOWS_MAX = 32
"""How many writes are looked after at a time; the oldest are let go beyond this."""
AGE_MAX_S = 1_800.0
"""After so long no more entries are expected."""
SETTLE_S = 300.0
"""For so long after our write entries of others may still come that are older than ours."""
SPACING_S = 15.0
"""The shortest time between two looks that nobody waits for."""
RETRY_S = 1.0
LINES_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A write that is looked after: its window, and the document that it was made from."""

    window: Window
    before: Document | None
    """None where another process read it."""


class Audit:
    """The writes of ours after which the activity log has not told everything yet."""

    def __init__(self, trail: Trail, log: OperationLog, *, clock: Clock, owns: Owns) -> None:
        self._trail = trail
        self._log = log
        self._clock = clock
        self._owns = owns
        self._open = {
            each.correlation_id: _inherit(each, clock.monotonic_s()) for each in log.watched()
        }
        self._looked_s: float | None = None

    def open(self, window: Window, before: Document) -> None:
        """Look after a write from now on; what is known of it by now takes the place of earlier."""
        self._open[window.correlation_id] = Open(window=window, before=before)
        self._log.watch(
            WatchedWrite(
                correlation_id=window.correlation_id,
                opened_at=window.opened_at,
                span_s=window.span_s,
            )
        )
        while len(self._open) > WINDOWS_MAX:
            self.close(next(iter(self._open)))

    def close(self, correlation_id: str) -> None:
        """Look after a write no more: all is told, or it never took place."""
        if self._open.pop(correlation_id, None) is not None:
            self._log.unwatch(correlation_id)

    def clear(self) -> None:
        """Look after nothing: no write can have undone another one."""
        for correlation_id in tuple(self._open):
            self.close(correlation_id)

    @property
    def is_due(self) -> bool:
        """Whether it is time for a look that nobody waits for."""
        now_s = self._clock.monotonic_s()
        is_early = self._looked_s is not None and now_s < self._looked_s + SPACING_S
        return bool(self._open) and not is_early

    async def look(self, after: Document, ours: frozenset[str], *, wait_s: float = 0.0) -> None:
        """Read the log until our own writes are in it, for `wait_s` at most.

        Raises LostChangeError, once for each write of somebody else that is lost.
        """
        deadline_s = self._clock.monotonic_s() + wait_s
        while self._open:  # ends at the deadline
            is_told = await self._look_once(after, ours)
            now_s = self._clock.monotonic_s()
            if is_told or now_s >= deadline_s:
                return
            await self._clock.sleep_until(min(now_s + RETRY_S, deadline_s))

    async def _look_once(self, after: Document, ours: frozenset[str]) -> bool:
        """Return whether the log has told of all writes of ours."""
        self._looked_s = self._clock.monotonic_s()
        events = await self._trail.read(min(each.window.opened_at for each in self._open.values()))
        if events is None:
            self._let_go()
            return True
        is_told = True
        for each in tuple(self._open.values()):
            rivals = find_lost(events, each.window, ours)
            if rivals:
                self.close(each.window.correlation_id)
                raise self._loss(rivals, each.before or after, after)
            is_told = is_told and rivals is not None
            if rivals is not None and self._age_s(each) > SETTLE_S:
                self.close(each.window.correlation_id)
        self._let_go()
        return is_told

    def _let_go(self) -> None:
        for each in tuple(self._open.values()):
            if self._age_s(each) > AGE_MAX_S:
                _LOG.warning(
                    "the activity log never told of a write of ours; whether it undid another one "
                    "is not known",
                    correlation_id=each.window.correlation_id,
                )
                self.close(each.window.correlation_id)

    def _age_s(self, each: Open) -> float:
        return self._clock.monotonic_s() - each.window.closed_s

    def _loss(
        self, rivals: tuple[Rival, ...], before: Document, after: Document
    ) -> LostChangeError:
        changes = diff_documents(before, after, self._owns)
        lines = lines_of(tuple(each for each in changes if not each.is_ours))
        told = "; ".join(each.told() for each in rivals)
        shown = "\n".join(("", *lines[:LINES_MAX])) if lines else " nothing"
        return LostChangeError(
            f"a write of ours undid what was written between our reading and our writing: {told}; "
            f"of what is not ours there changed since we read:{shown}",
            rivals=rivals,
            before=before,
            after=after,
            lines=lines,
            remedy="ask who it was to write it again; keep other writers away meanwhile",
        )


def _inherit(write: WatchedWrite, now_s: float) -> Open:
    """Return what the process before this one looked after."""
    window = Window(
        correlation_id=write.correlation_id,
        span_s=write.span_s,
        opened_at=write.opened_at,
        closed_s=now_s,
    )
    return Open(window=window, before=None)
