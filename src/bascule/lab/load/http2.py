"""HTTP/2 on a few connections: events of the h2 library handed to whoever owns the stream."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from typing_extensions import override

from bascule.lab.load.plan import Lane, Target
from bascule.lab.load.samples import Outcome, Samples

CONNECTIONS_PER_LANE = 2
STREAMS_PER_CONNECTION_MAX = 1000
"""After so many streams a connection is replaced, as clients do."""

_FRAME_HEADER_BYTES = 9
_GOAWAY = 0x7

_now = time.monotonic
Headers = Sequence[tuple[str, str]]


class StreamOwner(Protocol):
    """Who is told what happens on one HTTP/2 stream."""

    def on_headers(self, headers: dict[bytes, bytes]) -> None:
        """Take headers or trailers."""

    def on_data(self, data: bytes) -> None:
        """Take a piece of the body."""

    def on_end(self) -> None:
        """Take note that the far end is done in order."""

    def on_lost(self) -> None:
        """Take note that the stream or its connection was cut."""


class Http2Connection(asyncio.Protocol):
    """One HTTP/2 connection, by ALPN or with prior knowledge."""

    def __init__(self) -> None:
        config = h2.config.H2Configuration(client_side=True, header_encoding=None)
        self._h2 = h2.connection.H2Connection(config)
        self._transport: asyncio.Transport | None = None
        self._owner_by_stream: dict[int, StreamOwner] = {}
        self._opened = 0
        self._received = bytearray()
        self.is_usable = False

    @property
    def is_worn(self) -> bool:
        """Whether it has carried as many streams as a connection should."""
        return self._opened >= STREAMS_PER_CONNECTION_MAX

    @property
    def is_full(self) -> bool:
        """Whether the far end allows no further stream at this moment."""
        allowed = self._h2.remote_settings.max_concurrent_streams
        return self.is_usable and len(self._owner_by_stream) >= allowed

    def open_stream(self, headers: Headers, owner: StreamOwner, *, is_complete: bool) -> int:
        """Send the headers of a new stream; `is_complete` says that no body follows."""
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, list(headers), end_stream=is_complete)
        self._owner_by_stream[stream] = owner
        self._opened += 1
        self._flush()
        return stream

    def send(self, stream: int, data: bytes, *, is_last: bool = False) -> None:
        """Send a small piece of a body; dropped when the stream is gone."""
        if stream not in self._owner_by_stream or not self.is_open:
            return
        try:
            self._h2.send_data(stream, data, end_stream=is_last)
        except h2.exceptions.ProtocolError:
            self._lose(stream)
            return
        self._flush()

    def cancel(self, stream: int) -> None:
        """Give a stream up; its owner hears no more of it."""
        if self._owner_by_stream.pop(stream, None) is None or not self.is_open:
            return
        try:
            self._h2.reset_stream(stream)
        except h2.exceptions.ProtocolError:
            return
        self._flush()

    @property
    def is_open(self) -> bool:
        """Whether the transport still takes bytes."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Close the connection."""
        self.is_usable = False
        if self._transport is not None:
            self._transport.close()

    def retire(self) -> None:
        """Take no new streams, and close once the last one is done."""
        self.is_usable = False
        if not self._owner_by_stream:
            self.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport keeps the interface without the ancestry
        self._transport = cast("asyncio.Transport", transport)
        self.is_usable = True
        self._h2.initiate_connection()
        self._flush()

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            self._receive_frames()
        except h2.exceptions.ProtocolError:
            self._flush()
            self.close()
            return
        self._flush()
        if not self.is_usable and not self._owner_by_stream:
            self.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_usable = False
        for stream in tuple(self._owner_by_stream):
            self._lose(stream)

    def _receive_frames(self) -> None:
        """Hand whole frames to h2, but GOAWAY: h2 would refuse the answers that still follow it."""
        start, received = 0, self._received
        while len(received) - start >= _FRAME_HEADER_BYTES:
            end = start + _FRAME_HEADER_BYTES + int.from_bytes(received[start : start + 3], "big")
            if len(received) < end:
                break
            if received[start + 3] == _GOAWAY:
                last = int.from_bytes(received[start + 9 : start + 13], "big")
                self._go_away(last & 0x7FFFFFFF)
            else:
                for event in self._h2.receive_data(bytes(received[start:end])):
                    self._take(event)
            start = end
        del received[:start]

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                owner = self._owner_by_stream.get(event.stream_id)
                if owner is not None:
                    owner.on_headers({_raw(k): _raw(v) for k, v in event.headers or ()})
            case h2.events.DataReceived():
                self._h2.acknowledge_received_data(
                    event.flow_controlled_length or 0, event.stream_id
                )
                owner = self._owner_by_stream.get(event.stream_id)
                if owner is not None:
                    owner.on_data(event.data or b"")
            case h2.events.StreamEnded():
                owner = self._owner_by_stream.pop(event.stream_id, None)
                if owner is not None:
                    owner.on_end()
            case h2.events.StreamReset():
                self._lose(event.stream_id)
            case _:
                pass

    def _go_away(self, last_stream: int) -> None:
        self.is_usable = False
        for stream in [s for s in self._owner_by_stream if s > last_stream]:
            self._lose(stream)

    def _lose(self, stream: int) -> None:
        owner = self._owner_by_stream.pop(stream, None)
        if owner is not None:
            owner.on_lost()

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def _raw(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


async def open_http2(
    target: Target, context: ssl.SSLContext | None, *, timeout_s: float
) -> Http2Connection:
    """Return a new connection to `target`. Raises OSError (ssl.SSLError and TimeoutError too)."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        _, connection = await loop.create_connection(
            Http2Connection,
            target.address,
            target.port,
            ssl=context,
            server_hostname=target.host if context else None,
        )
    return connection


class Http2Lane:
    """Requests of one lane over a few HTTP/2 connections, opened when they are missing."""

    def __init__(
        self,
        lane: Lane,
        samples: Samples,
        *,
        context: ssl.SSLContext | None,
        spawn: Callable[["asyncio._CoroutineLike[None]"], object],
        timeout_s: float,
    ) -> None:
        self._lane = lane
        self.samples = samples
        self._context = context
        self._spawn = spawn
        self._timeout_s = timeout_s
        self._slots: list[Http2Connection | None] = [None] * CONNECTIONS_PER_LANE
        self._waiting: list[list[int] | None] = [None] * CONNECTIONS_PER_LANE
        self._open: dict[int, tuple[Http2Connection, int]] = {}
        self._backlog: deque[int] = deque()
        self._turn = 0
        self._headers = (
            (":method", "GET"),
            (":scheme", "https" if lane.target.tls else "http"),
            (":authority", lane.target.host),
            (":path", lane.path),
            ("user-agent", "bascule-lab"),
        )

    def launch(self, row: int) -> None:
        """Send the request of `row` on the next connection in turn."""
        self._turn = (self._turn + 1) % CONNECTIONS_PER_LANE
        connection = self._slots[self._turn]
        waiting = self._waiting[self._turn]
        if connection is not None and connection.is_full:
            self._backlog.append(row)
        elif connection is not None and connection.is_usable and not connection.is_worn:
            self._request(row, connection)
        elif waiting is not None:
            waiting.append(row)
        else:
            if connection is not None:
                connection.retire()
            self._waiting[self._turn] = [row]
            self._spawn(self._connect(self._turn))

    def expire(self, row: int) -> None:
        """End `row` as timed out and cancel its stream."""
        self.samples.fail(row, _now(), Outcome.TIMED_OUT)
        carried = self._open.pop(row, None)
        if carried is not None:
            carried[0].cancel(carried[1])

    def close(self) -> None:
        """Close every connection."""
        for connection in self._slots:
            if connection is not None:
                connection.close()

    def ended(self, row: int) -> None:
        """Forget a row that ended, and send one that waited for a free stream."""
        self._open.pop(row, None)
        while self._backlog:
            waiting = self._backlog.popleft()
            if self.samples.is_pending(waiting):
                self.launch(waiting)
                return

    async def _connect(self, slot: int) -> None:
        outcome: Outcome | None = None
        try:
            connection = await open_http2(
                self._lane.target, self._context, timeout_s=self._timeout_s
            )
            self._slots[slot] = connection
        except ssl.SSLError:
            outcome = Outcome.TLS
        except TimeoutError:
            outcome = Outcome.TIMED_OUT
        except OSError:
            outcome = Outcome.CONNECT
        rows, self._waiting[slot] = self._waiting[slot] or [], None
        for row in rows:
            ready = self._slots[slot]
            if outcome is not None or ready is None:
                self.samples.fail(row, _now(), outcome or Outcome.CONNECT)
            elif self.samples.is_pending(row):
                self._request(row, ready)

    def _request(self, row: int, connection: Http2Connection) -> None:
        self.samples.sent[row] = _now()
        try:
            stream = connection.open_stream(
                self._headers, _RequestStream(self, row), is_complete=True
            )
        except h2.exceptions.ProtocolError:
            self.samples.fail(row, _now(), Outcome.PROTOCOL)
            return
        self._open[row] = (connection, stream)


class _RequestStream:
    """One request of the lane."""

    __slots__ = ("_cluster", "_lane", "_row", "_status")

    def __init__(self, lane: Http2Lane, row: int) -> None:
        self._lane = lane
        self._row = row
        self._status = 0
        self._cluster = b""

    def on_headers(self, headers: dict[bytes, bytes]) -> None:
        self._status = int(headers.get(b":status", self._status))
        self._cluster = headers.get(b"x-lab-cluster", self._cluster)

    def on_data(self, data: bytes) -> None:
        pass

    def on_end(self) -> None:
        self._lane.samples.finish(self._row, _now(), status=self._status, cluster=self._cluster)
        self._lane.ended(self._row)

    def on_lost(self) -> None:
        self._lane.samples.fail(self._row, _now(), Outcome.RESET)
        self._lane.ended(self._row)
