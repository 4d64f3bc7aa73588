"""Follows the feeds of the clusters that are not retired, each into a cache of its own."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType

from bascule.clock import Clock
from bascule.controller.bell import Bell
from bascule.controller.cache import Change, ClusterCache, ClusterKnowledge, retired_knowledge
from bascule.controller.feed import ClusterFeed
from bascule.ids import Cluster
from bascule.manifest.objects import ALWAYS_READ, Kind
from bascule.manifest.snapshot import ClusterSnapshot


class Followers:
    """Run `keep_followed` in a task; `on_change` is called for each change that routing reads."""

    def __init__(
        self,
        feeds: Mapping[Cluster, ClusterFeed],
        retired: frozenset[Cluster],
        clock: Clock,
        on_change: Callable[[Change], None],
        *,
        kinds: tuple[Kind, ...] = ALWAYS_READ,
    ) -> None:
        self._feeds = feeds
        self._kinds = kinds
        self._clock = clock
        self._on_change = on_change
        self._caches = {c: ClusterCache(clock.now(), kinds) for c in feeds if c not in retired}
        """Of those that are followed, the ones that are about to be retired included."""
        self._tasks: dict[Cluster, tuple[asyncio.Task[None], ...]] = {}
        self._steered = Bell()
        self._retired_since = dict.fromkeys(retired, clock.now())

    @property
    def retired(self) -> frozenset[Cluster]:
        """The clusters that are not followed because they are out of the gateway."""
        return frozenset(self._retired_since)

    def snapshots(self) -> Mapping[Cluster, ClusterSnapshot]:
        """Return what is known of each cluster that is not retired."""
        return {c: cache.snapshot for c, cache in self._caches.items() if c not in self.retired}

    def knowledge(self) -> Mapping[Cluster, ClusterKnowledge]:
        """Return how well each cluster is known now."""
        known = {cluster: cache.knowledge() for cluster, cache in self._caches.items()}
        known |= {c: retired_knowledge(since) for c, since in self._retired_since.items()}
        return MappingProxyType(
            {cluster: known[cluster] for cluster in Cluster if cluster in known}
        )

    def set_retired(self, retired: frozenset[Cluster]) -> None:
        """Show all clusters but these from now on; they are followed until `forget_retired`."""
        now = self._clock.now()
        self._retired_since = {c: self._retired_since.get(c, now) for c in retired}
        for cluster in self._feeds.keys() - retired - self._caches.keys():
            self._caches[cluster] = ClusterCache(now, self._kinds)
        self._steered.ring()

    async def forget_retired(self) -> None:
        """Follow retired clusters no more, and forget what was known of them."""
        leaving = [task for c in self.retired for task in self._tasks.pop(c, ())]
        for cluster in self.retired:
            self._caches.pop(cluster, None)
        for task in leaving:
            task.cancel()
        if leaving:
            await asyncio.wait(leaving)

    async def keep_followed(self) -> None:
        """Follow, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for cluster in self._caches.keys() - self._tasks.keys():
                    self._tasks[cluster] = tuple(
                        group.create_task(self._follow(cluster, kind)) for kind in self._kinds
                    )
                await self._steered.wait()

    async def _follow(self, cluster: Cluster, kind: Kind) -> None:
        cache = self._caches[cluster]
        async with aclosing(self._feeds[cluster].follow(kind)) as events:
            async for event in events:
                change = cache.take(kind, event, self._clock.now())
                if change:
                    self._on_change(change)
