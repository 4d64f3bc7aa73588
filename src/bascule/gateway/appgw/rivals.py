"""Reads in the activity log who else wrote a gateway, and judges whether their change can be lost.

A PUT replaces the whole document: what somebody wrote after our GET and before our PUT is undone by
it. What they wrote before was in what we read; what they write later is on them to merge.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bascule.azure.document import Document, text_at

_CHANGING: Final = ("/write", "/delete", "/start/action", "/stop/action")
_BEGINNINGS: Final = frozenset({"accepted", "started"})
_ENDS: Final = frozenset({"succeeded", "failed", "canceled", "cancelled"})
SOMEBODY: Final = "somebody"
"""Who is called so: whom the activity log does not name, or not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the activity log about a change of the gateway."""

    operation_id: str
    """Of the request; of some clients all requests have the same."""
    correlation_id: str
    caller: str
    address: str
    at: datetime
    status: str
    """In lower case: started, accepted, succeeded, failed or canceled."""
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A write by somebody else: who, from where, when."""

    caller: str
    address: str
    at: datetime
    action: str

    @property
    def name(self) -> str:
        """By which an operator says whose operation may be cancelled."""
        return self.caller or SOMEBODY

    def told(self) -> str:
        """Say it in words."""
        place = f" from {self.address}" if self.address else ""
        when = self.at.isoformat(timespec="milliseconds")
        return f"{self.name}{place} at {when} ({self.action})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time between a GET of ours and the PUT made from it, as Azure's clock sees it.

    The PUT's own entry says when it ended; `span_s` is how long it was at most, by our clock.
    """

    correlation_id: str
    """Of our PUT."""
    span_s: float
    opened_at: datetime
    """When we read, by our clock."""
    closed_s: float
    """When the answer to the PUT came: `Clock.monotonic_s`."""


def tell_waiting(names: Sequence[str]) -> str:
    """Say whose operation is waited for, and how a rollback need not."""
    options = " ".join(f"--cancel-operation-of {shlex.quote(name)}" for name in names)
    whose = " and ".join(names)
    return (
        f"an operation of {whose} is waited for; only a rollback may cancel it: "
        f"`bascule rollback {options}`"
    )


def parse_events(entries: Sequence[Document], gateway_id: str) -> tuple[Event, ...]:
    """Return the entries that tell of changes of this gateway, the oldest first.

    Azure lists the newest first; of one moment beginnings are put before ends.
    """
    found = [
        event
        for entry in reversed(entries)
        if text_at(entry, "resourceId").lower() == gateway_id.lower()
        and (event := _parse_event(entry)) is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.at, each.status in _ENDS)))


def find_running(events: Iterable[Event], ours: frozenset[str]) -> tuple[Rival, ...]:
    """Return the changes by others that have begun and not ended, as far as the log says."""
    open_by_id: dict[str, list[Event]] = {}
    for event in _of_others(events, ours):
        begun = open_by_id.setdefault(event.operation_id, [])
        if event.status == "accepted":
            begun[:] = [each for each in begun if each.status == "accepted"]
            begun.append(event)
        elif event.status in _BEGINNINGS and not begun:
            begun.append(event)
        elif event.status in _ENDS and begun:
            begun.pop(0)
    running = sorted((each for begun in open_by_id.values() for each in begun), key=lambda e: e.at)
    return tuple(_rival(each) for each in running)


def find_lost(
    events: Iterable[Event], window: Window, ours: frozenset[str]
) -> tuple[Rival, ...] | None:
    """Return the writes of others that our PUT undid; None while the log does not show our own.

    A write that was refused changed nothing and does not count.
    """
    found = tuple(events)
    own = [each.at for each in found if each.correlation_id == window.correlation_id]
    if not own:
        return None
    closed = min(own)
    opened = closed - timedelta(seconds=window.span_s)
    inside = [each for each in _of_others(found, ours) if opened <= each.at <= closed]
    begun = {each.operation_id: each for each in reversed(inside) if each.status in _BEGINNINGS}
    done_at_once = {
        each.operation_id: each
        for each in inside
        if each.status == "succeeded" and not _begins_earlier(found, each)
    }
    return tuple(_rival(each) for each in {**done_at_once, **begun}.values())


def find_later(
    events: Iterable[Event], correlation_id: str, ours: frozenset[str]
) -> tuple[Rival, ...]:
    """Return the writes of others that began after ours, or in the same moment."""
    found = tuple(events)
    own = [each.at for each in found if each.correlation_id == correlation_id]
    if not own:
        return ()
    later = [e for e in _of_others(found, ours) if e.at >= min(own) and e.status in _BEGINNINGS]
    by_id = {each.operation_id: each for each in reversed(later)}
    return tuple(_rival(each) for each in by_id.values())


def is_alone(events: Iterable[Event], correlation_id: str, ours: frozenset[str]) -> bool:
    """Whether the log tells of a write of ours, and of none of others since."""
    found = tuple(events)
    is_told = any(each.correlation_id == correlation_id for each in found)
    return is_told and not find_later(found, correlation_id, ours)


def find_others(
    events: Iterable[Event], since: datetime, ours: frozenset[str]
) -> tuple[Rival, ...]:
    """Return the writes of others that began since then."""
    begun = [e for e in _of_others(events, ours) if e.at >= since and e.status in _BEGINNINGS]
    by_id = {each.operation_id: each for each in reversed(begun)}
    return tuple(_rival(each) for each in by_id.values())


def has_ended(events: Iterable[Event], correlation_id: str) -> bool:
    """Whether the log shows how this operation ended."""
    return any(each.correlation_id == correlation_id and each.status in _ENDS for each in events)


def _begins_earlier(events: tuple[Event, ...], end: Event) -> bool:
    return any(e.operation_id == end.operation_id and e.status in _BEGINNINGS for e in events)


def _of_others(events: Iterable[Event], ours: frozenset[str]) -> Iterator[Event]:
    return (each for each in events if each.correlation_id not in ours)


def _rival(event: Event) -> Rival:
    return Rival(caller=event.caller, address=event.address, at=event.at, action=event.action)


def _parse_event(entry: Document) -> Event | None:
    action = text_at(entry, "operationName", "value") or text_at(entry, "operationName")
    status = (text_at(entry, "status", "value") or text_at(entry, "status")).lower()
    if not action.lower().endswith(_CHANGING) or status not in _BEGINNINGS | _ENDS:
        return None
    try:
        at = datetime.fromisoformat(text_at(entry, "eventTimestamp"))
    except ValueError:
        return None
    correlation_id = text_at(entry, "correlationId")
    return Event(
        operation_id=text_at(entry, "operationId") or correlation_id,
        correlation_id=correlation_id,
        caller=text_at(entry, "caller"),
        address=text_at(entry, "httpRequest", "clientIpAddress"),
        at=at,
        status=status,
        action=action,
    )
