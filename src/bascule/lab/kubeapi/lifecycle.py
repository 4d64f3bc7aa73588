"""How objects begin and end.

What a create resets, what counts as a new generation, and how a deletion goes through grace
periods, finalizers and a namespace's content.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.kinds import Kind
from bascule.lab.kubeapi.objects.merge_patch import is_same

Object = dict[str, Any]
Propagation = Literal["", "Background", "Foreground", "Orphan"]

POD_GRACE_S: Final = 30
FOREGROUND_FINALIZER: Final = "foregroundDeletion"
ORPHAN_FINALIZER: Final = "orphan"
NAMESPACE_FINALIZER: Final = "kubernetes"

_FIRST_STATUS: Final[Mapping[str, Object]] = {
    "namespaces": {"phase": "Active"},
    "persistentvolumeclaims": {"phase": "Pending"},
    "persistentvolumes": {"phase": "Pending"},
    "pods": {"phase": "Pending"},
    "services": {"loadBalancer": {}},
    "ingresses.networking.k8s.io": {"loadBalancer": {}},
    "horizontalpodautoscalers.autoscaling": {
        "currentMetrics": None,
        "desiredReplicas": 0,
    },
}
_STATUS_KEPT: Final = frozenset(
    (
        "nodes",
        "customresourcedefinitions.apiextensions.k8s.io",
        "apiservices.apiregistration.k8s.io",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """How to delete; `grace_period_s` None means the object's own, 0 means at once."""

    grace_period_s: int | None = None
    propagation: Propagation = ""
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


DEFAULT_DELETE: Final = DeleteOptions()
AT_ONCE: Final = DeleteOptions(grace_period_s=0)


def prepare_create(kind: Kind, obj: Object) -> None:
    """Reset what a client cannot set on a new object."""
    if kind.has_status and kind.resource not in _STATUS_KEPT:
        obj.pop("status", None)
        first = _FIRST_STATUS.get(kind.resource)
        if first is not None:
            obj["status"] = {key: value for key, value in first.items() if value is not None}
        elif not kind.is_custom:
            obj["status"] = {}
    if kind.resource == "namespaces":
        spec = dict(obj.get("spec") or {})
        spec["finalizers"] = [NAMESPACE_FINALIZER]
        obj["spec"] = spec
        metadata = obj["metadata"]
        labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
        metadata["labels"] = labels


def is_status_writable(kind: Kind) -> bool:
    """Say whether an update of the object itself may change its status."""
    return kind.resource == "apiservices.apiregistration.k8s.io"


def is_spec_changed(kind: Kind, current: Object, new: Object) -> bool:
    """Say whether an update makes a new generation: anything but metadata and status changed."""
    ignored = {"metadata", "apiVersion", "kind", *(("status",) if kind.has_status else ())}
    keys = (current.keys() | new.keys()) - ignored
    return any(not is_same(current.get(key), new.get(key)) for key in keys)


def check_preconditions(kind: Kind, current: Object, options: DeleteOptions) -> None:
    """Raise ConflictError if the object is not the one that the caller means."""
    metadata = current["metadata"]
    if options.uid and options.uid != metadata["uid"]:
        raise refusals.conflict(
            kind,
            metadata["name"],
            f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: "
            f"{metadata['uid']}",
        )
    version = metadata["resourceVersion"]
    if options.resource_version and options.resource_version != version:
        raise refusals.conflict(
            kind,
            metadata["name"],
            f"Precondition failed: ResourceVersion in precondition: {options.resource_version}, "
            f"ResourceVersion in object meta: {version}",
        )


def mark_deleted(kind: Kind, current: Object, options: DeleteOptions, now: datetime) -> Object:
    """Return the object with its deletion begun (`is_gone` says whether it is over already)."""
    metadata = dict(current["metadata"])
    grace_s = _grace_s(kind, current, options)
    metadata["finalizers"] = _finalizers(metadata, options)
    if not metadata["finalizers"]:
        metadata.pop("finalizers")
    if "deletionTimestamp" not in metadata or grace_s < metadata.get(
        "deletionGracePeriodSeconds", 0
    ):
        due = now + timedelta(seconds=grace_s)
        metadata["deletionTimestamp"] = due.strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata["deletionGracePeriodSeconds"] = grace_s
    new = {**current, "metadata": metadata}
    if kind.resource == "namespaces":
        metadata.pop("deletionGracePeriodSeconds", None)
        new["status"] = {**(current.get("status") or {}), "phase": "Terminating"}
    return new


def is_gone(kind: Kind, obj: Object) -> bool:
    """Say whether nothing keeps an object under deletion any more."""
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    if kind.resource == "namespaces":
        return not (obj.get("spec") or {}).get("finalizers")
    return bool(metadata.get("deletionGracePeriodSeconds", 0) == 0)


def _grace_s(kind: Kind, current: Object, options: DeleteOptions) -> int:
    if kind.resource != "pods":
        return 0
    spec = current.get("spec") or {}
    phase = (current.get("status") or {}).get("phase")
    if not spec.get("nodeName") or phase in {"Succeeded", "Failed"}:
        return 0
    if options.grace_period_s is not None:
        return max(0, options.grace_period_s)
    return int(spec.get("terminationGracePeriodSeconds", POD_GRACE_S))


def _finalizers(metadata: Object, options: DeleteOptions) -> list[str]:
    wanted = {"Foreground": FOREGROUND_FINALIZER, "Orphan": ORPHAN_FINALIZER}.get(
        options.propagation, ""
    )
    own = {FOREGROUND_FINALIZER, ORPHAN_FINALIZER}
    present = list(metadata.get("finalizers") or ())
    kept = [name for name in present if name not in own] if options.propagation else present
    return [*kept, wanted] if wanted and wanted not in kept else kept
