"""Work queues over the store's changes: a change names keys, a key is reconciled, one at a time.

Reconciling is synchronous, as the store is, so it sees every write that came before it. A key that
fails is tried again after a growing delay; a key that is asked for twice is reconciled once.
"""

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from bascule.lab.kubeapi.changes import Change, Subscription
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store import Store

RETRY_FIRST_S = 0.005
RETRY_MAX_S = 10.0
SLICE_S = 0.003
"""After this much work the event loop gets its turn, so that pods go on answering."""

_log = logging.getLogger(__name__)


class Key(NamedTuple):
    """The object to reconcile; namespace is empty for cluster-scoped ones."""

    namespace: str
    name: str


class Controller(Protocol):
    """Keeps one kind of promise."""

    @property
    def resources(self) -> Sequence[str]:
        """The group resources whose changes matter; `*` means all of them."""
        ...

    def keys(self, change: Change) -> Iterable[Key]:
        """Name what has to be looked at after this change."""
        ...

    def reconcile(self, key: Key) -> float | None:
        """Make the world as it should be; return seconds after which to look again, or None."""
        ...


class _Item(NamedTuple):
    controller: int
    key: Key


class Dispatcher:
    """Runs all controllers of a cluster on one task."""

    def __init__(
        self, store: Store, controllers: Iterable[Controller], monotonic_s: Callable[[], float]
    ) -> None:
        self._store = store
        self._controllers = tuple(controllers)
        self._monotonic_s = monotonic_s
        self._queue: deque[_Item] = deque()
        self._queued: set[_Item] = set()
        self._later: list[tuple[float, _Item]] = []
        self._due_at: dict[_Item, float] = {}
        self._failures: dict[_Item, int] = {}
        self._interested: dict[str, tuple[int, ...]] = {}

    async def run(self) -> None:
        """Reconcile everything that is there, then whatever changes, until cancelled."""
        subscription = self._subscribe()
        try:
            self._seed()
            while True:
                self._take(subscription)
                if self._kinds_changed(subscription):
                    # Nothing is awaited in between, so no change is lost.
                    subscription.close()
                    subscription = self._subscribe()
                await self._work()
                await self._wait(subscription)
        finally:
            subscription.close()

    def _resources(self) -> frozenset[str]:
        return frozenset(kind.storage_resource for kind in self._store.kinds())

    def _subscribe(self) -> Subscription:
        resources = self._resources()
        self._interested = {
            resource: tuple(
                number
                for number, controller in enumerate(self._controllers)
                if "*" in controller.resources or resource in controller.resources
            )
            for resource in resources
        }
        return self._store.subscribe(resources)

    def _kinds_changed(self, subscription: Subscription) -> bool:
        return len(self._store.kinds()) != len(subscription.resources) and (
            self._resources() != subscription.resources
        )

    def _seed(self) -> None:
        for resource in sorted(self._interested):
            for obj in self._store.list(resource).items:
                metadata = obj["metadata"]
                self._spread(
                    Change(
                        type="ADDED",
                        resource=resource,
                        namespace=metadata.get("namespace", ""),
                        name=metadata["name"],
                        resource_version=int(metadata["resourceVersion"]),
                        object=obj,
                        previous=None,
                    )
                )

    def _take(self, subscription: Subscription) -> None:
        for change in subscription.take():
            self._spread(change)

    def _spread(self, change: Change) -> None:
        for number in self._interested.get(change.resource, ()):
            for key in self._controllers[number].keys(change):
                self._enqueue(_Item(number, key))

    def _enqueue(self, item: _Item) -> None:
        if item not in self._queued:
            self._queued.add(item)
            self._queue.append(item)

    async def _work(self) -> None:
        """Do what is queued; what that changes comes with the next round."""
        began = self._monotonic_s()
        for _ in range(len(self._queue)):
            self._reconcile(self._queue.popleft())
            if self._monotonic_s() - began > SLICE_S:
                await asyncio.sleep(0)
                began = self._monotonic_s()

    async def _wait(self, subscription: Subscription) -> None:
        self._release_due()
        if self._queue:
            await asyncio.sleep(0)
            return
        delay_s = self._later[0][0] - self._monotonic_s() if self._later else None
        try:
            async with asyncio.timeout(delay_s):
                await subscription.wait()
        except TimeoutError:
            self._release_due()

    def _release_due(self) -> None:
        now = self._monotonic_s()
        while self._later and self._later[0][0] <= now:
            due, item = heapq.heappop(self._later)
            if self._due_at.get(item) == due:
                del self._due_at[item]
                self._enqueue(item)

    def _delay(self, item: _Item, delay_s: float) -> None:
        due = self._monotonic_s() + delay_s
        known = self._due_at.get(item)
        if known is None or due < known:
            self._due_at[item] = due
            heapq.heappush(self._later, (due, item))

    def _reconcile(self, item: _Item) -> None:
        self._queued.discard(item)
        controller = self._controllers[item.controller]
        try:
            again_s = controller.reconcile(item.key)
        except StatusError as refusal:
            self._retry(item, f"{type(controller).__name__} {item.key}: {refusal}")
        except Exception:  # noqa: BLE001 - a supervisor: one broken object must not stop the cluster
            _log.exception("%s failed at %s", type(controller).__name__, item.key)
            self._retry(item, "")
        else:
            self._failures.pop(item, None)
            if again_s is not None:
                self._delay(item, again_s)

    def _retry(self, item: _Item, message: str) -> None:
        failures = self._failures.get(item, 0)
        self._failures[item] = failures + 1
        if message:
            _log.info("trying again: %s", message)
        self._delay(item, min(RETRY_FIRST_S * 2.0 ** min(failures, 20), RETRY_MAX_S))
