"""The listening end of the server, which can be taken away and given back."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from typing_extensions import override

BACKLOG: Final = 1_024
SHUTDOWN_S: Final = 1.0
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class _Reset(asyncio.Protocol):
    """A connection that is reset as soon as it is made."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        reset(transport)


class Listener:
    """HTTPS (or HTTP, without a context) on one address; the port stays the same through outages.

    With `cancels` a handler is cancelled when its client goes away.
    """

    def __init__(
        self, handler: Handler, context: ssl.SSLContext | None, *, cancels: bool = True
    ) -> None:
        self._http = web.Server(handler, handler_cancellation=cancels)
        self._context = context
        self._server: asyncio.Server | None = None
        self.resets = False
        """Whether new connections are reset."""

    async def open(self, address: str, port: int) -> int:
        """Listen, and return the port (a free one for 0); OSError if it is taken."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = socket.socket(family)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, port))
            taken = int(listening.getsockname()[1])
            self._server = await asyncio.get_running_loop().create_server(
                self._accept, sock=listening, ssl=self._context, backlog=BACKLOG
            )
        except BaseException:
            listening.close()
            raise
        return taken

    def close(self) -> None:
        """Refuse new connections; those that are open stay."""
        if self._server is not None:
            self._server.close()
        self._server = None

    def reset_connections(self) -> None:
        """Break off all open connections."""
        for connection in tuple(self._http.connections):
            if connection.transport is not None:
                reset(connection.transport)

    async def shut_down(self) -> None:
        """Close everything; requests in progress have `SHUTDOWN_S` to end."""
        self.close()
        self._http.pre_shutdown()
        await self._http.shutdown(SHUTDOWN_S)

    def _accept(self) -> asyncio.Protocol:
        return _Reset() if self.resets else self._http()


def reset(transport: asyncio.BaseTransport) -> None:
    """Break a connection off at once, so that the other end sees a reset."""
    found = transport.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
    else:
        transport.close()
