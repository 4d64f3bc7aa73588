"""The server of one pod: its listeners, and how it ends."""

import asyncio
import socket
from collections.abc import Iterable
from typing import NamedTuple

from bascule.lab.pods.answers import Answerer
from bascule.lab.pods.http1 import Http1Connection
from bascule.lab.pods.logs import ContainerLog
from bascule.lab.pods.serving import Serving

BACKLOG = 4096


class Binding(NamedTuple):
    """A port that the pod declares, and the address and port where it really listens."""

    container_port: int
    address: str
    port: int


class PodServer:
    """Listens on all ports of one pod; each speaks HTTP/1.1, HTTP/2, WebSocket and gRPC."""

    def __init__(
        self,
        answerer: Answerer,
        log: ContainerLog,
        *,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._serving = Serving(answerer=answerer, log=log, loop=loop)
        self._servers: list[asyncio.Server] = []
        self._bindings: tuple[Binding, ...] = ()

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._serving.connections)

    @property
    def requests(self) -> int:
        """How many requests have been taken."""
        return self._serving.requests

    async def start(self, bindings: Iterable[Binding]) -> None:
        """Listen. Raises OSError where an address or port cannot be had; then none is held."""
        serving = self._serving
        self._bindings = tuple(bindings)
        try:
            for binding in self._bindings:
                sock = _listener(binding)
                server = await serving.loop.create_server(
                    lambda: Http1Connection(serving), sock=sock, backlog=BACKLOG
                )
                self._servers.append(server)
        except OSError:
            self._stop_listening()
            raise
        for binding in self._bindings:
            serving.log.write(f"listening on {binding.address}:{binding.port}")

    def begin_drain(self, streams_for_s: float = 0.0) -> None:
        """Do what a well-kept server does on SIGTERM.

        It takes no new connections, closes the idle ones, answers open requests with
        `connection: close`, sends GOAWAY, and ends the streams that are still open after
        `streams_for_s`.
        """
        serving = self._serving
        if serving.is_draining:
            return
        serving.log.write(f"SIGTERM: draining {len(serving.connections)} connections")
        serving.is_draining = True
        self._stop_listening()
        for connection in tuple(serving.connections):
            connection.drain()
        serving.loop.call_later(streams_for_s, self._end_streams)

    async def wait_drained(self) -> None:
        """Return when the last connection is gone; the caller holds the limit."""
        if self._serving.connections:
            await self._serving.is_empty.wait()

    def abort(self) -> None:
        """Do what SIGKILL does: everything is cut, now."""
        self._stop_listening()
        for connection in tuple(self._serving.connections):
            connection.abort()

    def _end_streams(self) -> None:
        for connection in tuple(self._serving.connections):
            connection.end_streams()

    def _stop_listening(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()


def _listener(binding: Binding) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
        sock.bind((binding.address, binding.port))
    except OSError:
        sock.close()
        raise
    return sock
