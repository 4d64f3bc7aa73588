"""Who owns what: ownerReferences, read and written."""

from typing import Any

from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change

Object = dict[str, Any]


def controller_reference(owner: Object) -> Object:
    """Return the reference by which `owner` controls an object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object) -> Object | None:
    """Return the reference of the object's controller, if it has one."""
    references = obj["metadata"].get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), None)


def is_controlled_by(obj: Object, uid: str) -> bool:
    """Say whether the object's controller has this UID."""
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid


def controller_keys(change: Change, kind: str) -> tuple[Key, ...]:
    """Return the key of the controller of this kind, before and after the change."""
    keys = []
    for obj in (change.object, change.previous):
        reference = controller_of(obj) if obj else None
        if reference is not None and reference["kind"] == kind:
            keys.append(Key(change.namespace, reference["name"]))
    return tuple(dict.fromkeys(keys))


def key_of(change: Change) -> Key:
    """Return the key of the object that changed."""
    return Key(change.namespace, change.name)


def is_terminating(obj: Object) -> bool:
    """Say whether the object's deletion has begun."""
    return "deletionTimestamp" in obj["metadata"]
