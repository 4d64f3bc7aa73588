"""The lab's clock on the wall."""

import asyncio
from datetime import UTC, datetime
from time import monotonic, time

from typing_extensions import override

from bascule.clock import Clock


class WallClock(Clock):
    """Real time."""

    @override
    def now(self) -> datetime:
        return datetime.fromtimestamp(time(), UTC)

    @override
    def monotonic_s(self) -> float:
        return monotonic()

    @override
    async def sleep_until(self, deadline_s: float) -> None:
        await asyncio.sleep(max(0.0, deadline_s - monotonic()))
