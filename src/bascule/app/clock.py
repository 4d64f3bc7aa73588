"""The system's clock: the only place that reads time."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `bascule.clock.Clock` with the machine's clocks."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC."""
        return datetime.fromtimestamp(time.time(), UTC)

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep_until(self, deadline_s: float) -> None:
        """Return once `monotonic_s()` is at least `deadline_s`."""
        await asyncio.sleep(max(0.0, deadline_s - time.monotonic()))
