"""When to rebuild after changes: once they pause, and never later than a limit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOff:
    """Rebuild `quiet_s` after the last change, but at most `max_s` after the first."""

    quiet_s: float = 0.010
    max_s: float = 0.100


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Changes that no rebuild has seen yet: when the first and the last of them came."""

    first_s: float
    last_s: float


def note_change(pending: Pending | None, now_s: float) -> Pending:
    """Return what is pending once a change came at `now_s`."""
    return Pending(first_s=pending.first_s if pending else now_s, last_s=now_s)


def due_s(pending: Pending, hold_off: HoldOff) -> float:
    """Return when to rebuild."""
    return min(pending.last_s + hold_off.quiet_s, pending.first_s + hold_off.max_s)
