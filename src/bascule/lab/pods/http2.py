"""One HTTP/2 connection of a pod (prior knowledge, RFC 9113): plain answers, and gRPC echo."""

import asyncio
from typing import cast

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from hyperframe.frame import GoAwayFrame
from typing_extensions import override

from bascule.lab.pods.grpc_echo import GrpcEcho, route_grpc
from bascule.lab.pods.serving import WRITE_BUFFER_MAX_BYTES, Serving

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAMS_MAX = 1_000
STREAM_BACKLOG_MAX_BYTES = 1 << 22
GOAWAY_WAIT_S = 0.2
LAST_STREAM_MAX = (1 << 31) - 1

_Headers = list[tuple[str, str]]


class _Stream:
    """One open request: what was asked, and what is still to be sent."""

    __slots__ = ("backlog", "echo", "headers", "is_ended", "timer", "trailers")

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers
        self.echo: GrpcEcho | None = None
        self.backlog = bytearray()
        self.is_ended = False
        self.trailers: _Headers = []
        self.timer: asyncio.TimerHandle | None = None


class Http2Connection(asyncio.Protocol):
    """The protocol of a connection that began with the HTTP/2 preface."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config=config)
        self._h2.local_settings.max_concurrent_streams = STREAMS_MAX
        self._streams: dict[int, _Stream] = {}
        self._last_stream: int | None = None
        self._identity = list(serving.answerer.identity.headers())

    # What asyncio calls.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_MAX_BYTES)
        self._h2.initiate_connection()
        self._flush()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._serving.remove(self)
        for stream in self._streams.values():
            if stream.timer is not None:
                stream.timer.cancel()
        self._streams.clear()

    @override
    def data_received(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
            for event in events:
                self._handle(event)
        except h2.exceptions.ProtocolError:
            self._flush()
            self._transport.close()
            return
        self._flush()
        self._close_when_done()

    # Events.

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._begin(event.stream_id, cast("_Headers", event.headers))
        elif isinstance(event, h2.events.DataReceived):
            self._receive(event)
        elif isinstance(event, h2.events.StreamEnded):
            self._end_of_request(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self._forget(event.stream_id)
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            self._send_backlogs()
        elif isinstance(event, h2.events.ConnectionTerminated):
            # h2 takes a GOAWAY for the end, though open streams go on (RFC 9113, 6.8).
            self._h2.state_machine.state = h2.connection.ConnectionState.SERVER_OPEN
            self._last_stream = self._h2.highest_inbound_stream_id

    def _begin(self, stream_id: int, headers: _Headers) -> None:
        if self._last_stream is not None and stream_id > self._last_stream:
            self._h2.reset_stream(stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        stream = self._streams[stream_id] = _Stream(dict(headers))
        if not stream.headers.get("content-type", "").startswith("application/grpc"):
            return
        self._serving.requests += 1
        path = stream.headers.get(":path", "")
        stream.echo = echo = route_grpc(path)
        self._serving.log.access("POST", path, 200)
        self._h2.send_headers(stream_id, [*echo.headers(), *self._identity])
        if echo.refusal:
            stream.is_ended = True
            stream.trailers = echo.trailers()
            self._send_backlog(stream_id, stream)

    def _receive(self, event: h2.events.DataReceived) -> None:
        stream_id = event.stream_id
        length = event.flow_controlled_length
        stream = self._streams.get(stream_id)
        if stream is None or stream.echo is None or stream.is_ended:
            self._acknowledge(stream_id, length)
            return
        stream.backlog += stream.echo.receive(event.data)
        if len(stream.backlog) > STREAM_BACKLOG_MAX_BYTES:
            self._h2.reset_stream(stream_id, h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
            self._forget(stream_id)
            return
        self._acknowledge(stream_id, length)
        self._send_backlog(stream_id, stream)

    def _acknowledge(self, stream_id: int, length: int) -> None:
        if length:
            self._h2.acknowledge_received_data(length, stream_id)

    def _end_of_request(self, stream_id: int) -> None:
        stream = self._streams.get(stream_id)
        if stream is None:
            return
        if stream.echo is not None:
            self._finish(stream_id, stream)
            return
        self._serving.requests += 1
        headers = stream.headers
        method, path = headers.get(":method", ""), headers.get(":path", "")
        host = headers.get(":authority", headers.get("host", ""))
        answer = self._serving.answerer.answer(
            method, path, host, headers.get("idempotency-key", "")
        )
        self._serving.log.access(method, path, answer.status)
        body = b"" if method == "HEAD" or answer.status in {204, 304} else answer.body
        if answer.delay_s > 0:
            stream.timer = self._serving.loop.call_later(
                answer.delay_s, self._answer_late, stream_id, answer.status, body
            )
        else:
            self._answer(stream_id, answer.status, body)

    def _finish(self, stream_id: int, stream: _Stream) -> None:
        """End a gRPC stream with its trailers, behind what is still to be sent."""
        if stream.echo is not None and not stream.is_ended:
            stream.is_ended = True
            stream.trailers = stream.echo.trailers()
            self._send_backlog(stream_id, stream)

    # Answers.

    def _answer_late(self, stream_id: int, status: int, body: bytes) -> None:
        self._answer(stream_id, status, body)
        self._flush()
        self._close_when_done()

    def _answer(self, stream_id: int, status: int, body: bytes) -> None:
        stream = self._streams[stream_id]
        stream.timer = None
        stream.is_ended = True
        stream.backlog += body
        headers = [
            (":status", str(status)),
            ("content-type", "application/json"),
            *self._identity,
        ]
        if body:
            headers.append(("content-length", str(len(body))))
        self._h2.send_headers(stream_id, headers, end_stream=not body)
        if body:
            self._send_backlog(stream_id, stream)
        else:
            self._forget(stream_id)

    def _send_backlogs(self) -> None:
        for stream_id, stream in list(self._streams.items()):
            if stream.backlog:
                self._send_backlog(stream_id, stream)

    def _send_backlog(self, stream_id: int, stream: _Stream) -> None:
        """Send as much as the windows allow; end the stream when all of it is sent."""
        backlog = stream.backlog
        while backlog:
            window = self._h2.local_flow_control_window(stream_id)
            size = min(window, self._h2.max_outbound_frame_size, len(backlog))
            if size <= 0:
                return
            ends = stream.is_ended and not stream.trailers and size == len(backlog)
            self._h2.send_data(stream_id, bytes(backlog[:size]), end_stream=ends)
            del backlog[:size]
        if not stream.is_ended:
            return
        if stream.trailers:
            self._h2.send_headers(stream_id, stream.trailers, end_stream=True)
        self._forget(stream_id)

    def _forget(self, stream_id: int) -> None:
        stream = self._streams.pop(stream_id, None)
        if stream is not None and stream.timer is not None:
            stream.timer.cancel()

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _close_when_done(self) -> None:
        if self._last_stream is not None and not self._streams:
            self._transport.close()

    # What the server calls.

    def drain(self) -> None:
        """Announce the end twice, as RFC 9113 (6.8) advises, and finish the open streams.

        h2 would take its own GOAWAY for the end of everything, so the frame is written past it.
        """
        self._go_away(LAST_STREAM_MAX)
        self._serving.loop.call_later(GOAWAY_WAIT_S, self._go_away_for_good)

    def _go_away_for_good(self) -> None:
        if not self._transport.is_closing():
            self._last_stream = self._h2.highest_inbound_stream_id
            self._go_away(self._last_stream)
            self._close_when_done()

    def _go_away(self, last_stream: int) -> None:
        frame = GoAwayFrame(0, last_stream_id=last_stream, error_code=0)
        self._flush()
        self._transport.write(frame.serialize())

    def end_streams(self) -> None:
        """End gRPC streams with their trailers; plain requests are finished by themselves."""
        for stream_id, stream in list(self._streams.items()):
            self._finish(stream_id, stream)
        self._flush()
        self._close_when_done()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()
