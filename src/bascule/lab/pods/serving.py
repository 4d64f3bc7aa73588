"""What all connections of one pod share."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from bascule.lab.pods.answers import Answerer
from bascule.lab.pods.logs import ContainerLog

WRITE_BUFFER_MAX_BYTES = 1 << 22


class PodConnection(Protocol):
    """One client's connection, of whatever protocol it turned out to be."""

    def drain(self) -> None:
        """Finish what is open, take nothing new, then close."""
        ...

    def end_streams(self) -> None:
        """End open streams (WebSocket, gRPC) cleanly, now."""
        ...

    def abort(self) -> None:
        """Cut the connection, as the kernel does when a process is killed."""
        ...


@dataclass(slots=True, kw_only=True)
class Serving:
    """The state of one server; `connections` holds every open connection exactly once."""

    answerer: Answerer
    log: ContainerLog
    loop: asyncio.AbstractEventLoop
    connections: set[PodConnection] = field(default_factory=set)
    is_draining: bool = False
    is_empty: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the last connection of a draining server is gone."""
    requests: int = 0

    def remove(self, connection: PodConnection) -> None:
        """Forget a connection that is closed."""
        self.connections.discard(connection)
        if self.is_draining and not self.connections:
            self.is_empty.set()

    def swap(self, old: PodConnection, new: PodConnection) -> None:
        """Replace a connection whose protocol is now known; a draining server drains it at once."""
        self.connections.discard(old)
        self.connections.add(new)
        if self.is_draining:
            new.drain()
