"""HTTP/1.1 requests on fresh and on kept connections; a request is never sent twice."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import cast

import httptools
from typing_extensions import override

from bascule.lab.load.plan import Lane, LaneKind
from bascule.lab.load.samples import Outcome, Samples

OPENING_MAX = 16
"""Kept connections of a lane that are opened at a time: more due requests wait for one to be free.

Without it one slow moment makes every request of it shake hands, which makes the next one slower.
"""
OPENING_FRESH_MAX = 256

_now = time.monotonic


class Http1Lane:
    """One lane: takes rows that are due, keeps idle connections, and ends each row once."""

    def __init__(
        self,
        lane: Lane,
        samples: Samples,
        *,
        context: ssl.SSLContext | None,
        spawn: Callable[["asyncio._CoroutineLike[None]"], object],
        connections_max: int,
        timeout_s: float,
    ) -> None:
        self._lane = lane
        self.samples = samples
        self._context = context
        self._spawn = spawn
        self._connections_max = connections_max
        self._timeout_s = timeout_s
        self._idle: list[Http1Connection] = []
        self._connections: set[Http1Connection] = set()
        self._waiting: deque[int] = deque()
        self._opening = 0
        self._is_fresh = lane.kind is LaneKind.FRESH
        self._opening_max = OPENING_FRESH_MAX if self._is_fresh else OPENING_MAX
        self._head = _head(lane)
        self.cookie_by_user: dict[int, bytes] = {}

    def launch(self, row: int) -> None:
        """Send the request of `row` now, or as soon as a connection is free; it always ends."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                connection.request(row, self._payload(row))
                return
        self._waiting.append(row)
        self._open_more()

    def expire(self, row: int) -> None:
        """End `row` as timed out and drop the connection that carries it."""
        self.samples.fail(row, _now(), Outcome.TIMED_OUT)
        for connection in [c for c in self._connections if c.row == row]:
            connection.abort()

    def close(self) -> None:
        """Close every connection."""
        for connection in tuple(self._connections):
            connection.abort()

    def answered(self, connection: "Http1Connection", *, keep: bool) -> None:
        """Take back a connection whose answer is complete."""
        if keep and not self._is_fresh:
            self._serve(connection)
        else:
            connection.close()

    def opened(self, connection: "Http1Connection") -> None:
        """Count a connection."""
        self._connections.add(connection)

    def lost(self, connection: "Http1Connection") -> None:
        """Forget a connection that is gone."""
        self._connections.discard(connection)
        if self._waiting:
            self._open_more()

    def _open_more(self) -> None:
        """Open a connection for a row that waits, unless enough are being opened or open."""
        is_full = len(self._connections) + self._opening >= self._connections_max
        if not is_full and self._opening < self._opening_max:
            self._opening += 1
            self._spawn(self._open())

    def _serve(self, connection: "Http1Connection") -> None:
        """Give a free connection the row that waits longest, or keep it idle."""
        row = self._next_waiting()
        if row is None:
            self._idle.append(connection)
        else:
            connection.request(row, self._payload(row))

    def _next_waiting(self) -> int | None:
        while self._waiting:
            row = self._waiting.popleft()
            if self.samples.is_pending(row):
                return row
        return None

    async def _open(self) -> None:
        outcome = Outcome.PENDING
        target = self._lane.target
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s):
                _, connection = await loop.create_connection(
                    lambda: Http1Connection(self),
                    target.address,
                    target.port,
                    ssl=self._context,
                    server_hostname=target.host if self._context else None,
                )
            self._serve(connection)
        except ssl.SSLError:
            outcome = Outcome.TLS
        except TimeoutError:
            outcome = Outcome.TIMED_OUT
        except OSError:
            outcome = Outcome.CONNECT
        finally:
            self._opening -= 1
        if outcome is not Outcome.PENDING:
            row = self._next_waiting()
            if row is not None:
                self.samples.fail(row, _now(), outcome)
        if self._waiting:
            self._open_more()

    def _payload(self, row: int) -> bytes:
        kind = self._lane.kind
        if kind is LaneKind.POST:
            key = idempotency_key(self._lane.name, row)
            return b"%sidempotency-key: %s\r\ncontent-length: 0\r\n\r\n" % (
                self._head,
                key.encode(),
            )
        if kind is LaneKind.USER:
            cookie = self.cookie_by_user.get(self.samples.user[row])
            if cookie is not None:
                return b"%scookie: %s\r\n\r\n" % (self._head, cookie)
        return self._head + b"\r\n"


def idempotency_key(lane: str, row: int) -> str:
    """Return the key that the POST of `row` carries."""
    return f"{lane}-{row}"


def _head(lane: Lane) -> bytes:
    method = "POST" if lane.kind is LaneKind.POST else "GET"
    path = f"/slow?ms={lane.slow_ms}" if lane.kind is LaneKind.SLOW else lane.path
    lines = [f"{method} {path} HTTP/1.1", f"host: {lane.target.host}", "user-agent: bascule-lab"]
    if lane.kind is LaneKind.FRESH:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n").encode()


class Http1Connection(asyncio.Protocol):
    """One connection with at most one request on it."""

    __slots__ = ("_cluster", "_cookie", "_lane", "_parser", "_transport", "is_usable", "row")

    def __init__(self, lane: Http1Lane) -> None:
        self._lane = lane
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._cluster = b""
        self._cookie = b""
        self.row = -1
        self.is_usable = False

    def request(self, row: int, payload: bytes) -> None:
        """Send one request; its answer ends `row`."""
        self.row = row
        self._cluster = self._cookie = b""
        self._lane.samples.sent[row] = _now()
        if self._transport is None or self._transport.is_closing():
            self._fail(Outcome.RESET)
            return
        self._transport.write(payload)

    def close(self) -> None:
        """Close the connection in order."""
        self.is_usable = False
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once."""
        self.is_usable = False
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport keeps the interface without the ancestry
        self._transport = cast("asyncio.Transport", transport)
        self.is_usable = True
        self._lane.opened(self)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail(Outcome.PROTOCOL)
            self.abort()

    @override
    def eof_received(self) -> bool:
        self.is_usable = False
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_usable = False
        self._lane.lost(self)
        self._fail(Outcome.RESET)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header (httptools)."""
        lower = name.lower()
        if lower == b"x-lab-cluster":
            self._cluster = value
        elif lower == b"set-cookie":
            self._cookie = value.partition(b";")[0]

    def on_message_complete(self) -> None:
        """End the row (httptools)."""
        row, self.row = self.row, -1
        if row < 0:
            self.abort()
            return
        parser = self._parser
        samples = self._lane.samples
        status = parser.get_status_code()
        samples.finish(row, _now(), status=status, cluster=self._cluster)
        if self._cookie and samples.user[row] >= 0:
            self._lane.cookie_by_user[samples.user[row]] = self._cookie
        self._lane.answered(self, keep=parser.should_keep_alive())

    def _fail(self, outcome: Outcome) -> None:
        row, self.row = self.row, -1
        if row >= 0:
            self._lane.samples.fail(row, _now(), outcome)
