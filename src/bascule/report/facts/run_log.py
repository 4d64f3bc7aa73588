"""The events of one run, picked out of the journal in which every order of a gateway stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bascule.errors import PlanError
from bascule.journal.record import Record
from bascule.upgrade.events import Finished, Intended, Witnessed, parse_event
from bascule.upgrade.run.events import PREFIX, Ended, RunEvent, Started, parse_run_event

STARTED = "upgrade_started"
_SPLIT_KINDS = frozenset({"weights_intended", "weights_finished"})
_WITNESSED = "order_witnessed"

Event = RunEvent | Intended | Finished | Witnessed
EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An event of the run, where and when it stands, and who caused it."""

    seq: int
    at: datetime
    actor: str
    event: Event


@dataclass(frozen=True, slots=True)
class RunLog:
    """One run from its first event on; what the witness told after the end is in it too."""

    logged: tuple[Logged, ...]

    @property
    def started(self) -> Started:
        """How the run began."""
        return next(event for _, event in self.of(Started))

    def of(self, kind: type[EventT]) -> Iterator[tuple[Logged, EventT]]:
        """Return the events of one kind, oldest first."""
        pairs = ((logged, logged.event) for logged in self.logged)
        return ((logged, event) for logged, event in pairs if isinstance(event, kind))


def find_start(records: Sequence[Record], upgrade: str) -> int:
    """Return the place in `records` of the latest start of `upgrade`, a name or a run id.

    Raises PlanError when the journal knows none.
    """
    for place in range(len(records) - 1, -1, -1):
        entry = records[place].entry
        named = (entry.data.get("upgrade"), entry.data.get("run_id"))
        if entry.kind == STARTED and upgrade in named:
            return place
    raise PlanError(
        f"the journal knows no upgrade {upgrade}",
        remedy="`bascule upgrade status` lists those that it knows",
    )


def read_run(records: Sequence[Record], upgrade: str) -> RunLog:
    """Return the latest run of `upgrade`. Raises PlanError when there is none."""
    place = find_start(records, upgrade)
    name = str(records[place].entry.data["upgrade"])
    logged = []
    orders: set[str] = set()
    is_over = False
    for record in records[place:]:
        kind = record.entry.kind
        is_over = is_over or (kind == STARTED and record is not records[place])
        event = _parse(record, name, is_over=is_over)
        if isinstance(event, Intended):
            orders.add(event.order_id)
        is_foreign = isinstance(event, Finished | Witnessed) and event.order_id not in orders
        if event is not None and not is_foreign:
            logged.append(
                Logged(seq=record.seq, at=record.entry.at, actor=record.entry.actor, event=event)
            )
        is_over = is_over or isinstance(event, Ended)
    return RunLog(tuple(logged))


def _parse(record: Record, upgrade: str, *, is_over: bool) -> Event | None:
    """Return the event of a record if it belongs to the run, else None."""
    kind = record.entry.kind
    if kind.startswith(PREFIX):
        is_ours = record.entry.data.get("upgrade") == upgrade and not is_over
        return parse_run_event(record) if is_ours else None
    if kind != _WITNESSED and (is_over or kind not in _SPLIT_KINDS):
        return None
    event = parse_event(record)
    return event if isinstance(event, Intended | Finished | Witnessed) else None
