"""Opens the platform that an approved plan means, when it is first asked for, and holds it open.

Who to be in a cloud, and which authorities to trust, comes from the environment, as for every verb.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

from bascule.clock import Clock
from bascule.errors import BasculeError, DriverError
from bascule.journal.record import Json
from bascule.upgrade.ports import Platform, PlatformAct, PlatformProgress, PlatformSeen

LOOK_EVERY_S = 5.0
"""How often a cloud is asked about an act that nobody is at."""
_QUIET = frozenset({PlatformProgress.ABSENT, PlatformProgress.UNKNOWN})

OpenPlatform = Callable[[Mapping[str, Json]], AbstractAsyncContextManager[Platform]]
"""Opens the platform that an approved plan means. Raises BasculeError."""


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    seen: PlatformSeen


@dataclass(slots=True)
class _Request:
    """Somebody waits for the platform of a plan."""

    platform: Mapping[str, Json]
    opened: asyncio.Future[Platform] = field(default_factory=asyncio.Future)


class PlatformDesk:
    """Implements `bascule.upgrade.ports.Platform` with one that is opened late; works in `run`."""

    def __init__(self, open_platform: OpenPlatform, clock: Clock) -> None:
        self._open_platform = open_platform
        self._clock = clock
        self._requests: asyncio.Queue[_Request] = asyncio.Queue()
        self._platforms: dict[tuple[str, str], Platform] = {}
        self._last: dict[str, _Seen] = {}

    async def run(self) -> None:
        """Open what is asked for, and hold it until cancelled: by the task that opened it."""
        async with AsyncExitStack() as stack:
            while True:
                request = await self._requests.get()
                try:
                    opened = await stack.enter_async_context(self._open_platform(request.platform))
                except BasculeError as error:
                    request.opened.set_exception(error)
                else:
                    self._platforms[_name(request.platform)] = opened
                    request.opened.set_result(opened)

    async def observe(self, act: PlatformAct) -> PlatformSeen:
        """Return how far `act` is; what nobody is at is looked at only now and then."""
        last = self._last.get(act.key)
        now_s = self._clock.monotonic_s()
        if last is not None and now_s - last.at_s < LOOK_EVERY_S:
            return last.seen
        try:
            seen = await (await self._find(act)).observe(act)
        except BasculeError as error:
            seen = PlatformSeen(
                progress=PlatformProgress.UNKNOWN, reason=error.message, remedy=error.remedy
            )
        if seen.progress in _QUIET:
            self._last[act.key] = _Seen(now_s, seen)
        return seen

    async def begin(self, act: PlatformAct) -> None:
        """Begin `act` and return. Raises DriverError, OutcomeUnknownError."""
        self._last.pop(act.key, None)
        try:
            platform = await self._find(act)
        except BasculeError as error:
            raise DriverError(error.message, remedy=error.remedy) from error
        await platform.begin(act)

    async def _find(self, act: PlatformAct) -> Platform:
        known = self._platforms.get(_name(act.platform))
        if known is not None:
            return known
        request = _Request(act.platform)
        self._requests.put_nowait(request)
        return await request.opened


def _name(platform: Mapping[str, Json]) -> tuple[str, str]:
    return str(platform.get("cloud")), str(platform.get("platform"))
