"""WebSocket streams that echo, over a connection of their own each."""

import asyncio
import json
import ssl

import wsproto
import wsproto.events
import wsproto.utilities

from bascule.lab.load.plan import StreamLane
from bascule.lab.load.streams import StreamCutError, StreamRefusedError

READ_BYTES = 65_536


class WebSocketOpener:
    """Opens WebSockets of one lane."""

    def __init__(self, lane: StreamLane, context: ssl.SSLContext | None, timeout_s: float) -> None:
        self._lane = lane
        self._context = context
        self._timeout_s = timeout_s

    async def __call__(self) -> "WebSocketStream":
        """Return an open WebSocket. Raises StreamRefusedError."""
        target = self._lane.target
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await asyncio.open_connection(
                    target.address,
                    target.port,
                    ssl=self._context,
                    server_hostname=target.host if self._context else None,
                )
                stream = WebSocketStream(reader, writer)
                await stream.shake_hands(target.host, self._lane.path)
        except (OSError, TimeoutError) as error:
            raise StreamRefusedError(str(error) or type(error).__name__) from error
        return stream


class WebSocketStream:
    """One WebSocket, as a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._wire = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._texts: list[str] = []
        self._is_closed = False
        self.cluster = ""

    async def shake_hands(self, host: str, path: str) -> None:
        """Upgrade the connection and read the greeting. Raises StreamRefusedError, OSError."""
        self._send(wsproto.events.Request(host=host, target=path))
        try:
            while not self._texts:
                await self._read()
        except StreamCutError as error:
            self.drop()
            raise StreamRefusedError(str(error)) from error
        if not self.cluster:
            self.cluster = _cluster_in(self._texts[0])
        self._texts.clear()

    async def echo(self, text: str) -> None:
        """Send `text` and return when it came back. Raises StreamCutError."""
        self._send(wsproto.events.TextMessage(data=text))
        while text not in self._texts:
            await self._read()
        self._texts.clear()

    async def end(self) -> None:
        """Close in order. Raises StreamCutError when the far end is gone already."""
        self._send(wsproto.events.CloseConnection(code=1000))
        while not self._is_closed:
            await self._read()

    def drop(self) -> None:
        """Close the transport."""
        self._writer.close()

    def _send(self, event: wsproto.events.Event) -> None:
        try:
            self._writer.write(self._wire.send(event))
        except wsproto.utilities.ProtocolError as error:
            raise StreamCutError("closed by the far end") from error

    async def _read(self) -> None:
        try:
            data = await self._reader.read(READ_BYTES)
        except OSError as error:
            raise StreamCutError(str(error)) from error
        if not data:
            raise StreamCutError("connection lost")
        try:
            self._wire.receive_data(data)
            for event in self._wire.events():
                self._take(event)
        except wsproto.utilities.ProtocolError as error:
            raise StreamCutError(f"protocol: {error}") from error

    def _take(self, event: wsproto.events.Event) -> None:
        match event:
            case wsproto.events.AcceptConnection():
                for name, value in event.extra_headers:
                    if name.lower() == b"x-lab-cluster":
                        self.cluster = value.decode()
            case wsproto.events.RejectConnection():
                raise StreamCutError(f"refused with status {event.status_code}")
            case wsproto.events.TextMessage():
                self._texts.append(str(event.data))
            case wsproto.events.CloseConnection():
                if self._wire.state is wsproto.connection.ConnectionState.REMOTE_CLOSING:
                    raise StreamCutError(f"closed by the far end ({event.code})")
                self._is_closed = True
            case wsproto.events.Ping():
                self._writer.write(self._wire.send(event.response()))
            case _:
                pass


def _cluster_in(greeting: str) -> str:
    try:
        body = json.loads(greeting)
    except ValueError:
        return ""
    cluster = body.get("cluster", "") if isinstance(body, dict) else ""
    return cluster if isinstance(cluster, str) else ""
