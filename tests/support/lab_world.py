"""A whole control plane with real pods in the test's own process, without an API server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from time import time
from typing import Any

from bascule.lab.controllers.conditions import is_true
from bascule.lab.controllers.plane import ControlPlane, PlaneOptions
from bascule.lab.controllers.system.nodes import NodeShape, machines_of
from bascule.lab.kubeapi.objects.defaults import fill_defaults
from bascule.lab.kubeapi.store import Store
from bascule.lab.pods.ledger import Ledger
from bascule.lab.pods.network import PodNetwork, balancers_of, pods_of
from bascule.lab.supervisor.networks import hold_network, locks_directory
from bascule.lab.wall_clock import WallClock
from tests.support.waiting import eventually

Object = dict[str, Any]


class LabWorld:
    """A store that lives: what is created in it runs."""

    def __init__(self, store: Store, plane: ControlPlane) -> None:
        self.store = store
        self.plane = plane

    def create(self, resource: str, obj: Object) -> Object:
        obj.setdefault("metadata", {}).setdefault("namespace", "default")
        return self.store.create(resource, fill_defaults(obj))

    def find(self, resource: str, name: str) -> Object | None:
        return self.store.find(resource, name, "default")

    def pods(self) -> list[Object]:
        return self.store.list("pods", "default").items

    async def until(self, predicate: Callable[[], object], *, within_s: float = 15.0) -> None:
        await eventually(predicate, within_s=within_s)

    async def until_ready(self, count: int) -> None:
        await self.until(lambda: sum(is_true(pod, "Ready") for pod in self.pods()) == count)

    def ready_endpoints(self, service: str) -> list[tuple[str, int]]:
        """Addresses and ports of the endpoints that take new requests."""
        return [
            (endpoint["addresses"][0], item["ports"][0]["port"])
            for item in self.store.list("endpointslices.discovery.k8s.io", "default").items
            if item["metadata"]["labels"]["kubernetes.io/service-name"] == service
            for endpoint in item.get("endpoints") or ()
            if endpoint["conditions"]["ready"]
        ]

    def reasons(self, name: str) -> set[str]:
        """Reasons of the Events about the object of this name."""
        events = self.store.list("events").items
        return {item["reason"] for item in events if item["involvedObject"]["name"] == name}


@asynccontextmanager
async def lab_world(directory: Path, *, has_aliases: bool = True) -> AsyncIterator[LabWorld]:
    """Run a control plane until the block ends."""
    rng = Random(1)  # noqa: S311 - names, not secrets
    store = Store(clock=WallClock(), rng=rng, minor=36)
    for name in ("default", "kube-node-lease"):
        store.create("namespaces", {"metadata": {"name": name}})
    network = hold_network(locks_directory())
    options = PlaneOptions(
        cluster="blue",
        version="1.36",
        network=PodNetwork(pods_of(network.prefix), has_aliases=has_aliases),
        authority_pem=b"PEM",
        machines=machines_of("blue", "1.36", network.prefix, NodeShape(count=2)),
        balancers=balancers_of(network.prefix),
        wall_s=time,
    )
    plane = ControlPlane(store, Ledger(directory / "effects.log"), rng, options)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(plane.run())
            yield LabWorld(store, plane)
            running.cancel()
    finally:
        network.release()
