"""An HTTP/2 connection between two state machines, without a socket."""

import asyncio

import h2.config
import h2.connection
import h2.events
from hyperframe.frame import GoAwayFrame, RstStreamFrame
from typing_extensions import override

from bascule.lab.load.http2 import STREAMS_PER_CONNECTION_MAX, Http2Connection

HEADERS = ((":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/"))


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    @override
    def close(self) -> None:
        self.is_closed = True

    @override
    def is_closing(self) -> bool:
        return self.is_closed


class Owner:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_headers(self, headers: dict[bytes, bytes]) -> None:
        self.heard.append(headers[b":status"].decode())

    def on_data(self, data: bytes) -> None:
        self.heard.append(data.decode())

    def on_end(self) -> None:
        self.heard.append("end")

    def on_lost(self) -> None:
        self.heard.append("lost")


class Pair:
    """A client connection of ours and a server's state machine."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.client = Http2Connection()
        self.client.connection_made(self.wire)
        self.server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.server.initiate_connection()
        self.exchange()

    def exchange(self) -> None:
        """Carry what either has to say, the server's bytes one at a time."""
        sent, self.wire.written = self.wire.written, b""
        if sent:
            self.server.receive_data(sent)
        for byte in self.server.data_to_send():
            self.client.data_received(bytes([byte]))

    def ask(self) -> tuple[int, Owner]:
        owner = Owner()
        stream = self.client.open_stream(HEADERS, owner, is_complete=True)
        self.exchange()
        return stream, owner

    def answer(self, stream: int) -> None:
        self.server.send_headers(stream, [(":status", "200")])
        self.server.send_data(stream, b"ok", end_stream=True)
        self.exchange()


def test_an_answer_arrives_whole_however_it_is_cut() -> None:
    pair = Pair()
    stream, owner = pair.ask()

    pair.answer(stream)

    assert owner.heard == ["200", "ok", "end"]


def test_streams_below_a_goaway_are_still_answered() -> None:
    pair = Pair()
    first, kept = pair.ask()
    _, refused = pair.ask()

    pair.client.data_received(GoAwayFrame(0, last_stream_id=first).serialize())
    pair.answer(first)

    assert kept.heard == ["200", "ok", "end"]
    assert refused.heard == ["lost"]
    assert not pair.client.is_usable
    assert pair.wire.is_closed


def test_a_reset_reaches_its_stream_only() -> None:
    pair = Pair()
    first, reset = pair.ask()
    second, other = pair.ask()

    pair.client.data_received(RstStreamFrame(first, error_code=2).serialize())
    pair.answer(second)

    assert reset.heard == ["lost"]
    assert other.heard == ["200", "ok", "end"]


def test_every_open_stream_is_lost_with_its_connection() -> None:
    pair = Pair()
    owners = [pair.ask()[1] for _ in range(3)]

    pair.client.connection_lost(None)

    assert [owner.heard for owner in owners] == [["lost"]] * 3


def test_a_cancelled_stream_is_heard_of_no_more() -> None:
    pair = Pair()
    stream, owner = pair.ask()

    pair.client.cancel(stream)
    pair.client.cancel(stream)
    pair.client.connection_lost(None)

    assert owner.heard == []


def test_a_connection_is_worn_after_so_many_streams() -> None:
    pair = Pair()
    for _ in range(STREAMS_PER_CONNECTION_MAX):
        stream, _ = pair.ask()
        pair.answer(stream)

    assert pair.client.is_worn


def test_bytes_that_are_no_http2_close_the_connection() -> None:
    pair = Pair()

    pair.client.data_received(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 600_000)

    assert pair.wire.is_closed
