"""Garbage collection by ownerReferences: background, foreground and orphaning deletion."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.ownership import is_terminating
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.lifecycle import FOREGROUND_FINALIZER, ORPHAN_FINALIZER, DeleteOptions
from bascule.lab.kubeapi.object_tables import ObjectKey
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

_BACKGROUND = DeleteOptions(propagation="Background")
_FOREGROUND = DeleteOptions(propagation="Foreground")


class GarbageCollector:
    """Deletes what belongs to nobody any more; its keys are UIDs of owners and of the owned."""

    resources = ("*",)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._key_by_uid: dict[str, ObjectKey] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the object by its UID if it is owned, going away or gone, and its owners then."""
        metadata = change.object["metadata"]
        uid = metadata["uid"]
        owners = [item["uid"] for item in metadata.get("ownerReferences") or ()]
        if change.type == "DELETED":
            self._key_by_uid.pop(uid, None)
            return [Key("", item) for item in (uid, *owners)]
        self._key_by_uid[uid] = ObjectKey(
            resource=change.resource, namespace=change.namespace, name=change.name
        )
        if is_terminating(change.object):
            return (Key("", uid),)
        if owners and _owners(change.previous) != owners:
            return (Key("", uid),)
        return ()

    def reconcile(self, key: Key) -> float | None:
        """Look at one UID: an owner that is gone, one that is going, or an object that is owned."""
        place = self._key_by_uid.get(key.name)
        if place is None:
            for owned in self._store.dependents(key.name):
                self._collect(owned)
            return None
        obj = self._store.find(place.resource, place.name, place.namespace)
        if obj is None:
            return None
        if is_terminating(obj):
            finalizers = obj["metadata"].get("finalizers") or []
            if ORPHAN_FINALIZER in finalizers:
                self._orphan(place, obj)
            elif FOREGROUND_FINALIZER in finalizers:
                self._wait_for_owned(place, obj)
        elif obj["metadata"].get("ownerReferences"):
            self._collect(place)
        return None

    def _collect(self, place: ObjectKey) -> None:
        """Delete an object if none of its owners is left."""
        obj = self._store.find(place.resource, place.name, place.namespace)
        if obj is None or is_terminating(obj):
            return
        references = obj["metadata"].get("ownerReferences") or []
        alive = [item for item in references if self._is_there(item, place.namespace)]
        if references and not alive:
            options = _FOREGROUND if self._deletes_in_foreground(obj) else _BACKGROUND
            self._store.delete(place.resource, place.name, place.namespace, options)
        elif len(alive) < len(references):
            self._set_owners(place, obj, alive)

    def _is_there(self, reference: Object, namespace: str) -> bool:
        place = self._key_by_uid.get(reference["uid"])
        return place is not None and place.namespace in {"", namespace}

    def _deletes_in_foreground(self, obj: Object) -> bool:
        return FOREGROUND_FINALIZER in (obj["metadata"].get("finalizers") or ())

    def _orphan(self, place: ObjectKey, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        for owned in self._store.dependents(uid):
            obj = self._store.find(owned.resource, owned.name, owned.namespace)
            if obj is not None:
                references = obj["metadata"].get("ownerReferences") or []
                self._set_owners(owned, obj, [item for item in references if item["uid"] != uid])
        self._drop_finalizer(place, owner, ORPHAN_FINALIZER)

    def _wait_for_owned(self, place: ObjectKey, owner: Object) -> None:
        """Delete what is owned first; the owner goes when nothing that blocks it is left."""
        uid = owner["metadata"]["uid"]
        is_blocked = False
        for owned in self._store.dependents(uid):
            obj = self._store.find(owned.resource, owned.name, owned.namespace)
            if obj is None:
                continue
            if not is_terminating(obj):
                self._store.delete(owned.resource, owned.name, owned.namespace, _FOREGROUND)
            still = self._store.find(owned.resource, owned.name, owned.namespace)
            is_blocked = is_blocked or (still is not None and _blocks(still, uid))
        if not is_blocked:
            self._drop_finalizer(place, owner, FOREGROUND_FINALIZER)

    def _drop_finalizer(self, place: ObjectKey, obj: Object, finalizer: str) -> None:
        current = self._store.find(place.resource, place.name, place.namespace)
        if current is None or current["metadata"]["uid"] != obj["metadata"]["uid"]:
            return
        finalizers = current["metadata"].get("finalizers") or []
        metadata = {
            **current["metadata"],
            "finalizers": [item for item in finalizers if item != finalizer],
        }
        if not metadata["finalizers"]:
            metadata.pop("finalizers")
        self._store.update(place.resource, {**current, "metadata": metadata})

    def _set_owners(self, place: ObjectKey, obj: Object, references: list[Object]) -> None:
        metadata = {**obj["metadata"], "ownerReferences": references}
        if not references:
            metadata.pop("ownerReferences")
        self._store.update(place.resource, {**obj, "metadata": metadata})


def _owners(obj: Object | None) -> list[str]:
    return [item["uid"] for item in (obj or {}).get("metadata", {}).get("ownerReferences") or ()]


def _blocks(obj: Object, owner_uid: str) -> bool:
    references = obj["metadata"].get("ownerReferences") or ()
    return any(item["uid"] == owner_uid and item.get("blockOwnerDeletion") for item in references)
