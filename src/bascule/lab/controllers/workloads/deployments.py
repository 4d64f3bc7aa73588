"""Deployments: revisions as ReplicaSets, rolled within their bounds."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.ownership import (
    controller_keys,
    controller_of,
    controller_reference,
    is_controlled_by,
    is_terminating,
    key_of,
)
from bascule.lab.controllers.pod_state import is_finished
from bascule.lab.controllers.pod_template import (
    HASH_LABEL,
    is_same_template,
    template_hash,
    without_hash,
)
from bascule.lab.controllers.work import Key
from bascule.lab.controllers.workloads import revisions
from bascule.lab.controllers.workloads.deployment_status import build_status, progress_deadline_s
from bascule.lab.controllers.workloads.rolling import (
    Bounds,
    Sized,
    parse_bounds,
    plan_rollout,
    spread_proportionally,
)
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.selectors import match_labels
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

DEPLOYMENTS = "deployments.apps"
REPLICA_SETS = "replicasets.apps"
HISTORY_DEFAULT = 10
COLLISIONS_MAX = 100
POLL_RECREATE_S = 0.2


class DeploymentController:
    """Rolls every Deployment to its template."""

    resources = (DEPLOYMENTS, REPLICA_SETS)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events = EventRecorder(store, "deployment-controller")

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the Deployment itself, or the one that owns the ReplicaSet."""
        if change.resource == DEPLOYMENTS:
            return (key_of(change),)
        return controller_keys(change, "Deployment")

    def reconcile(self, key: Key) -> float | None:
        """Take the next step of one Deployment and write its status."""
        found = self._store.find(DEPLOYMENTS, key.name, key.namespace)
        if found is None:
            return None
        again_s = None
        if not is_terminating(found):
            self._adopt(found)
            again_s = self._step(found)
        return self._finish(key, again_s)

    def _finish(self, key: Key, again_s: float | None) -> float | None:
        deployment = self._store.find(DEPLOYMENTS, key.name, key.namespace)
        if deployment is None:
            return None
        new, old = self._sets(deployment)
        now = self._store.clock.now()
        status = build_status(deployment, new, old, now=now, minor=self._store.minor)
        written = self._store.update_status(DEPLOYMENTS, {**deployment, "status": status})
        deadline_s = progress_deadline_s(written, now)
        return min((wait for wait in (again_s, deadline_s) if wait is not None), default=None)

    # What belongs to it.

    def _sets(self, deployment: Object) -> tuple[Object | None, list[Object]]:
        """Return the ReplicaSet of the current template, and the others, oldest first."""
        uid = deployment["metadata"]["uid"]
        owned = [
            item
            for item in self._store.owned_by(uid, REPLICA_SETS)
            if is_controlled_by(item, uid) and not is_terminating(item)
        ]
        owned.sort(key=lambda item: (item["metadata"]["creationTimestamp"], revisions.number(item)))
        template = deployment["spec"]["template"]
        new = next(
            (item for item in owned if is_same_template(item["spec"]["template"], template)), None
        )
        return new, [item for item in owned if item is not new]

    def _adopt(self, deployment: Object) -> None:
        selector = deployment["spec"].get("selector")
        namespace = deployment["metadata"]["namespace"]
        for item in self._store.list(REPLICA_SETS, namespace).items:
            labels = item["metadata"].get("labels") or {}
            if controller_of(item) is not None or is_terminating(item):
                continue
            if match_labels(selector, labels):
                references = [
                    *(item["metadata"].get("ownerReferences") or ()),
                    controller_reference(deployment),
                ]
                metadata = {**item["metadata"], "ownerReferences": references}
                self._store.update(REPLICA_SETS, {**item, "metadata": metadata})

    # Steps.

    def _step(self, deployment: Object) -> float | None:
        spec = deployment["spec"]
        new, old = self._sets(deployment)
        strategy = spec.get("strategy") or {}
        if spec.get("paused"):
            self._scale_in_place(deployment, new, old)
            return None
        if strategy.get("type") == "Recreate":
            return self._recreate(deployment, new, old)
        bounds = _bounds(deployment)
        if new is None:
            new = self._create_set(deployment, old, replicas=0)
        else:
            new = self._refresh(deployment, new, old)
        if self._is_scaling(deployment, new, old):
            self._scale_in_place(deployment, new, old)
        else:
            sizes = plan_rollout(bounds, _sized(new), [_sized(item) for item in old])
            self._resize(deployment, [new, *old], sizes)
        self._trim_history(deployment, old)
        return None

    def _recreate(self, deployment: Object, new: Object | None, old: list[Object]) -> float | None:
        self._resize(deployment, old, {_name(item): 0 for item in old if _wanted(item) > 0})
        if any(self._has_pods(item) for item in old):
            return POLL_RECREATE_S
        wanted = deployment["spec"].get("replicas", 1)
        if new is None:
            new = self._create_set(deployment, old, replicas=0)
        else:
            new = self._refresh(deployment, new, old)
        self._resize(deployment, [new], {_name(new): wanted})
        self._trim_history(deployment, old)
        return None

    def _has_pods(self, replica_set: Object) -> bool:
        pods = self._store.owned_by(replica_set["metadata"]["uid"], "pods")
        return any(not is_finished(pod) for pod in pods)

    def _is_scaling(self, deployment: Object, new: Object, old: list[Object]) -> bool:
        """Say whether the wanted number changed in the middle of a rollout."""
        wanted = str(deployment["spec"].get("replicas", 1))
        active = [item for item in (new, *old) if _wanted(item) > 0]
        return len(active) > 1 and any(
            item["metadata"].get("annotations", {}).get(revisions.DESIRED) not in {None, wanted}
            for item in active
        )

    def _scale_in_place(self, deployment: Object, new: Object | None, old: list[Object]) -> None:
        """Change the number without going on with the rollout."""
        bounds = _bounds(deployment)
        everything = [*old, new] if new is not None else old
        active = [item for item in everything if _wanted(item) > 0]
        if len(active) > 1:
            sizes = spread_proportionally(bounds, [_sized(item) for item in active])
        else:
            only = active[0] if active else (new or (old[-1] if old else None))
            sizes = {_name(only): bounds.replicas} if only is not None else {}
        self._resize(deployment, everything, sizes, marks_all=True)

    def _resize(
        self,
        deployment: Object,
        sets: list[Object],
        sizes: dict[str, int],
        *,
        marks_all: bool = False,
    ) -> None:
        marks = revisions.size_annotations(_bounds(deployment))
        for item in sets:
            name = _name(item)
            size = sizes.get(name, _wanted(item))
            if size == _wanted(item) and not marks_all and name not in sizes:
                continue
            metadata = dict(item["metadata"])
            metadata["annotations"] = {**(metadata.get("annotations") or {}), **marks}
            changed = {**item, "metadata": metadata, "spec": {**item["spec"], "replicas": size}}
            self._store.update(REPLICA_SETS, changed)
            if size != _wanted(item):
                self._say_scaled(deployment, item, size)

    def _say_scaled(self, deployment: Object, replica_set: Object, size: int) -> None:
        before = _wanted(replica_set)
        direction = "up" if size > before else "down"
        message = f"Scaled {direction} replica set {_name(replica_set)} from {before} to {size}"
        self._events.record(deployment, Note("ScalingReplicaSet", message))

    # ReplicaSets as revisions.

    def _create_set(self, deployment: Object, old: list[Object], *, replicas: int) -> Object:
        template = without_hash(deployment["spec"]["template"])
        namespace = deployment["metadata"]["namespace"]
        for collisions in range(COLLISIONS_MAX):
            hashed = template_hash(template, collisions)
            name = f"{_name(deployment)}-{hashed}"
            if self._store.find(REPLICA_SETS, name, namespace) is None:
                break
        else:
            raise AssertionError(f"no free name for a ReplicaSet of {_name(deployment)}")
        revision = revisions.highest(old) + 1
        self._mark_revision(deployment, revision)
        return self._store.create(
            REPLICA_SETS, _new_set(deployment, hashed, revision=revision, replicas=replicas)
        )

    def _refresh(self, deployment: Object, new: Object, old: list[Object]) -> Object:
        """Make the ReplicaSet of the current template the newest revision, as after an undo."""
        revision = max(revisions.number(new), revisions.highest(old) + 1)
        annotations = revisions.annotations_of_set(deployment, new, revision)
        self._mark_revision(deployment, revision)
        spec = dict(new["spec"])
        spec["minReadySeconds"] = deployment["spec"].get("minReadySeconds", 0)
        if not spec["minReadySeconds"]:
            spec.pop("minReadySeconds")
        metadata = {**new["metadata"], "annotations": annotations}
        return self._store.update(REPLICA_SETS, {**new, "metadata": metadata, "spec": spec})

    def _mark_revision(self, deployment: Object, revision: int) -> None:
        key = Key(deployment["metadata"]["namespace"], _name(deployment))
        current = self._store.get(DEPLOYMENTS, key.name, key.namespace)
        annotations = current["metadata"].get("annotations") or {}
        if annotations.get(revisions.REVISION) == str(revision):
            return
        change = {"metadata": {"annotations": {revisions.REVISION: str(revision)}}}
        self._store.patch(DEPLOYMENTS, key.name, key.namespace, change)

    def _trim_history(self, deployment: Object, old: list[Object]) -> None:
        limit = deployment["spec"].get("revisionHistoryLimit", HISTORY_DEFAULT)
        idle = [
            item
            for item in old
            if _wanted(item) == 0 and not (item.get("status") or {}).get("replicas")
        ]
        idle.sort(key=revisions.number)
        for item in idle[: max(0, len(idle) - limit)]:
            self._store.delete(REPLICA_SETS, _name(item), item["metadata"]["namespace"])


def _new_set(deployment: Object, hashed: str, *, revision: int, replicas: int) -> Object:
    spec = deployment["spec"]
    template = copy_json(spec["template"])
    metadata = template.setdefault("metadata", {})
    metadata["labels"] = {**(metadata.get("labels") or {}), HASH_LABEL: hashed}
    selector = copy_json(spec.get("selector") or {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: hashed}
    built: Object = {"replicas": replicas, "selector": selector, "template": template}
    if spec.get("minReadySeconds"):
        built["minReadySeconds"] = spec["minReadySeconds"]
    annotations = revisions.annotations_of_set(deployment, None, revision)
    return {
        "metadata": {
            "name": f"{_name(deployment)}-{hashed}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": dict(metadata["labels"]),
            "annotations": {**annotations, **revisions.size_annotations(_bounds(deployment))},
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": built,
    }


def _bounds(deployment: Object) -> Bounds:
    spec = deployment["spec"]
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return Bounds(replicas=spec.get("replicas", 1), max_surge=0, max_unavailable=0)
    rolling = strategy.get("rollingUpdate") or {}
    return parse_bounds(
        spec.get("replicas", 1),
        rolling.get("maxSurge", "25%"),
        rolling.get("maxUnavailable", "25%"),
    )


def _sized(replica_set: Object) -> Sized:
    status = replica_set.get("status") or {}
    return Sized(
        name=_name(replica_set),
        wanted=_wanted(replica_set),
        available=status.get("availableReplicas", 0),
    )


def _wanted(replica_set: Object) -> int:
    return int(replica_set["spec"].get("replicas", 1))


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])
