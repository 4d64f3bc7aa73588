"""A change of the split: intent recorded, effect, read back, outcome recorded."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bascule.clock import Clock
from bascule.errors import DriverError, OutcomeUnknownError
from bascule.gateway.driver import Applied, Observation
from bascule.ids import CommandId
from bascule.routing.weights import Split
from bascule.upgrade.events import Finished, Intended, Result
from bascule.upgrade.ledger import COMPONENT, Ledger
from bascule.upgrade.pace import AT_ONCE, Pace
from bascule.upgrade.ports import Traffic, Witness
from bascule.upgrade.run.events import RunEvent
from bascule.upgrade.standstill import observe_standstill


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A split that is wanted, by whom and why; `order_id` is the change's idempotency key."""

    order_id: CommandId
    kind: str
    wanted: Split
    actor: str = COMPONENT
    reason: str = ""
    notes: tuple[str, ...] = ()
    cancels: tuple[str, ...] = ()
    """Whose operations on the gateway it may cancel: of a rollback only."""


class Changer:
    """Moves the split, and never forgets that it was about to."""

    def __init__(
        self,
        ledger: Ledger,
        traffic: Traffic,
        witness: Witness,
        clock: Clock,
        *,
        pace: Pace = AT_ONCE,
    ) -> None:
        self._ledger = ledger
        self._traffic = traffic
        self._witness = witness
        self._clock = clock
        self._pace = pace

    async def change(self, change: Change, *begun: RunEvent) -> Finished:
        """Bring `change` about and return how it ended; `begun` is recorded with the intent.

        Raises JournalError, StaleWriterError.
        """
        intent = Intended(
            order_id=change.order_id,
            kind=change.kind,
            before=self._ledger.state.split,
            wanted=change.wanted,
            reason=change.reason,
            notes=(*change.notes, *_tell_cancels(change.cancels)),
            cancels=change.cancels,
        )
        self._witness.begin(change.order_id, change.wanted)
        try:
            await self._ledger.append(*begun, intent, actor=change.actor)
            finished = await self._apply(intent)
            await self._ledger.append(finished)
        finally:
            self._witness.end(change.order_id)
        return finished

    async def settle(self) -> None:
        """Finish what is in flight; look first, as an earlier life may have sent it already."""
        flight = self._ledger.state.in_flight
        if flight is None:
            return
        intent = flight.intent
        seen = await self._traffic.observe()
        if is_live(seen, intent.wanted):
            reason = "found in place after a restart"
            finished = _finish(intent, Result.DONE, reason=reason, instances=seen.instances)
        else:
            finished = await self._apply(intent, is_timed=False)
            if finished.result is Result.FAILED:
                finished = await self._take_back(intent, finished)
        await self._ledger.append(finished)

    async def _take_back(self, intent: Intended, failed: Finished) -> Finished:
        """Make the former split wanted again: this life may have begun with that of the intent.

        Of the two, the journal then tells the one that the controller goes on asking for.
        """
        try:
            await self._traffic.set_split(intent.before)
        except (DriverError, OutcomeUnknownError) as error:
            reason = f"{failed.reason}; nor could it be taken back: {error.message}"
            unknown = _finish(intent, Result.UNKNOWN, reason=reason, remedy=error.remedy)
            is_asked_for = isinstance(error, OutcomeUnknownError)
            return replace(unknown, split=intent.before) if is_asked_for else unknown
        return failed

    async def _apply(self, intent: Intended, *, is_timed: bool = True) -> Finished:
        """Set the wanted split; the intent is durable when this begins."""
        begun_s = self._clock.monotonic_s()
        try:
            applied = await self._traffic.set_split(intent.wanted, intent.cancels)
        except DriverError as error:
            return _finish(intent, Result.FAILED, reason=error.message, remedy=error.remedy)
        except OutcomeUnknownError as error:
            return _finish(intent, Result.UNKNOWN, reason=error.message, remedy=error.remedy)
        seen = await self._wait_until_live(intent.wanted)
        if not is_live(seen, intent.wanted):
            return _finish(intent, Result.UNKNOWN, reason=_doubt(seen, self._pace))
        if applied.instances == 0 or not is_timed:
            return _finish(intent, Result.DONE, instances=seen.instances)
        finished = _finish(
            intent,
            Result.DONE,
            command_ms=_elapsed_ms(begun_s, applied),
            instances=applied.instances,
        )
        return await self._with_times(finished, applied)

    async def _with_times(self, finished: Finished, applied: Applied) -> Finished:
        """Add when the split was acknowledged, and from when on it was really in effect."""
        effective_s = await observe_standstill(
            self._traffic, self._clock, finished.split, acknowledged_s=applied.acknowledged_s
        )
        return replace(
            finished,
            acknowledged_at=self._wall_time(applied.acknowledged_s),
            effective_at=None if effective_s is None else self._wall_time(effective_s),
        )

    def _wall_time(self, at_s: float) -> datetime:
        return self._clock.now() - timedelta(seconds=self._clock.monotonic_s() - at_s)

    async def _wait_until_live(self, wanted: Split) -> Observation:
        deadline_s = self._clock.monotonic_s() + self._pace.convergence_s
        while True:
            seen = await self._traffic.observe()
            if is_live(seen, wanted) or self._clock.monotonic_s() >= deadline_s:
                return seen
            pause_s = self._pace.convergence_poll_s
            await self._clock.sleep_until(self._clock.monotonic_s() + pause_s)


def is_live(seen: Observation, wanted: Split) -> bool:
    """Return whether the gateway shows that it goes by `wanted`."""
    return seen.goes_by_split and seen.split == wanted and seen.instances > 0


def _finish(
    intent: Intended,
    result: Result,
    *,
    reason: str = "",
    remedy: str = "",
    command_ms: float | None = None,
    instances: int = 0,
) -> Finished:
    return Finished(
        order_id=intent.order_id,
        result=result,
        split=intent.before if result is Result.FAILED else intent.wanted,
        reason=reason,
        remedy=remedy,
        command_ms=command_ms,
        instances=instances,
    )


def _tell_cancels(cancels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"it may cancel an operation of {name} on the gateway" for name in cancels)


def _doubt(seen: Observation, pace: Pace) -> str:
    because = f": {seen.reason}" if seen.reason else ""
    state = f"{seen.convergence}{because}"
    return f"the gateway did not show the new weights in {pace.convergence_s:g} s ({state})"


def _elapsed_ms(begun_s: float, applied: Applied) -> float:
    return round(max(0.0, applied.acknowledged_s - begun_s) * 1000, 3)
