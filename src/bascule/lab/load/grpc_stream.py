"""gRPC echo streams on HTTP/2, framed by hand: only the echo of bytes is asked for."""

import asyncio
import ssl

import h2.exceptions

from bascule.lab.load.http2 import Http2Connection, open_http2
from bascule.lab.load.plan import StreamLane
from bascule.lab.load.streams import StreamCutError, StreamRefusedError

METHOD = "/lab.Echo/Echo"
PREFIX_BYTES = 5
"""A gRPC message is preceded by a flag and its length in four bytes."""


class GrpcOpener:
    """Opens gRPC streams of one lane, each on a connection of its own."""

    def __init__(self, lane: StreamLane, context: ssl.SSLContext | None, timeout_s: float) -> None:
        self._lane = lane
        self._context = context
        self._timeout_s = timeout_s

    async def __call__(self) -> "GrpcStream":
        """Return a stream whose first echo has come. Raises StreamRefusedError."""
        target = self._lane.target
        try:
            connection = await open_http2(target, self._context, timeout_s=self._timeout_s)
        except (OSError, TimeoutError) as error:
            raise StreamRefusedError(str(error) or type(error).__name__) from error
        stream = GrpcStream(connection)
        try:
            async with asyncio.timeout(self._timeout_s):
                stream.open(target.host, is_tls=target.tls)
                await stream.echo("hello")
        except (StreamCutError, TimeoutError, h2.exceptions.ProtocolError) as error:
            stream.drop()
            raise StreamRefusedError(str(error) or type(error).__name__) from error
        return stream


class GrpcStream:
    """One bidirectional call."""

    def __init__(self, connection: Http2Connection) -> None:
        self._connection = connection
        self._stream = 0
        self._received = bytearray()
        self._messages: list[bytes] = []
        self._news = asyncio.Event()
        self._status: bytes | None = None
        self._is_lost = False
        self._is_ended = False
        self.cluster = ""

    def open(self, host: str, *, is_tls: bool) -> None:
        """Send the call's headers."""
        headers = (
            (":method", "POST"),
            (":scheme", "https" if is_tls else "http"),
            (":authority", host),
            (":path", METHOD),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "bascule-lab"),
        )
        self._stream = self._connection.open_stream(headers, self, is_complete=False)

    async def echo(self, text: str) -> None:
        """Send `text` and return when it came back. Raises StreamCutError."""
        message = encode_message(text)
        self._connection.send(self._stream, frame(message))
        while message not in self._messages:
            await self._hear()
        self._messages.clear()

    async def end(self) -> None:
        """Half-close and wait for status 0. Raises StreamCutError."""
        self._connection.send(self._stream, b"", is_last=True)
        while not self._is_ended:
            await self._hear()
        if self._status != b"0":
            raise StreamCutError(f"grpc-status {self._status!r}")

    def drop(self) -> None:
        """Close the connection."""
        self._connection.cancel(self._stream)
        self._connection.close()

    async def _hear(self) -> None:
        if self._is_lost:
            raise StreamCutError("stream reset")
        if self._is_ended:
            raise StreamCutError(f"ended by the far end, grpc-status {self._status!r}")
        self._news.clear()
        await self._news.wait()

    def on_headers(self, headers: dict[bytes, bytes]) -> None:
        """Take headers or trailers."""
        if b"x-lab-cluster" in headers:
            self.cluster = headers[b"x-lab-cluster"].decode()
        self._status = headers.get(b"grpc-status", self._status)

    def on_data(self, data: bytes) -> None:
        """Take a piece of the messages."""
        self._received += data
        self._messages += take_messages(self._received)
        self._news.set()

    def on_end(self) -> None:
        """Take note of the end."""
        self._is_ended = True
        self._news.set()

    def on_lost(self) -> None:
        """Take note of a reset."""
        self._is_lost = True
        self._news.set()


def encode_message(text: str) -> bytes:
    """Return a protobuf message with `text` (up to 127 bytes) as its field 1."""
    raw = text.encode()
    return bytes((0x0A, len(raw))) + raw


def frame(message: bytes) -> bytes:
    """Return `message` with gRPC's length prefix, not compressed."""
    return b"\x00" + len(message).to_bytes(4, "big") + message


def take_messages(received: bytearray) -> list[bytes]:
    """Remove the whole messages at the start of `received` and return them."""
    messages = []
    while len(received) >= PREFIX_BYTES:
        end = PREFIX_BYTES + int.from_bytes(received[1:PREFIX_BYTES], "big")
        if len(received) < end:
            break
        messages.append(bytes(received[PREFIX_BYTES:end]))
        del received[:end]
    return messages
