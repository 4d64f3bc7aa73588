"""Carries out orders one at a time: intent recorded, split set, seen live, outcome recorded.

It is the only one that chooses weights and the only writer of the journal. After a restart, or a
journal that could not be written, an intent without outcome is looked at before anything is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from bascule.clock import Clock
from bascule.errors import (
    DriverError,
    JournalError,
    OutcomeUnknownError,
    PlanError,
    StaleWriterError,
)
from bascule.gateway.driver import Applied, Convergence, Observation
from bascule.journal.record import Entry, Record
from bascule.journal.store import Command, Inbox, JournalStore
from bascule.routing.weights import Split
from bascule.upgrade.decide import Act, AlreadyEnded, Decision, Facts, Refuse, Wait, decide
from bascule.upgrade.events import (
    KIND_BY_EVENT,
    Event,
    Finished,
    Intended,
    Opened,
    Refused,
    Result,
    Witnessed,
    render_event,
)
from bascule.upgrade.ports import Traffic, Wakeup, Witness
from bascule.upgrade.signals import Order, parse_order
from bascule.upgrade.standstill import observe_standstill
from bascule.upgrade.state import GatewayState, InFlight, Stamp, evolve, fold

COMPONENT = "executor"
"""The actor of records that no person asked for."""

CONVERGENCE_S = 10.0
"""How long an acknowledged split may take to be read back before the outcome is unknown."""

CONVERGENCE_POLL_S = 0.05
TICK_S = 0.5
"""How long a command can wait in the inbox when nobody rang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that the executor acts through."""

    journal: JournalStore
    inbox: Inbox
    traffic: Traffic
    witness: Witness
    clock: Clock


async def open_history(journal: JournalStore, initial: Split, clock: Clock) -> GatewayState:
    """Return the state that the journal tells of; an empty one is begun with `initial`.

    Raises JournalError, StaleWriterError.
    """
    state = fold(await journal.read())
    if state is not None:
        return state
    entry = _entry(Opened(split=initial), COMPONENT, clock)
    (record,) = await journal.append([entry], expected_seq=0)
    return evolve(None, Opened(split=initial), _stamp(record))


class Executor:
    """Reads the inbox, moves traffic, writes the journal, from the `state` that it is handed."""

    def __init__(self, ports: Ports, state: GatewayState) -> None:
        self._ports = ports
        self.state = state
        """What the journal says."""
        self.trouble: JournalError | None = None
        """Why orders wait: the journal cannot be written. None when all is well."""

    async def run(self, wakeup: Wakeup) -> None:
        """Work until cancelled. Raises StaleWriterError when another owner has taken over.

        A journal that cannot be written stops orders, not traffic: it is tried again each tick.
        """
        while True:
            try:
                await self.tick()
                self.trouble = None
            except StaleWriterError:
                raise
            except JournalError as error:
                self.trouble = error
                await self._reload()
            await wakeup.wait(self._ports.clock.monotonic_s() + TICK_S)

    async def tick(self) -> None:
        """Finish what is in flight, then every order that waits, then keep what witnesses saw."""
        if self.state.in_flight is not None:
            await self._settle(self.state.in_flight)
        for command in await self._ports.inbox.pending():
            if not await self._serve(command):
                break  # What came later must not be carried out before it.
        for order_id, summary in self._ports.witness.take().items():
            await self._append(Witnessed(order_id=order_id, summary=summary))

    async def _serve(self, command: Command) -> bool:
        """Deal with one order; False when it has to wait for a cluster that is being listed."""
        try:
            order = parse_order(command)
        except PlanError as error:
            await self._refuse(command, Refuse(reason=error.message, remedy=error.remedy))
        else:
            decision = self._decide(order)
            if isinstance(decision, Wait):
                return False
            await self._carry_out(command, order, decision)
        await self._ports.inbox.done(command.id)
        return True

    def _decide(self, order: Order) -> Decision:
        traffic = self._ports.traffic
        age_s = (self._ports.clock.now() - order.at).total_seconds()
        facts = Facts(view=traffic.view(), capabilities=traffic.capabilities(), age_s=age_s)
        return decide(self.state, order, facts)

    async def _carry_out(
        self, command: Command, order: Order, decision: Act | Refuse | AlreadyEnded
    ) -> None:
        match decision:
            case AlreadyEnded():
                return
            case Refuse():
                await self._refuse(command, decision)
            case Act():
                await self._change(order, decision)
            case _:
                assert_never(decision)

    async def _refuse(self, command: Command, refusal: Refuse) -> None:
        refused = Refused(
            order_id=command.id, kind=command.kind, reason=refusal.reason, remedy=refusal.remedy
        )
        await self._append(refused, actor=command.actor)

    async def _change(self, order: Order, act: Act) -> None:
        intent = Intended(
            order_id=order.id,
            kind=order.kind,
            before=self.state.split,
            wanted=act.wanted,
            reason=order.reason,
            notes=act.notes,
        )
        self._ports.witness.begin(order.id, act.wanted)
        try:
            await self._append(intent, actor=order.actor)
            await self._append(await self._apply(intent))
        finally:
            self._ports.witness.end(order.id)

    async def _settle(self, flight: InFlight) -> None:
        """Look before acting: an earlier life may have sent the split already."""
        intent = flight.intent
        seen = await self._ports.traffic.observe()
        if _is_live(seen, intent.wanted):
            reason = "found in place after a restart"
            finished = _finish(intent, Result.DONE, reason=reason, instances=seen.instances)
        else:
            finished = await self._apply(intent, is_timed=False)
            if finished.result is Result.FAILED:
                finished = await self._take_back(intent, finished)
        await self._append(finished)

    async def _take_back(self, intent: Intended, failed: Finished) -> Finished:
        """Make the former split wanted again: this life may have begun with that of the intent.

        Of the two, the journal then tells the one that the controller goes on asking for.
        """
        try:
            await self._ports.traffic.set_split(intent.before)
        except (DriverError, OutcomeUnknownError) as error:
            reason = f"{failed.reason}; nor could it be taken back: {error.message}"
            unknown = _finish(intent, Result.UNKNOWN, reason=reason, remedy=error.remedy)
            is_asked_for = isinstance(error, OutcomeUnknownError)
            return replace(unknown, split=intent.before) if is_asked_for else unknown
        return failed

    async def _apply(self, intent: Intended, *, is_timed: bool = True) -> Finished:
        """Set the wanted split; the intent is durable when this begins."""
        begun_s = self._ports.clock.monotonic_s()
        try:
            applied = await self._ports.traffic.set_split(intent.wanted)
        except DriverError as error:
            return _finish(intent, Result.FAILED, reason=error.message, remedy=error.remedy)
        except OutcomeUnknownError as error:
            return _finish(intent, Result.UNKNOWN, reason=error.message, remedy=error.remedy)
        seen = await self._wait_until_live(intent.wanted)
        if not _is_live(seen, intent.wanted):
            return _finish(intent, Result.UNKNOWN, reason=_doubt(seen))
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
        ports = self._ports
        effective_s = await observe_standstill(
            ports.traffic, ports.clock, finished.split, acknowledged_s=applied.acknowledged_s
        )
        return replace(
            finished,
            acknowledged_at=self._wall_time(applied.acknowledged_s),
            effective_at=None if effective_s is None else self._wall_time(effective_s),
        )

    def _wall_time(self, at_s: float) -> datetime:
        clock = self._ports.clock
        return clock.now() - timedelta(seconds=clock.monotonic_s() - at_s)

    async def _wait_until_live(self, wanted: Split) -> Observation:
        clock = self._ports.clock
        deadline_s = clock.monotonic_s() + CONVERGENCE_S
        while True:
            seen = await self._ports.traffic.observe()
            if _is_live(seen, wanted) or clock.monotonic_s() >= deadline_s:
                return seen
            await clock.sleep_until(clock.monotonic_s() + CONVERGENCE_POLL_S)

    async def _append(self, event: Event, *, actor: str = COMPONENT) -> None:
        """Record `event`; an illegal move raises before anything is written."""
        entry = _entry(event, actor, self._ports.clock)
        seq = self.state.seq
        moved = evolve(self.state, event, Stamp(seq=seq + 1, at=entry.at, actor=actor))
        await self._ports.journal.append([entry], expected_seq=seq)
        self.state = moved

    async def _reload(self) -> None:
        """Believe the file, not the memory, after an append that may or may not have landed."""
        try:
            records: Sequence[Record] = await self._ports.journal.read()
        except JournalError as error:
            self.trouble = error
        else:
            self.state = fold(records) or self.state


def _entry(event: Event, actor: str, clock: Clock) -> Entry:
    kind = KIND_BY_EVENT[type(event)]
    return Entry(at=clock.now(), actor=actor, kind=kind, data=render_event(event))


def _stamp(record: Record) -> Stamp:
    return Stamp(seq=record.seq, at=record.entry.at, actor=record.entry.actor)


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


def _is_live(seen: Observation, wanted: Split) -> bool:
    return seen.convergence is Convergence.CONVERGED and seen.split == wanted and seen.instances > 0


def _doubt(seen: Observation) -> str:
    because = f": {seen.reason}" if seen.reason else ""
    state = f"{seen.convergence}{because}"
    return f"the gateway did not show the new weights in {CONVERGENCE_S:g} s ({state})"


def _elapsed_ms(begun_s: float, applied: Applied) -> float:
    return round(max(0.0, applied.acknowledged_s - begun_s) * 1000, 3)
