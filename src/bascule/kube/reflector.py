"""Keeps up with all objects of one resource: list, then watch, and again whenever needed.

The wire facts behind it are those of https://kubernetes.io/docs/reference/using-api/api-concepts/.
"""

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

from bascule.clock import Clock
from bascule.errors import (
    ApiError,
    BasculeError,
    GoneError,
    NotFoundError,
    SpecError,
    ThrottledError,
    TransportError,
)
from bascule.kube.backoff import DEFAULT_BACKOFF, Backoff
from bascule.kube.client import ALL, Keep, KubeClient, RawObject, Selection, WatchEvent, WatchFrom
from bascule.kube.errors import NotThereYetError
from bascule.kube.resources import Resource

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Synced(Generic[T]):
    """All objects that there are now: whatever is not among them is gone."""

    objects: tuple[T, ...]


@dataclass(frozen=True, slots=True)
class Put(Generic[T]):
    """An object that was made or changed, as it is now."""

    object: T


@dataclass(frozen=True, slots=True)
class Gone(Generic[T]):
    """An object that was deleted, as it was last."""

    object: T


@dataclass(frozen=True, slots=True)
class Lost:
    """The API server cannot be followed for the moment; what was known may be out of date."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The API server can be followed again and nothing was missed."""


Event = Synced[T] | Put[T] | Gone[T] | Lost | Resumed


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectorLimits:
    """How long a watch lasts and how soon a silent or failing one is begun again.

    API servers send a bookmark each minute: a longer silence means a dead connection.
    """

    watch_s: int = 300
    silence_s: float = 75.0
    steady_s: float = 1.0
    """A watch that lasted this long, or brought an event, was not a failure when it ends."""
    backoff: Backoff = DEFAULT_BACKOFF
    retry_after_max_s: float = 60.0
    awaited_s: float = 1.0
    """How soon a cluster that is not there yet is looked for again: nobody is asked for that."""
    absent_s: float | None = None
    """How soon a resource that the server need not know is looked for again; None: it must."""


DEFAULT_LIMITS = ReflectorLimits()
OPTIONAL_LIMITS = ReflectorLimits(absent_s=300.0)
"""For a resource without which a server is well: where it is unknown, there are no such objects."""
_FAILURES = (ApiError, TransportError, SpecError)


@dataclass(slots=True)
class _Attempt:
    """One list and watch: when the watch was accepted, and whether it brought anything."""

    opened_s: float | None = None
    has_events: bool = False

    def was_good(self, now_s: float, steady_s: float) -> bool:
        is_steady = self.opened_s is not None and now_s - self.opened_s >= steady_s
        return self.has_events or is_steady


async def reflect(
    client: KubeClient,
    resource: Resource,
    *,
    keep: Keep[T],
    clock: Clock,
    rng: random.Random,
    selection: Selection = ALL,
    limits: ReflectorLimits = DEFAULT_LIMITS,
) -> AsyncGenerator[Event[T], None]:
    """Yield what happens to the objects of `resource`, each passed through `keep`, for ever.

    Begins with Synced or Lost. After Lost comes Resumed or Synced, once the server is back. Close
    it (`contextlib.aclosing`) to end the watch.
    """
    reflector = _Reflector(
        client, resource, selection=selection, keep=keep, clock=clock, rng=rng, limits=limits
    )
    async with aclosing(reflector.follow()) as events:
        async for event in events:
            yield event


class _Reflector(Generic[T]):
    """The state of one `reflect`: where to go on from, and how often it failed in a row."""

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        *,
        selection: Selection,
        keep: Keep[T],
        clock: Clock,
        rng: random.Random,
        limits: ReflectorLimits,
    ) -> None:
        self._client = client
        self._resource = resource
        self._selection = selection
        self._keep = keep
        self._clock = clock
        self._rng = rng
        self._limits = limits
        self._version = ""
        self._failures = 0
        self._attempt = _Attempt()
        self._is_lost = False

    async def follow(self) -> AsyncGenerator[Event[T], None]:
        """Yield events for ever: list where no version is known, watch where one is."""
        while True:
            self._attempt = _Attempt()
            try:
                if not self._version:
                    yield await self._list()
                async with aclosing(self._watch()) as events:
                    async for event in events:
                        yield event
                await self._wait_after(None)
            except _FAILURES as error:
                absent_s = self._limits.absent_s
                if absent_s is not None and isinstance(error, NotFoundError):
                    yield self._begin_again()
                    await self._clock.sleep_until(self._clock.monotonic_s() + absent_s)
                    continue
                lost = self._judge(error)
                if lost is not None:
                    yield lost
                await self._wait_after(error)

    async def _list(self) -> Synced[T]:
        listing = await self._client.list_all(
            self._resource, selection=self._selection, keep=self._keep
        )
        self._version = listing.resource_version
        self._is_lost = False
        return Synced(listing.items)

    def _begin_again(self) -> Synced[T]:
        """Forget where to go on from: there is nothing to follow for the moment."""
        self._version = ""
        self._failures = 0
        self._is_lost = False
        return Synced(())

    async def _watch(self) -> AsyncGenerator[Event[T], None]:
        start = WatchFrom(
            resource_version=self._version,
            timeout_s=self._limits.watch_s,
            silence_s=self._limits.silence_s,
        )
        batches = self._client.watch(self._resource, start, selection=self._selection)
        async with aclosing(batches):
            async for batch in batches:
                if self._attempt.opened_s is None:
                    self._attempt.opened_s = self._clock.monotonic_s()
                    if self._is_lost:
                        self._is_lost = False
                        yield Resumed()
                for change in batch:
                    event = self._take(change)
                    if event is not None:
                        yield event

    def _take(self, change: WatchEvent) -> Event[T] | None:
        self._attempt.has_events = True
        version = resource_version_of(change.object)
        if change.type == "BOOKMARK":
            event: Event[T] | None = None
        elif change.type == "DELETED":
            event = Gone(self._keep(change.object))
        else:
            event = Put(self._keep(change.object))
        self._version = version or self._version
        return event

    def _judge(self, error: BasculeError) -> Lost | None:
        """Decide where to go on from after `error`, and whether the server is away."""
        was_listing = not self._version
        is_expired = isinstance(error, GoneError) or getattr(error, "status", 0) == 504
        if is_expired:
            self._version = ""
        is_away = self._attempt.opened_s is None and (was_listing or not is_expired)
        if not is_away or self._is_lost:
            return None
        self._is_lost = True
        return Lost(error.message)

    async def _wait_after(self, error: BasculeError | None) -> None:
        """Count the attempt and wait before the next one; not at all after a good watch's end."""
        now_s = self._clock.monotonic_s()
        if self._attempt.was_good(now_s, self._limits.steady_s):
            self._failures = 0
            if error is None:
                return
        if isinstance(error, NotThereYetError):
            await self._clock.sleep_until(now_s + self._limits.awaited_s)
            return
        self._failures += 1
        wait_s = self._limits.backoff.wait_s(self._failures, self._rng)
        if isinstance(error, ThrottledError):
            asked_s = min(error.retry_after_s or 0.0, self._limits.retry_after_max_s)
            wait_s = max(wait_s, asked_s)
        await self._clock.sleep_until(now_s + wait_s)


def resource_version_of(raw: RawObject) -> str:
    """Return the object's resourceVersion, empty where it has none."""
    metadata = raw.get("metadata")
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else ""
