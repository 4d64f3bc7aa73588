"""Keeps what gateways were asked, for as long as there is room, and says what can be seen of it.

Each instance sends its part of a minute at once, so that a minute has a part of its rows at first.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bascule.lab.arm.dataplane.access import Request
from bascule.lab.arm.logs.diagnostics import Diagnostics
from bascule.lab.arm.logs.entries import TABLES, Entry, EntryRow
from bascule.lab.arm.monitor.book import Pace

ENTRIES_MAX: Final = 50_000
"""So many are kept for each gateway."""
LOOPBACK: Final = "127.0.0.1"
USER_HERE: Final = "192.0.2.1"
"""Who asks from the lab's own machine: from 127.0.0.1 Azure's instances ask themselves."""


class Archive:
    """Implements `Scribe`: what came while a diagnostic setting wanted it."""

    def __init__(self, pace: Pace, diagnostics: Diagnostics) -> None:
        self._pace = pace
        self._diagnostics = diagnostics
        self._entries: dict[str, deque[tuple[float, Entry]]] = {}
        """By gateway, each with when it can be seen."""
        self._instances: dict[str, int] = {}

    def is_wanted(self, gateway_id: str) -> bool:
        """Whether a diagnostic setting sends this gateway's access log anywhere."""
        return any(True for _ in self._diagnostics.targets(gateway_id))

    def note(self, gateway_id: str, instance: str, requests: list[Request]) -> None:
        """Take down requests that an instance, such as `0-3` of the first place, has ended."""
        key, place = gateway_id.lower(), int(instance.partition("-")[0])
        count = self._instances[key] = max(self._instances.get(key, 1), place + 1)
        kept = self._entries.setdefault(key, deque(maxlen=ENTRIES_MAX))
        for request in requests:
            entry = _read(gateway_id, place, request)
            minute = int(entry.at.timestamp() // self._pace.minute_s)
            kept.append((self._pace.log_visible_s(minute, place, count), entry))

    def rows(self, gateway_id: str, table: str, now_s: float) -> Iterator[Mapping[str, Any]]:
        """Yield what can be seen of a gateway in a table now."""
        columns = TABLES[table]
        for visible_s, entry in tuple(self._entries.get(gateway_id.lower(), ())):
            if visible_s <= now_s:
                yield EntryRow(entry, columns)


def _read(gateway_id: str, place: int, request: Request) -> Entry:
    said = request.fields
    client, _, port = str(said.get("client") or "").rpartition(":")
    took_s = _number(said, "took_ms") / 1000
    latency = said.get("latency_ms")
    status = int(_number(said, "status"))
    return Entry(
        at=datetime.fromtimestamp(float(said["at"]) + took_s, UTC),
        gateway_id=gateway_id,
        instance=f"appgw_{place}",
        client=_client(client),
        client_port=int(port or 0),
        method=_text(said, "method"),
        uri=_text(said, "uri"),
        host=_text(said, "host"),
        agent=_text(said, "agent"),
        status=status,
        version=_text(said, "version"),
        received=int(_number(said, "received")),
        sent=int(_number(said, "sent")),
        took_s=took_s,
        is_tls=bool(said.get("tls")),
        pool=request.pool,
        settings=request.settings,
        server=request.server,
        server_status=status if latency is not None else None,
        latency_s=None if latency is None else float(latency) / 1000,
    )


def _client(address: str) -> str:
    """Return who asks, as Azure would see it: the lab's 127.a.b.c stands for 10.a.b.c."""
    if address == LOOPBACK:
        return USER_HERE
    return f"10.{address.removeprefix('127.')}" if address.startswith("127.") else address


def _text(said: Mapping[str, Any], name: str) -> str:
    return str(said.get(name) or "")


def _number(said: Mapping[str, Any], name: str) -> float:
    return float(said.get(name) or 0)
