"""The feed of one cluster in memory: tests say what the API server would."""

import asyncio
from collections.abc import AsyncGenerator

from bascule.controller.feed import FeedEvent
from bascule.kube.reflector import Gone, Lost, Put, Resumed, Synced
from bascule.manifest.objects import Kind, ManifestObject


class FakeFeed:
    """Implements `bascule.controller.feed.ClusterFeed`."""

    def __init__(self) -> None:
        self._queues: dict[Kind, asyncio.Queue[FeedEvent]] = {
            kind: asyncio.Queue() for kind in Kind
        }
        self.followed: set[Kind] = set()
        self.closed: set[Kind] = set()

    async def follow(self, kind: Kind) -> AsyncGenerator[FeedEvent, None]:
        self.followed.add(kind)
        try:
            while True:
                yield await self._queues[kind].get()
        finally:
            self.closed.add(kind)

    def sync(self, *items: ManifestObject) -> None:
        """List every kind: exactly these objects exist."""
        for kind in Kind:
            self.sync_kind(kind, *(item for item in items if item.kind is kind))

    def sync_kind(self, kind: Kind, *items: ManifestObject) -> None:
        """List one kind: exactly these objects of it exist."""
        self._queues[kind].put_nowait(Synced(tuple(items)))

    def put(self, *items: ManifestObject) -> None:
        for item in items:
            self._queues[item.kind].put_nowait(Put(item))

    def remove(self, *items: ManifestObject) -> None:
        for item in items:
            self._queues[item.kind].put_nowait(Gone(item))

    def lose(self, reason: str = "connection refused") -> None:
        """Let the API server go away."""
        for queue in self._queues.values():
            queue.put_nowait(Lost(reason))

    def resume(self) -> None:
        """Let the API server come back with nothing missed."""
        for queue in self._queues.values():
            queue.put_nowait(Resumed())
