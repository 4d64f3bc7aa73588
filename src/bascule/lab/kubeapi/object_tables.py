"""Where objects lie: by resource, namespace and name, and by the UIDs of their owners."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bascule.lab.kubeapi.changes import Change

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKey:
    """Where an object lies: group resource, namespace (empty when cluster-scoped) and name."""

    resource: str
    namespace: str
    name: str


class ObjectTables:
    """The current state of all objects, kept by applying changes."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, dict[str, Object]]] = {}
        self._dependents: dict[str, set[ObjectKey]] = {}

    def find(self, resource: str, name: str, namespace: str) -> Object | None:
        """Return the object, or None."""
        return self._tables.get(resource, {}).get(namespace, {}).get(name)

    def sorted_objects(self, resource: str, namespace: str) -> list[Object]:
        """Return the objects of one namespace or (when empty) of all, sorted by key."""
        table = self._tables.get(resource, {})
        spaces = (table.get(namespace, {}),) if namespace else (table[ns] for ns in sorted(table))
        return [obj for space in spaces for _, obj in sorted(space.items())]

    def dependents(self, owner_uid: str) -> tuple[ObjectKey, ...]:
        """Return the keys of the objects with an ownerReference to this UID, sorted."""
        keys = self._dependents.get(owner_uid, ())
        return tuple(sorted(keys, key=lambda key: (key.resource, key.namespace, key.name)))

    def in_namespace(self, namespace: str) -> tuple[ObjectKey, ...]:
        """Return the keys of everything that lives in a namespace."""
        return tuple(
            ObjectKey(resource=resource, namespace=namespace, name=name)
            for resource, table in sorted(self._tables.items())
            for name in sorted(table.get(namespace, {}))
            if namespace
        )

    def items(self) -> Iterator[tuple[ObjectKey, Object]]:
        """Yield all objects with their keys."""
        for resource, table in self._tables.items():
            for namespace, space in table.items():
                for name, obj in space.items():
                    yield ObjectKey(resource=resource, namespace=namespace, name=name), obj

    def apply(self, change: Change) -> None:
        """Make the state that of after the change; twice is as good as once."""
        space = self._tables.setdefault(change.resource, {}).setdefault(change.namespace, {})
        key = ObjectKey(resource=change.resource, namespace=change.namespace, name=change.name)
        self._forget_owners(key, space.get(change.name))
        if change.type == "DELETED":
            space.pop(change.name, None)
            if not space:
                self._tables[change.resource].pop(change.namespace)
            return
        space[change.name] = change.object
        for uid in _owner_uids(change.object):
            self._dependents.setdefault(uid, set()).add(key)

    def _forget_owners(self, key: ObjectKey, obj: Object | None) -> None:
        for uid in _owner_uids(obj) if obj else ():
            keys = self._dependents.get(uid, set())
            keys.discard(key)
            if not keys:
                self._dependents.pop(uid, None)


def _owner_uids(obj: Object) -> Iterator[str]:
    return (reference["uid"] for reference in obj["metadata"].get("ownerReferences") or ())
