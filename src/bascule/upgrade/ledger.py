"""The journal and the state that it folds to, moved forward together.

Times of records never go back. Within one life they follow the clock that cannot jump, so that a
hold is neither cut short nor drawn out when somebody sets the wall clock.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bascule.clock import Clock
from bascule.errors import InvariantError
from bascule.journal.record import Entry, Record
from bascule.journal.store import JournalStore
from bascule.routing.weights import Split
from bascule.upgrade.events import KIND_BY_EVENT, Opened, render_event
from bascule.upgrade.run.events import KIND_BY_RUN_EVENT, RunEvent, render_run_event
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.state import AnyEvent, GatewayState, Stamp, evolve, fold

COMPONENT = "executor"
"""The actor of records that no person asked for."""


async def open_history(journal: JournalStore, initial: Split, clock: Clock) -> GatewayState:
    """Return the state that the journal tells of; an empty one is begun with `initial`.

    Raises JournalError, StaleWriterError.
    """
    state = fold(await journal.read())
    if state is not None:
        return state
    entry = _entry(Opened(split=initial), COMPONENT, clock.now())
    (record,) = await journal.append([entry], expected_seq=0)
    return evolve(None, Opened(split=initial), _stamp(record))


class Ledger:
    """One writer's hand on the journal; `state` is what the journal says."""

    def __init__(self, journal: JournalStore, state: GatewayState, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        last = state.last_at
        self._began_at = clock.now() if last is None else max(clock.now(), last)
        self._began_s = clock.monotonic_s()
        self.state = state

    def now(self) -> datetime:
        """Return the time by which records are stamped and holds are counted."""
        passed = timedelta(seconds=self._clock.monotonic_s() - self._began_s)
        return self._began_at + passed

    def require_run(self) -> UpgradeState:
        """Return the upgrade that is under way. Raises InvariantError when none is."""
        run = self.state.unfinished
        if run is None:
            raise InvariantError("a step is worked on while no upgrade is under way")
        return run

    async def append(self, *events: AnyEvent, actor: str = COMPONENT) -> None:
        """Record all of `events` or none; an illegal move raises before anything is written.

        Raises StaleWriterError, JournalError; `reload` then tells what was written.
        """
        at = self.now()
        state = self.state
        entries: list[Entry] = []
        for event in events:
            stamp = Stamp(seq=state.seq + 1, at=at, actor=actor)
            state = evolve(state, event, stamp)
            entries.append(_entry(event, actor, at))
        await self._journal.append(entries, expected_seq=self.state.seq)
        self.state = state

    async def reload(self) -> None:
        """Believe the file, not the memory, after an append that may or may not have landed.

        Raises JournalError when it cannot be read: the memory is then as doubtful as before.
        """
        records: Sequence[Record] = await self._journal.read()
        self.state = fold(records) or self.state


def _entry(event: AnyEvent, actor: str, at: datetime) -> Entry:
    if isinstance(event, RunEvent):
        kind, data = KIND_BY_RUN_EVENT[type(event)], render_run_event(event)
    else:
        kind, data = KIND_BY_EVENT[type(event)], render_event(event)
    return Entry(at=at, actor=actor, kind=kind, data=data)


def _stamp(record: Record) -> Stamp:
    return Stamp(seq=record.seq, at=record.entry.at, actor=record.entry.actor)
