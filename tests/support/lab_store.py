"""A store of the lab on a clock that stands still, and short ways to fill it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bascule.lab.kubeapi.kinds import BUILT_IN, Kind
from bascule.lab.kubeapi.store import Store
from bascule.lab.kubeapi.store_log import LOG_BYTES_MIN, StoreLog

START = datetime(2026, 1, 1, tzinfo=UTC)


class MovableClock:
    """A clock that `move` moves."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic_s(self) -> float:
        return self.passed_s

    async def sleep_until(self, deadline_s: float) -> None:
        self.passed_s = max(self.passed_s, deadline_s)

    def move(self, seconds: float) -> None:
        self.passed_s += seconds


def new_store(
    *,
    minor: int = 36,
    directory: Path | None = None,
    clock: MovableClock | None = None,
    fold_after_bytes: int = LOG_BYTES_MIN,
) -> Store:
    """Return a store with the namespace `shop`."""
    store = Store(
        clock=clock or MovableClock(),
        rng=Random(7),  # noqa: S311 - names of objects
        minor=minor,
        log=StoreLog(directory, fold_after_bytes=fold_after_bytes) if directory else None,
    )
    if store.find("namespaces", "shop") is None:
        store.create("namespaces", {"metadata": {"name": "shop"}})
    return store


def kind_named(resource: str) -> Kind:
    """Return the built-in kind of a group resource."""
    return next(kind for kind in BUILT_IN if kind.resource == resource)


def config(name: str, **metadata: Any) -> dict[str, Any]:
    """Return a ConfigMap in the namespace `shop`."""
    return {"metadata": {"name": name, "namespace": "shop", **metadata}, "data": {"a": "b"}}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    """Return a Pod in the namespace `shop`."""
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}
