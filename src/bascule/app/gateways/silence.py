"""Proves that nobody writes a gateway: by its etag, and by Azure's activity log, which is late."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bascule.azure.client import ArmClient
from bascule.azure.document import text_at
from bascule.clock import Clock
from bascule.errors import ForbiddenError, PlanError
from bascule.gateway.appgw.rivals import Rival, find_others
from bascule.gateway.appgw.trail import Trail

LOOKS = 10
"""So often it is looked while the gateway is to be silent."""
LOOK_MAX_S = 15.0
BEGUN_MAX = 5
"""So often the wait begins before it is given up; one write may be seen twice."""


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
        clock = self.clock
        since, end_s = clock.now(), clock.monotonic_s() + seconds
        etag, known = await self._etag(), frozenset[Rival]()
        begun = 1
        self.tell(f"listening for {seconds:g} s whether anybody writes the gateway")
        while True:  # ends at end_s, which is put off BEGUN_MAX times
            writers, found = await self._read_writers(since), await self._etag()
            if writers > known or found != etag:
                whose = _tell(writers - known)
                if begun == BEGUN_MAX:
                    raise PlanError(
                        f"somebody writes the gateway again and again, last {whose}",
                        remedy="find and stop that writer; the tags of AGIC name its cluster",
                    )
                self.tell(f"somebody wrote the gateway, so the wait begins anew: {whose}")
                etag, known, begun = found, writers, begun + 1
                end_s = clock.monotonic_s() + seconds
            now_s = clock.monotonic_s()
            if now_s >= end_s:
                self.tell(f"nobody has written the gateway for {seconds:g} s")
                return
            await clock.sleep_until(min(now_s + min(seconds / LOOKS, LOOK_MAX_S), end_s))

    async def _read_writers(self, since: datetime) -> frozenset[Rival]:
        events = await Trail(self.client, self.gateway_id).read(since)
        if events is None:
            raise ForbiddenError(
                "the activity log cannot be read, so silence cannot be proven",
                remedy="give the caller the role Reader on the gateway's resource group; where "
                "Azure did not answer, as the warning above says, say this again",
            )
        return frozenset(find_others(events, since, frozenset()))

    async def _etag(self) -> str:
        return text_at(await self.client.get(self.gateway_id) or {}, "etag")


def _tell(writers: frozenset[Rival]) -> str:
    told = "; ".join(sorted(each.told() for each in writers))
    return told or "somebody whom the activity log does not name yet"
