"""ReplicaSets and ReplicationControllers: as many pods as were asked for."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from bascule.lab.controllers.conditions import Condition, with_condition
from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.ownership import (
    controller_keys,
    controller_of,
    controller_reference,
    is_controlled_by,
    is_terminating,
    key_of,
)
from bascule.lab.controllers.pod_state import available_in_s, deletion_rank, is_active, is_ready
from bascule.lab.controllers.pod_template import build_pod
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.objects.selectors import match_labels
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

BURST_MAX = 500
"""Pods made or deleted in one look; the rest come with the next."""


class Flavour(NamedTuple):
    """Which of the two kinds a controller keeps."""

    resource: str
    kind: str


REPLICA_SET = Flavour("replicasets.apps", "ReplicaSet")
REPLICATION_CONTROLLER = Flavour("replicationcontrollers", "ReplicationController")


class PodSetController:
    """Creates and deletes pods until a set has its number; adopts and releases by selector."""

    def __init__(self, store: Store, flavour: Flavour = REPLICA_SET) -> None:
        self._store = store
        self._flavour = flavour
        component = "replicaset-controller" if flavour is REPLICA_SET else "replication-controller"
        self._events = EventRecorder(store, component)
        self._may_adopt: set[Key] = set()
        self.resources = (flavour.resource, "pods")

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the set itself, the pod's controller, or who might adopt an orphan."""
        if change.resource == self._flavour.resource:
            if change.type == "ADDED":
                self._may_adopt.add(key_of(change))
            return (key_of(change),)
        owners = controller_keys(change, self._flavour.kind)
        if change.type == "DELETED" or controller_of(change.object) is not None:
            return owners
        return (*owners, *self._possible_owners(change))

    def _possible_owners(self, change: Change) -> Iterable[Key]:
        labels = change.object["metadata"].get("labels") or {}
        for candidate in self._store.list(self._flavour.resource, change.namespace).items:
            if match_labels(self._selector(candidate), labels):
                key = Key(change.namespace, candidate["metadata"]["name"])
                self._may_adopt.add(key)
                yield key

    def reconcile(self, key: Key) -> float | None:
        """Bring one set to its number and write its status."""
        found = self._store.find(self._flavour.resource, key.name, key.namespace)
        may_adopt = key in self._may_adopt
        self._may_adopt.discard(key)
        if found is None:
            return None
        pods = self._pods(found, may_adopt=may_adopt)
        refusal = ""
        if not is_terminating(found):
            refusal = self._scale(found, pods)
            pods = self._pods(found, may_adopt=False)
        return self._write_status(found, pods, refusal)

    def _selector(self, owner: Object) -> Object | None:
        raw = (owner.get("spec") or {}).get("selector") or None
        return raw if self._flavour is REPLICA_SET or raw is None else {"matchLabels": raw}

    def _pods(self, owner: Object, *, may_adopt: bool) -> list[Object]:
        uid = owner["metadata"]["uid"]
        selector = self._selector(owner)
        pods = []
        for pod in self._store.owned_by(uid, "pods"):
            if match_labels(selector, pod["metadata"].get("labels") or {}):
                pods.append(pod)
            elif is_controlled_by(pod, uid) and not is_terminating(owner):
                self._release(pod, uid)
        if may_adopt and not is_terminating(owner):
            pods.extend(self._adopt(owner, selector))
        return [pod for pod in pods if is_active(pod)]

    def _adopt(self, owner: Object, selector: Object | None) -> Iterable[Object]:
        namespace = owner["metadata"]["namespace"]
        for pod in self._store.list("pods", namespace).items:
            labels = pod["metadata"].get("labels") or {}
            if controller_of(pod) is None and is_active(pod) and match_labels(selector, labels):
                references = [
                    *(pod["metadata"].get("ownerReferences") or ()),
                    controller_reference(owner),
                ]
                yield self._with_owners(pod, references)

    def _release(self, pod: Object, uid: str) -> None:
        references = pod["metadata"].get("ownerReferences") or ()
        self._with_owners(pod, [item for item in references if item["uid"] != uid])

    def _with_owners(self, pod: Object, references: list[Object]) -> Object:
        metadata = {**pod["metadata"], "ownerReferences": references}
        if not references:
            metadata.pop("ownerReferences")
        return self._store.update("pods", {**pod, "metadata": metadata})

    def _scale(self, owner: Object, pods: list[Object]) -> str:
        """Make or delete pods; return why one could not be made."""
        wanted = owner["spec"].get("replicas", 1)
        if len(pods) > wanted:
            surplus = sorted(pods, key=deletion_rank)[: min(len(pods) - wanted, BURST_MAX)]
            for pod in surplus:
                name = pod["metadata"]["name"]
                self._store.delete("pods", name, owner["metadata"]["namespace"])
                self._events.record(owner, Note("SuccessfulDelete", f"Deleted pod: {name}"))
            return ""
        for _ in range(min(wanted - len(pods), BURST_MAX)):
            try:
                self._create(owner)
            except StatusError as error:
                message = f"Error creating: {error}"
                self._events.record(owner, Note("FailedCreate", message, "Warning"))
                return message
        return ""

    def _create(self, owner: Object) -> None:
        template = owner["spec"].get("template") or {}
        name = owner["metadata"]["name"]
        pod = self._store.create("pods", build_pod(owner, template, generateName=f"{name}-"))
        created = f"Created pod: {pod['metadata']['name']}"
        self._events.record(owner, Note("SuccessfulCreate", created))

    def _write_status(self, owner: Object, pods: list[Object], refusal: str) -> float | None:
        current = self._store.find(
            self._flavour.resource, owner["metadata"]["name"], owner["metadata"]["namespace"]
        )
        if current is None:
            return None
        now = self._store.clock.now()
        min_ready_s = current["spec"].get("minReadySeconds", 0)
        waits = [available_in_s(pod, min_ready_s, now) for pod in pods]
        labels = {"matchLabels": _template_labels(current)}
        full = sum(match_labels(labels, pod["metadata"].get("labels") or {}) for pod in pods)
        status: Object = {
            "replicas": len(pods),
            "fullyLabeledReplicas": full,
            "readyReplicas": sum(is_ready(pod) for pod in pods),
            "availableReplicas": sum(wait == 0.0 for wait in waits),
            "observedGeneration": current["metadata"].get("generation", 1),
        }
        status = {key: value for key, value in status.items() if value or key == "replicas"}
        conditions = (current.get("status") or {}).get("conditions") or []
        if refusal:
            failure = Condition(
                type="ReplicaFailure", status="True", reason="FailedCreate", message=refusal
            )
            conditions = with_condition(conditions, failure, now)
        else:
            conditions = [item for item in conditions if item["type"] != "ReplicaFailure"]
        if conditions:
            status["conditions"] = conditions
        self._store.update_status(self._flavour.resource, {**current, "status": status})
        missing = len(pods) != current["spec"].get("replicas", 1) and not is_terminating(current)
        soon = [wait for wait in waits if wait]
        again = ([1.0] if refusal else [0.0]) if missing else []
        return min((*again, *soon), default=None)


def _template_labels(owner: Object) -> Object:
    template = owner["spec"].get("template") or {}
    labels: Object = (template.get("metadata") or {}).get("labels") or {}
    return labels
