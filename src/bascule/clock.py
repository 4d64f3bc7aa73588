"""Time, as a thing that is handed in, so that a week of holds runs in milliseconds in tests."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where all of Bascule takes its time from."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC: for people and for the journal."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never go back: for durations and deadlines."""
        ...

    async def sleep_until(self, deadline_s: float) -> None:
        """Return once `monotonic_s()` is at least `deadline_s`; at once if it already is."""
        ...
