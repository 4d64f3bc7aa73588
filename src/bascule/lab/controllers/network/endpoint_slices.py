"""Keeps the EndpointSlices and, for old clients, the Endpoints of every Service with a selector."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.network.endpoints import build_endpoints
from bascule.lab.controllers.network.selecting import SelectionIndex
from bascule.lab.controllers.network.slices import MANAGED_BY, MANAGER, SERVICE_NAME, plan_slices
from bascule.lab.controllers.ownership import is_terminating, key_of
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

SLICES = "endpointslices.discovery.k8s.io"


class EndpointSliceController:
    """Says which pods are behind each Service, and whether they are ready or going away."""

    resources = ("services", "pods", SLICES)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index = SelectionIndex()

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the Service itself, or those that select the pod now or did before."""
        if change.resource == "services":
            gone = change.type == "DELETED"
            selector = None if gone else change.object["spec"].get("selector")
            self._index.note_service(change.namespace, change.name, selector)
            return (key_of(change),)
        if change.resource == SLICES:
            # Somebody else's change of our slice is undone; our own changes nothing any more.
            name = (change.object["metadata"].get("labels") or {}).get(SERVICE_NAME)
            return (Key(change.namespace, name),) if name and change.type == "DELETED" else ()
        return self._keys_of_pod(change)

    def _keys_of_pod(self, change: Change) -> Iterable[Key]:
        labels = change.object["metadata"].get("labels") or {}
        before = (change.previous["metadata"].get("labels") or {}) if change.previous else labels
        names = set(self._index.services_of(change.namespace, before))
        gone = change.type == "DELETED"
        self._index.note_pod(change.namespace, change.name, None if gone else labels)
        names.update(self._index.services_of(change.namespace, labels))
        return [Key(change.namespace, name) for name in sorted(names)]

    def reconcile(self, key: Key) -> float | None:
        """Write what changed of one Service's slices and Endpoints."""
        service = self._store.find("services", key.name, key.namespace)
        if service is None or is_terminating(service) or not service["spec"].get("selector"):
            return None
        names = self._index.pods_of(key.namespace, key.name)
        found = (self._store.find("pods", name, key.namespace) for name in names)
        pods = [pod for pod in found if pod is not None]
        existing = [
            item
            for item in self._store.owned_by(service["metadata"]["uid"], SLICES)
            if (item["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER
        ]
        plan = plan_slices(service, pods, existing)
        for item in plan.update:
            self._store.update(SLICES, item)
        for item in plan.create:
            self._store.create(SLICES, item)
        for name in plan.delete:
            self._store.delete(SLICES, name, key.namespace)
        self._write_endpoints(service, pods)
        return None

    def _write_endpoints(self, service: Object, pods: list[Object]) -> None:
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        current = self._store.find("endpoints", name, namespace)
        wanted = build_endpoints(service, pods, current)
        if current is None:
            self._store.create("endpoints", wanted)
        else:
            self._store.update("endpoints", wanted)
