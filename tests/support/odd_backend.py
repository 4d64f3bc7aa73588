"""An HTTP backend that fails in one chosen way."""

import asyncio
import socket
import struct
from enum import StrEnum
from typing import Self

from tests.support.loopback import LoopbackPort

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
        self._listening = LoopbackPort(self._talk)

    async def __aenter__(self) -> Self:
        self.port = await self._listening.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._listening.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_open = True
        while is_open:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            is_open = await self._answer(reader, writer)

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
