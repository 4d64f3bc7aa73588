"""One WebSocket of a pod: says who it is, then echoes every message (RFC 6455)."""

import asyncio
import base64
import hashlib

from typing_extensions import override
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from bascule.lab.pods.serving import Serving

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
GOING_AWAY = 1001
CLOSE_WAIT_S = 2.0


def accept_key(key: bytes) -> bytes:
    """Return the value of Sec-WebSocket-Accept for the client's key (RFC 6455, 4.2.2)."""
    # SHA-1 is what the RFC asks for here; nothing is protected by it.
    return base64.b64encode(hashlib.sha1(key.strip() + _GUID, usedforsecurity=False).digest())


class WebSocketConnection(asyncio.Protocol):
    """The connection after its 101 answer."""

    def __init__(self, serving: Serving, transport: asyncio.Transport) -> None:
        self._serving = serving
        self._transport = transport
        self._connection = Connection(ConnectionType.SERVER)

    def greet(self) -> None:
        """Send the first message: which pod this is."""
        self._send(TextMessage(data=self._serving.answerer.document().decode()))

    @override
    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._connection.receive_data(data)
        for event in self._connection.events():
            self._handle(event)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._serving.remove(self)

    def _handle(self, event: Event) -> None:
        if isinstance(event, TextMessage):
            self._send(
                TextMessage(
                    data=event.data,
                    frame_finished=event.frame_finished,
                    message_finished=event.message_finished,
                )
            )
        elif isinstance(event, BytesMessage | Message):
            self._send(
                BytesMessage(
                    data=bytes(event.data),
                    frame_finished=event.frame_finished,
                    message_finished=event.message_finished,
                )
            )
        elif isinstance(event, Ping):
            self._send(event.response())
        elif isinstance(event, CloseConnection):
            if self._connection.state is ConnectionState.REMOTE_CLOSING:
                self._send(event.response())
            self._transport.close()

    def _send(self, event: Event) -> None:
        try:
            self._transport.write(self._connection.send(event))
        except LocalProtocolError:
            # We have said goodbye already: an echo after a close frame must not be sent.
            return

    def drain(self) -> None:
        """Go on: a stream ends by `end_streams`, which the server calls at its time."""

    def end_streams(self) -> None:
        """Say 1001 Going Away, then wait shortly for the client's own close frame."""
        if self._connection.state is ConnectionState.OPEN:
            self._send(CloseConnection(code=GOING_AWAY, reason="pod is terminating"))
            self._serving.loop.call_later(CLOSE_WAIT_S, self._transport.close)

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()
