"""Proves that nobody writes a gateway: by its etag, and by Azure's activity log, which is late."""

from collections.abc import Callable
from dataclasses import dataclass

from bascule.azure.client import ArmClient
from bascule.azure.document import text_at
from bascule.clock import Clock
from bascule.errors import ForbiddenError, PlanError
from bascule.gateway.appgw.rivals import find_others
from bascule.gateway.appgw.trail import Trail

LOOKS = 10
"""So often it is looked while the gateway is to be silent."""
LOOK_MAX_S = 15.0
BEGUN_MAX = 4
"""So often the wait begins anew before it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Where it is listened, and who is told."""

    client: ArmClient
    gateway_id: str
    clock: Clock
    tell: Callable[[str], None]

    async def prove(self, seconds: float) -> None:
        """Return once nobody has written the gateway for so long, counted from now at first.

        Raises PlanError when somebody goes on writing, ForbiddenError when the log is not shown.
        """
        whose = ""
        for _ in range(BEGUN_MAX):
            whose = await self._listen(seconds)
            if not whose:
                self.tell(f"nobody has written the gateway for {seconds:g} s")
                return
            self.tell(f"somebody wrote the gateway, so the wait begins anew: {whose}")
        raise PlanError(
            f"somebody writes the gateway again and again, last {whose}",
            remedy="find and stop that writer; the tags of AGIC name its cluster",
        )

    async def _listen(self, seconds: float) -> str:
        """Return who wrote meanwhile; empty where nobody did."""
        clock, trail = self.clock, Trail(self.client, self.gateway_id)
        since, end_s = clock.now(), clock.monotonic_s() + seconds
        etag = await self._etag()
        self.tell(f"listening for {seconds:g} s whether anybody writes the gateway")
        while True:  # ends at end_s
            events = await trail.read(since)
            if events is None:
                raise ForbiddenError(
                    "the activity log is not shown to us, so silence cannot be proven",
                    remedy="give the caller the role Reader on the gateway's resource group",
                )
            others = find_others(events, since, frozenset())
            if others:
                return "; ".join(each.told() for each in others)
            if await self._etag() != etag:
                return "somebody whom the activity log does not name yet"
            now_s = clock.monotonic_s()
            if now_s >= end_s:
                return ""
            await clock.sleep_until(min(now_s + min(seconds / LOOKS, LOOK_MAX_S), end_s))

    async def _etag(self) -> str:
        return text_at(await self.client.get(self.gateway_id) or {}, "etag")
