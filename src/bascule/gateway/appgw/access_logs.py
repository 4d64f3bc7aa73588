"""One gateway's access log, where diagnostic settings send it to a workspace: sums by minute.

Rows come minutes late, and Azure answers with nothing where the caller may not read, so that only a
minute with rows is told; and it counts once rows of a later one came too and it grew no more.
"""

from collections.abc import Mapping
from math import ceil, floor
from typing import Final, Protocol

import structlog

from bascule.azure.document import Document
from bascule.errors import (
    ApiError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TransportError,
)
from bascule.gateway.appgw.log_query import LogMinutes, Span, build_query, read_minutes
from bascule.gateway.appgw.log_settings import LogTable, find_table
from bascule.gateway.appgw.minutes import Minutes
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.whose import Whose

SETTINGS: Final = "providers/Microsoft.Insights/diagnosticSettings"
SETTLED_AFTER: Final = 3
"""A minute counts when so many of its lengths have passed since its end, if it grows no more."""
LATEST_AFTER: Final = 10
"""Then it counts as it is, and one without rows is a gap."""
LOOK_AGAIN: Final = 5
"""After so many lengths of a minute the settings are read again."""
ADDRESSES_MAX: Final = 50_000
"""A question of more would come near to what Azure takes; names of pools have to do then."""
ROLE: Final = (
    "give the role that `bascule rights --role gateway-writer` prints, with "
    "Microsoft.Insights/diagnosticSettings/read and Microsoft.Insights/logs/*/read at the gateway"
)
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")


class Settings(Protocol):
    """What is asked of Azure Resource Manager."""

    async def list(
        self, path: str, query: Mapping[str, str] | None = None, /
    ) -> tuple[Document, ...]:
        """Return the `value` of an answer."""
        ...


class Logs(Protocol):
    """What is asked of Azure Monitor's logs."""

    async def query(self, resource: str, text: str, /) -> tuple[Document, ...]:
        """Return the rows of an answer."""
        ...


async def fetch_has_log(client: Settings, gateway_id: str) -> bool | None:
    """Say whether a gateway's access log can be queried; None: its settings cannot be read."""
    try:
        found = await client.list(f"{gateway_id}/{SETTINGS}")
    except (ApiError, TransportError):
        return None
    return find_table(found) is not None


class AccessLogs:
    """What the log of one gateway tells of each minute."""

    def __init__(self, client: Settings, logs: Logs, settings: AppGwSettings, whose: Whose) -> None:
        self._client = client
        self._logs = logs
        self._settings = settings
        self._whose = whose
        self._table: LogTable | None = None
        self._look_at_s = 0.0
        self._told_at_s: float | None = None
        """When rows were last seen, or it was first asked for some."""
        self._before: Mapping[int, int] = {}
        """How many requests each minute had at the last look."""
        self._trouble = ""

    async def find(self, now_s: float, grain_s: float) -> bool:
        """Say whether there is a log that can be read. Raises ApiError or TransportError."""
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_AGAIN * grain_s
            try:
                found = await self._client.list(f"{self._settings.gateway_id}/{SETTINGS}")
            except (ForbiddenError, NotFoundError) as error:
                self._give_up(error.message, remedy=ROLE)
            else:
                self._table = find_table(found)
        return self._table is not None

    async def fetch(self, from_s: float, now_s: float, grain_s: float) -> Minutes | None:
        """Return the minutes that count by now; None where the log tells nothing at all.

        Raises ApiError or TransportError where that is but for now.
        """
        if self._table is None:
            return None
        first, last = ceil(from_s / grain_s - 0.01), floor(now_s / grain_s + 0.01)
        if last <= first:
            return Minutes(grain_s=grain_s)
        span = Span(from_s=first * grain_s, to_s=last * grain_s, grain_s=grain_s)
        known = self._whose.known()
        if sum(map(len, known.values())) > ADDRESSES_MAX:
            known = {}
        text = build_query(self._table, span, known, prefix=self._settings.prefix)
        try:
            rows = await self._logs.query(self._settings.gateway_id, text)
        except (ForbiddenError, InvalidError, NotFoundError) as error:
            self._give_up(error.message, remedy=ROLE)
            return None
        told = read_minutes(rows, grain_s, self._whose.cluster_of_shared)
        if not self._is_alive(told, now_s, grain_s):
            return None
        return self._settle(told, range(first, last), now_s / grain_s, grain_s)

    def _is_alive(self, told: LogMinutes, now_s: float, grain_s: float) -> bool:
        """Whether it told anything of late; one that does not is as good as none."""
        if told.requests or self._told_at_s is None:
            self._told_at_s = now_s
        is_alive = now_s - self._told_at_s <= LATEST_AFTER * grain_s
        if is_alive:
            self._trouble = ""
        else:
            self._tell("it has no rows, or none that may be read", remedy=ROLE)
        return is_alive

    def _settle(self, told: LogMinutes, span: range, now: float, grain_s: float) -> Minutes:
        """Return the minutes up to the first that does not count yet; `now` is counted in them."""
        before, self._before = self._before, told.requests
        newest = max(told.requests, default=-1)
        settled: list[int] = []
        for number in span:
            age = now - (number + 1)
            is_whole = number < newest and told.requests.get(number, 0) == before.get(number)
            if age < SETTLED_AFTER or not (is_whole or age >= LATEST_AFTER):
                break
            settled.append(number)
        return Minutes(
            grain_s=grain_s,
            starts=tuple(number * grain_s for number in settled),
            by_start={n * grain_s: told.minutes[n] for n in settled if n in told.minutes},
        )

    def _give_up(self, why: str, *, remedy: str) -> None:
        self._table = None
        self._tell(why, remedy=remedy)

    def _tell(self, why: str, *, remedy: str) -> None:
        if why != self._trouble:
            gateway = self._settings.gateway_id
            _LOG.warning("the access log cannot be read", gateway=gateway, why=why, remedy=remedy)
        self._trouble = why
