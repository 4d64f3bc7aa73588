"""A small HTTP/1.1 and WebSocket server that fails exactly where a test planted it."""

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

import httptools
import wsproto
import wsproto.events
from typing_extensions import override


class Fault(StrEnum):
    RESET = "reset"
    UNAVAILABLE = "unavailable"
    STALL = "stall"


@dataclass(slots=True)
class Planted:
    """What to plant, and what was; requests count from 1, WebSocket messages too."""

    fault_by_request: Mapping[int, Fault] = field(default_factory=dict)
    cut_websocket_after: int | None = None
    cluster: Callable[[int], str] = lambda _number: "blue"
    requests: int = 0
    websockets: int = 0
    done: Counter[Fault] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)


class FaultyServer:
    """Serves on a free port of 127.0.0.1 while it is entered."""

    def __init__(self, planted: Planted, *, context: ssl.SSLContext | None = None) -> None:
        self.planted = planted
        self.port = 0
        self._context = context
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, ssl=self._context
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
        await self._server.wait_closed()

    def opened(self, connection: "_Connection") -> None:
        self._connections.add(connection)

    def lost(self, connection: "_Connection") -> None:
        self._connections.discard(connection)


class _Connection(asyncio.Protocol):
    def __init__(self, server: FaultyServer) -> None:
        self._server = server
        self._planted = server.planted
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._head = b""
        self._socket: _WebSocket | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.opened(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._server.lost(self)

    @override
    def data_received(self, data: bytes) -> None:
        if self._socket is not None:
            self._socket.receive(data)
            return
        self._head += data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            assert self._transport is not None
            self._planted.websockets += 1
            self._socket = _WebSocket(self._transport, self._planted, self)
            self._socket.receive(self._head)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_message_complete(self) -> None:
        headers, self._headers = self._headers, {}
        if b"upgrade" in headers:
            return
        self._head = b""
        planted = self._planted
        planted.requests += 1
        number = planted.requests
        key = headers.get(b"idempotency-key")
        if key is not None:
            planted.keys[key.decode()] += 1
        fault = planted.fault_by_request.get(number)
        if fault is not None:
            planted.done[fault] += 1
        self._answer(number, fault, keep=self._parser.should_keep_alive())

    def _answer(self, number: int, fault: Fault | None, *, keep: bool) -> None:
        if fault is Fault.RESET:
            self.abort()
            return
        if fault is Fault.STALL:
            return
        assert self._transport is not None
        status = "503 Service Unavailable" if fault is Fault.UNAVAILABLE else "200 OK"
        cluster = self._planted.cluster(number)
        self._transport.write(
            f"HTTP/1.1 {status}\r\ncontent-length: 2\r\nx-lab-cluster: {cluster}\r\n\r\nok".encode()
        )
        if not keep:
            self._transport.close()


class _WebSocket:
    def __init__(
        self, transport: asyncio.Transport, planted: Planted, connection: _Connection
    ) -> None:
        self._transport = transport
        self._planted = planted
        self._connection = connection
        self._wire = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        self._messages = 0

    def receive(self, data: bytes) -> None:
        self._wire.receive_data(data)
        for event in self._wire.events():
            self._take(event)

    def _take(self, event: wsproto.events.Event) -> None:
        match event:
            case wsproto.events.Request():
                cluster = self._planted.cluster(self._planted.requests)
                self._send(wsproto.events.AcceptConnection())
                self._send(wsproto.events.TextMessage(data=json.dumps({"cluster": cluster})))
            case wsproto.events.TextMessage():
                self._messages += 1
                if self._messages == self._planted.cut_websocket_after:
                    self._connection.abort()
                    return
                self._send(wsproto.events.TextMessage(data=event.data))
            case wsproto.events.CloseConnection():
                self._send(event.response())
                self._transport.close()
            case _:
                pass

    def _send(self, event: wsproto.events.Event) -> None:
        self._transport.write(self._wire.send(event))
