"""What happened to which object, in order: the change, the window that keeps it, who is told."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from bascule.lab.kubeapi.refusals import expired

WINDOW_MAX: Final = 10_000
"""Changes of one resource that a watch can go back to."""
BACKLOG_MAX: Final = 200_000
"""Changes that a subscriber may be behind before it has to list again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One write: `object` is the new state (the last one, for DELETED), `previous` the old."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    resource: str
    namespace: str
    name: str
    resource_version: int
    object: dict[str, Any]
    previous: dict[str, Any] | None


class Window:
    """The last changes of one resource; older ones are forgotten and answered by 410."""

    def __init__(self, forgotten_until: int) -> None:
        self._changes: deque[Change] = deque()
        self.forgotten_until = forgotten_until

    def append(self, change: Change) -> None:
        """Keep a change, at the cost of the oldest."""
        self._changes.append(change)
        if len(self._changes) > WINDOW_MAX:
            self.forgotten_until = self._changes.popleft().resource_version

    def since(self, resource_version: int) -> Sequence[Change]:
        """Return the changes after this version, oldest first; ExpiredError if some are gone."""
        if resource_version < self.forgotten_until:
            raise expired(resource_version, self.forgotten_until)
        newer: deque[Change] = deque()
        for change in reversed(self._changes):
            if change.resource_version <= resource_version:
                break
            newer.appendleft(change)
        return newer

    def forget(self, resource_version: int) -> None:
        """Forget everything up to this version, so that older watches are answered by 410."""
        self._changes.clear()
        self.forgotten_until = resource_version


class Subscription:
    """The changes of some resources from now on, in order; use it as a context manager.

    A subscriber that falls more than `BACKLOG_MAX` behind gets ExpiredError and has to list again.
    """

    def __init__(self, feed: "Feed", resources: frozenset[str], backlog: Iterable[Change]) -> None:
        self._feed = feed
        self.resources = resources
        self._backlog: deque[Change] = deque(backlog)
        self._arrived = asyncio.Event()
        self._lost_at: int | None = None
        self._closed = False
        if self._backlog:
            self._arrived.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop being told; a waiting reader ends."""
        self._closed = True
        self._feed.leave(self)
        self._arrived.set()

    def push(self, change: Change) -> None:
        """Hand a change to the reader; called by the feed."""
        if len(self._backlog) >= BACKLOG_MAX:
            self._backlog.clear()
            self._lost_at = change.resource_version
        self._backlog.append(change)
        self._arrived.set()

    def take(self) -> tuple[Change, ...]:
        """Return what has arrived since the last call, without waiting."""
        if self._lost_at is not None:
            raise expired(0, self._lost_at)
        taken = tuple(self._backlog)
        self._backlog.clear()
        if not self._closed:
            self._arrived.clear()
        return taken

    async def wait(self) -> bool:
        """Return True once changes are there to take, False once the subscription is closed."""
        await self._arrived.wait()
        return not self._closed

    async def __aiter__(self) -> AsyncIterator[Change]:
        while await self.wait():
            for change in self.take():
                yield change


class Feed:
    """Keeps a window per resource and tells the subscribers of that resource, and no others."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._subscribers: dict[str, list[Subscription]] = {}
        self._listeners: dict[str, list[Callable[[Change], None]]] = {}
        self._start = 0

    def begin_at(self, resource_version: int) -> None:
        """Say that nothing up to this version is remembered."""
        self._start = resource_version
        self._windows.clear()

    def publish(self, change: Change) -> None:
        """Remember a change and hand it to the subscribers of its resource."""
        self.window(change.resource).append(change)
        for subscription in self._subscribers.get(change.resource, ()):
            subscription.push(change)
        for listener in tuple(self._listeners.get(change.resource, ())):
            listener(change)

    def listen(self, resource: str, listener: Callable[[Change], None]) -> None:
        """Call a function at once with every change of a resource; it may write in turn."""
        listeners = self._listeners.setdefault(resource, [])
        if listener not in listeners:
            listeners.append(listener)

    def subscribe(self, resources: Iterable[str], since: int | None = None) -> Subscription:
        """Return a subscription, from now on or from after the version `since` (ExpiredError)."""
        wanted = frozenset(resources)
        backlog: list[Change] = []
        if since is not None:
            for resource in wanted:
                backlog.extend(self.window(resource).since(since))
            backlog.sort(key=lambda change: change.resource_version)
        subscription = Subscription(self, wanted, backlog)
        for resource in wanted:
            self._subscribers.setdefault(resource, []).append(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Tell this subscriber no more."""
        for resource in subscription.resources:
            others = self._subscribers.get(resource, [])
            if subscription in others:
                others.remove(subscription)

    def window(self, resource: str) -> Window:
        """Return the window of one resource."""
        found = self._windows.get(resource)
        if found is None:
            found = self._windows[resource] = Window(self._start)
        return found

    def forget(self, resource_version: int, resources: Iterable[str] = ()) -> None:
        """Empty the windows (of these resources, or all), as a compaction and a restart would."""
        chosen = tuple(resources)
        for resource in chosen or tuple(self._windows):
            self.window(resource).forget(resource_version)
        if not chosen:
            self._start = resource_version
