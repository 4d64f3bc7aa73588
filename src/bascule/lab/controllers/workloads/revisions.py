"""The annotations by which ReplicaSets are the revisions of a Deployment. Pure."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.workloads.rolling import Bounds

Object = dict[str, Any]

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        DESIRED,
        MAXIMUM,
        "deprecated.deployment.rollback.to",
    }
)


def number(obj: Object) -> int:
    """Return the revision that an object carries; 0 for none."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def highest(sets: Iterable[Object]) -> int:
    """Return the highest revision among these; 0 for none."""
    return max((number(item) for item in sets), default=0)


def annotations_of_set(deployment: Object, existing: Object | None, revision: int) -> Object:
    """Return a ReplicaSet's annotations: the Deployment's own, and its revision with its past."""
    old = dict((existing["metadata"].get("annotations") or {}) if existing else {})
    copied = {
        key: value
        for key, value in (deployment["metadata"].get("annotations") or {}).items()
        if key not in _NOT_COPIED
    }
    before = old.get(REVISION)
    if before and before != str(revision):
        past = [item for item in old.get(HISTORY, "").split(",") if item]
        old[HISTORY] = ",".join([*past, before])
    return {**old, **copied, REVISION: str(revision)}


def size_annotations(bounds: Bounds) -> Object:
    """Return the annotations that tell a scaling from a rollout."""
    return {
        DESIRED: str(bounds.replicas),
        MAXIMUM: str(bounds.replicas + bounds.max_surge),
    }
