"""One HTTP/1.1 connection of a pod; it hands itself over when the client speaks HTTP/2.

Answers keep the order of requests (pipelining), `Expect: 100-continue` is honoured, bodies are read
and thrown away, and an `Upgrade: websocket` makes the connection a WebSocket.
"""

import asyncio
from collections import deque
from typing import cast

import httptools
from typing_extensions import override

from bascule.lab.pods.answers import Answer
from bascule.lab.pods.http2 import PREFACE, Http2Connection
from bascule.lab.pods.serving import WRITE_BUFFER_MAX_BYTES, Serving
from bascule.lab.pods.websocket import WebSocketConnection, accept_key

PIPELINE_MAX = 64
HEAD_MAX_BYTES = 64 * 1024
FRESH_WAIT_S = 0.5

_REASONS = {
    200: b"OK", 204: b"No Content", 400: b"Bad Request", 404: b"Not Found",
    426: b"Upgrade Required", 431: b"Request Header Fields Too Large",
    429: b"Too Many Requests", 500: b"Internal Server Error", 502: b"Bad Gateway",
    503: b"Service Unavailable", 504: b"Gateway Timeout",
}  # fmt: skip
_BODILESS = frozenset({204, 304})
_Queued = tuple[str, Answer, bool]


class Http1Connection(asyncio.Protocol):
    """The protocol of a fresh connection: HTTP/1.1 until the first bytes say otherwise."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._parser = httptools.HttpRequestParser(self)
        self._sniffed: bytes | None = b""
        self._queue: deque[_Queued] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._is_in_request = False
        self._is_closing = False
        self._request_bytes = 0
        self._heads = {
            False: _head_of_answers(serving, b""),
            True: _head_of_answers(serving, b"connection: close\r\n"),
        }
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._host = ""
        self._key = ""
        self._expects_continue = False
        self._websocket_key: bytes | None = None

    # What asyncio calls.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_MAX_BYTES)
        self._serving.connections.add(self)
        if self._serving.is_draining:
            self.drain()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._serving.remove(self)
        if self._timer is not None:
            self._timer.cancel()
        self._queue.clear()

    @override
    def eof_received(self) -> bool:
        """Keep the half-closed connection open while an answer is still owed."""
        self._is_closing = True
        return bool(self._queue)

    @override
    def data_received(self, data: bytes) -> None:
        if self._sniffed is not None:
            data = self._sniff(data)
            if not data:
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400)

    def _sniff(self, data: bytes) -> bytes:
        """Return what HTTP/1.1 is to parse; nothing while undecided or when it is HTTP/2."""
        seen = (self._sniffed or b"") + data
        if PREFACE.startswith(seen[: len(PREFACE)]):
            if len(seen) < len(PREFACE):
                self._sniffed = seen
                return b""
            self._become_http2(seen)
            return b""
        self._sniffed = None
        return seen

    def _become_http2(self, seen: bytes) -> None:
        connection = Http2Connection(self._serving)
        connection.connection_made(self._transport)
        self._transport.set_protocol(connection)
        self._serving.swap(self, connection)
        connection.data_received(seen)

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._is_in_request = True
        self._request_bytes = 0
        self._reset()

    def on_url(self, url: bytes) -> None:
        """Collect the target; it may come in parts."""
        self._target += url
        if len(self._target) > HEAD_MAX_BYTES:
            self._refuse(431)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the few headers that matter here."""
        self._request_bytes += len(name) + len(value)
        if self._request_bytes > HEAD_MAX_BYTES:
            self._refuse(431)
            return
        if len(name) not in _NAME_LENGTHS:
            return
        name = name.lower()
        if name == b"host":
            self._host = value.decode("latin-1")
        elif name == b"idempotency-key":
            self._key = value.decode("latin-1")
        elif name == b"expect":
            self._expects_continue = value.lower() == b"100-continue"
        elif name == b"sec-websocket-key":
            self._websocket_key = value

    def on_headers_complete(self) -> None:
        """Say 100 Continue where the client waits for it."""
        if self._expects_continue and not self._is_closing:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_message_complete(self) -> None:
        """Answer, at once or in turn."""
        self._is_in_request = False
        if self._is_closing or self._websocket_key is not None:
            return
        serving = self._serving
        serving.requests += 1
        method = self._parser.get_method().decode("latin-1")
        target = self._target.decode("latin-1")
        answer = serving.answerer.answer(method, target, self._host, self._key)
        serving.log.access(method, target, answer.status)
        keeps_alive = self._parser.should_keep_alive() and not serving.is_draining
        if not keeps_alive:
            self._is_closing = True
        if self._queue or answer.delay_s > 0:
            self._enqueue((method, answer, keeps_alive))
        else:
            self._write(method, answer, keeps_alive=keeps_alive)

    # Answers.

    def _enqueue(self, queued: _Queued) -> None:
        self._queue.append(queued)
        if len(self._queue) >= PIPELINE_MAX:
            self._transport.pause_reading()
        if self._timer is None:
            self._wait_for_next()

    def _wait_for_next(self) -> None:
        delay_s = self._queue[0][1].delay_s
        self._timer = self._serving.loop.call_later(delay_s, self._send_next)

    def _send_next(self) -> None:
        self._timer = None
        if len(self._queue) >= PIPELINE_MAX:
            self._transport.resume_reading()
        method, answer, keeps_alive = self._queue.popleft()
        self._write(method, answer, keeps_alive=keeps_alive and not self._is_last())
        if self._queue and not self._transport.is_closing():
            self._wait_for_next()

    def _is_last(self) -> bool:
        """Say whether the connection ends with the answer now being sent."""
        return (self._is_closing or self._serving.is_draining) and not self._queue

    def _write(self, method: str, answer: Answer, *, keeps_alive: bool) -> None:
        status, body, _ = answer
        reason = _REASONS.get(status, b"Status")
        has_body = status not in _BODILESS
        length = b"content-length: %d\r\n" % len(body) if has_body else b""
        sent = body if has_body and method != "HEAD" else b""
        head = self._heads[not keeps_alive]
        self._transport.write(
            b"HTTP/1.1 %d %b\r\n%b%b\r\n%b" % (status, reason, head, length, sent)
        )
        if not keeps_alive and not self._queue:
            self._transport.close()

    def _refuse(self, status: int) -> None:
        """Answer a request that cannot be read, and close (RFC 9112, 9.6)."""
        if not self._is_closing:
            self._is_closing = True
            self._queue.clear()
            self._write("", Answer(status, b""), keeps_alive=False)

    def _upgrade(self, rest: bytes) -> None:
        if self._websocket_key is None:
            # Another protocol was offered, and we have answered in this one (RFC 9110, 7.8).
            self._parser = httptools.HttpRequestParser(self)
            if rest and not self._is_closing:
                self.data_received(rest)
            return
        if self._serving.is_draining or self._queue:
            self._refuse(503)
            return
        accept = accept_key(self._websocket_key)
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-accept: %b\r\n%b\r\n" % (accept, _identity_lines(self._serving))
        )
        self._serving.log.access("GET", self._target.decode("latin-1"), 101)
        connection = WebSocketConnection(self._serving, self._transport)
        self._transport.set_protocol(connection)
        self._serving.swap(self, connection)
        connection.greet()
        if rest:
            connection.data_received(rest)

    # What the server calls.

    def drain(self) -> None:
        """Close when idle; an open request is finished first and answered `connection: close`."""
        if self._sniffed is not None:
            # The client has connected and its first request may be under way.
            self._serving.loop.call_later(FRESH_WAIT_S, self._close_if_idle)
        else:
            self._close_if_idle()

    def _close_if_idle(self) -> None:
        if not self._is_in_request and not self._queue:
            self._transport.close()

    def end_streams(self) -> None:
        """Do nothing: plain requests are not streams."""

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()


_NAME_LENGTHS = frozenset({4, 6, 15, 17})  # host, expect, idempotency-key, sec-websocket-key


def _identity_lines(serving: Serving) -> bytes:
    lines = (f"{name}: {value}\r\n" for name, value in serving.answerer.identity.headers())
    return "".join(lines).encode("latin-1", "replace")


def _head_of_answers(serving: Serving, connection: bytes) -> bytes:
    return b"content-type: application/json\r\n" + _identity_lines(serving) + connection
