"""Namespaces: what each has from the start, and how it goes away with all that it holds."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.conditions import Condition, with_condition
from bascule.lab.controllers.ownership import is_terminating, key_of
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.object_tables import ObjectKey
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

POLL_S = 0.05
"""How often the content of a namespace that is going away is looked at."""
ROOT_CA = "kube-root-ca.crt"
_LAST = frozenset({"events"})


class NamespaceController:
    """Gives each namespace its ServiceAccount and CA, and empties those that are deleted."""

    resources = ("namespaces", "serviceaccounts", "configmaps")

    def __init__(self, store: Store, authority_pem: bytes) -> None:
        self._store = store
        self._authority = authority_pem.decode()

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the namespace; of what is in it only what it always has matters."""
        if change.resource == "namespaces":
            return (key_of(change),)
        if change.name in {"default", ROOT_CA} and change.type != "ADDED":
            return (Key("", change.namespace),)
        return ()

    def reconcile(self, key: Key) -> float | None:
        """Fill one namespace, or empty it."""
        namespace = self._store.find("namespaces", key.name)
        if namespace is None:
            return None
        if is_terminating(namespace):
            return self._empty(namespace)
        if self._store.find("serviceaccounts", "default", key.name) is None:
            account = {"metadata": {"name": "default", "namespace": key.name}}
            self._store.create("serviceaccounts", account)
        self._fill_authority(key.name)
        return None

    def _fill_authority(self, namespace: str) -> None:
        data = {"ca.crt": self._authority}
        current = self._store.find("configmaps", ROOT_CA, namespace)
        if current is None:
            description = "Contains a CA bundle that can be used to verify the kube-apiserver"
            metadata = {
                "name": ROOT_CA,
                "namespace": namespace,
                "annotations": {"kubernetes.io/description": description},
            }
            self._store.create("configmaps", {"metadata": metadata, "data": data})
        elif current.get("data") != data:
            self._store.update("configmaps", {**current, "data": data})

    def _empty(self, namespace: Object) -> float | None:
        name = namespace["metadata"]["name"]
        for content in self._content(name):
            obj = self._store.find(content.resource, content.name, name)
            if obj is not None and not is_terminating(obj):
                self._store.delete(content.resource, content.name, name)
        left = self._content(name)
        if left:
            self._tell(name, left)
            return POLL_S
        current = self._store.find("namespaces", name)
        if current is not None:
            spec = {**current["spec"]}
            finalizers = [item for item in spec.get("finalizers") or () if item != "kubernetes"]
            spec["finalizers"] = finalizers
            self._store.update("namespaces", {**current, "spec": spec})
        return None

    def _content(self, name: str) -> list[ObjectKey]:
        """Return what the namespace holds, Events last so that the others' are taken too."""
        keys = self._store.in_namespace(name)
        return sorted(keys, key=lambda key: key.resource in _LAST)

    def _tell(self, name: str, left: list[ObjectKey]) -> None:
        current = self._store.get("namespaces", name)
        counts: dict[str, int] = {}
        for key in left:
            counts[key.resource] = counts.get(key.resource, 0) + 1
        remaining = ", ".join(f"{kind} has {n} resource instances" for kind, n in counts.items())
        condition = Condition(
            type="NamespaceContentRemaining",
            status="True",
            reason="SomeResourcesRemain",
            message=f"Some resources are remaining: {remaining}",
        )
        status = dict(current.get("status") or {})
        now = self._store.clock.now()
        status["conditions"] = with_condition(status.get("conditions"), condition, now)
        self._store.update_status("namespaces", {**current, "status": status})
