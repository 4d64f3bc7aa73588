"""An HTTP backend that fails in one chosen way."""

import asyncio
import socket
import struct
from contextlib import suppress
from enum import StrEnum
from typing import Self

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_BEGUN = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun"
_LINGER_NEVER = struct.pack("ii", 1, 0)


class Oddity(StrEnum):
    """What the backend does with each request."""

    NONE = "none"
    ERROR = "error"
    """It answers 500."""
    CLOSE = "close"
    """It closes the connection and answers nothing."""
    BREAK = "break"
    """It closes the connection in the middle of an answer."""
    RESET = "reset"
    """It resets the connection in the middle of an answer."""
    GARBAGE = "garbage"
    HANG = "hang"
    """It never answers."""


class OddBackend:
    """Serves on a port of its own while entered; `requests` are the heads that it got."""

    def __init__(self, oddity: Oddity = Oddity.NONE) -> None:
        self.oddity = oddity
        self.port = 0
        self.requests: list[str] = []
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._open):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
                if not await self._answer(reader, writer):
                    break
        self._open.discard(writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer as the oddity says; False when the connection is to be closed."""
        match self.oddity:
            case Oddity.NONE:
                writer.write(_OK)
            case Oddity.ERROR:
                writer.write(_OK.replace(b"200 OK", b"500 No"))
            case Oddity.GARBAGE:
                writer.write(b"nonsense\r\n\r\n")
            case Oddity.CLOSE:
                return False
            case Oddity.BREAK | Oddity.RESET:
                writer.write(_BEGUN)
                await writer.drain()
                if self.oddity is Oddity.RESET:
                    endpoint: socket.socket = writer.get_extra_info("socket")
                    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NEVER)
                return False
            case Oddity.HANG:
                await reader.read()
        await writer.drain()
        return True
