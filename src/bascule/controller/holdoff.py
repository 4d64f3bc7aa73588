"""When to rebuild after changes: once they pause, never later than a limit, and soon if it burns.

A change is urgent when requests may go to an endpoint that is about to end.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOff:
    """Rebuild `quiet_s` after the last change, but at most `max_s` after the first.

    After the first urgent one it is at most `urgent_s`: what comes at the same moment goes along.
    """

    quiet_s: float = 0.010
    max_s: float = 0.100
    urgent_s: float = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Changes that no rebuild has seen yet: when the first, the last, the first urgent one came."""

    first_s: float
    last_s: float
    urgent_s: float | None = None


def note_change(pending: Pending | None, now_s: float, *, is_urgent: bool = False) -> Pending:
    """Return what is pending once a change came at `now_s`."""
    urgent_s = pending.urgent_s if pending else None
    if urgent_s is None and is_urgent:
        urgent_s = now_s
    return Pending(first_s=pending.first_s if pending else now_s, last_s=now_s, urgent_s=urgent_s)


def due_s(pending: Pending, hold_off: HoldOff) -> float:
    """Return when to rebuild."""
    due = min(pending.last_s + hold_off.quiet_s, pending.first_s + hold_off.max_s)
    return due if pending.urgent_s is None else min(due, pending.urgent_s + hold_off.urgent_s)
