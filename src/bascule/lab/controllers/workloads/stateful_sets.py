"""StatefulSets: pods with names that stay, made and replaced in order."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.ownership import (
    controller_keys,
    is_controlled_by,
    is_terminating,
    key_of,
)
from bascule.lab.controllers.pod_state import available_in_s, is_finished, is_ready
from bascule.lab.controllers.pod_template import build_pod
from bascule.lab.controllers.work import Key
from bascule.lab.controllers.workloads.histories import REVISION_LABEL, History
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

STATEFUL_SETS = "statefulsets.apps"
CLAIMS = "persistentvolumeclaims"
NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"


class StatefulSetController:
    """Keeps ordinals 0 to N-1 alive, one step at a time unless the set says Parallel."""

    resources = (STATEFUL_SETS, "pods")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events = EventRecorder(store, "statefulset-controller")
        self._history = History(store)

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the set itself, or the one that controls the pod."""
        if change.resource == STATEFUL_SETS:
            return (key_of(change),)
        return controller_keys(change, "StatefulSet")

    def reconcile(self, key: Key) -> float | None:
        """Take the next step of one set and write its status."""
        found = self._store.find(STATEFUL_SETS, key.name, key.namespace)
        if found is None:
            return None
        again_s = None
        status = found.get("status") or {}
        update = self._history.record(found)
        current = status.get("currentRevision") or update
        if not is_terminating(found):
            again_s = self._step(found, current, update)
        self._write_status(key, current, update)
        return again_s

    # Steps.

    def _step(self, owner: Object, current: str, update: str) -> float | None:
        pods = self._pods(owner)
        wanted = range(_start(owner), _start(owner) + owner["spec"].get("replicas", 1))
        is_parallel = owner["spec"].get("podManagementPolicy") == "Parallel"
        min_ready_s = owner["spec"].get("minReadySeconds", 0)
        now = self._store.clock.now()
        for ordinal in wanted:
            pod = pods.get(ordinal)
            if pod is not None and is_finished(pod) and not is_terminating(pod):
                self._delete(owner, pod)
                pod = self._pods(owner).get(ordinal)
            if pod is None:
                self._create(owner, ordinal, self._revision_for(owner, ordinal, current, update))
                if not is_parallel:
                    return None
                continue
            waits = available_in_s(pod, min_ready_s, now)
            if not is_parallel and (is_terminating(pod) or waits is None or waits > 0):
                return waits or None
        return self._shrink_or_roll(owner, pods, wanted, update)

    def _shrink_or_roll(
        self, owner: Object, pods: dict[int, Object], wanted: range, update: str
    ) -> float | None:
        is_parallel = owner["spec"].get("podManagementPolicy") == "Parallel"
        surplus = sorted((number for number in pods if number not in wanted), reverse=True)
        for ordinal in surplus:
            if not is_terminating(pods[ordinal]):
                self._delete(owner, pods[ordinal])
            if not is_parallel:
                return None
        strategy = owner["spec"].get("updateStrategy") or {}
        if surplus or strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return None
        partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
        for ordinal in sorted(wanted, reverse=True):
            pod = pods.get(ordinal)
            if ordinal - wanted.start < partition or pod is None:
                break
            if _revision_of(pod) != update:
                if not is_terminating(pod):
                    self._delete(owner, pod)
                break
            if is_terminating(pod) or not is_ready(pod):
                break
        return None

    def _revision_for(self, owner: Object, ordinal: int, current: str, update: str) -> str:
        strategy = owner["spec"].get("updateStrategy") or {}
        partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
        return current if ordinal - _start(owner) < partition else update

    def _pods(self, owner: Object) -> dict[int, Object]:
        uid = owner["metadata"]["uid"]
        pods = {}
        for pod in self._store.owned_by(uid, "pods"):
            ordinal = pod["metadata"]["name"].rpartition("-")[2]
            if is_controlled_by(pod, uid) and ordinal.isdigit():
                pods[int(ordinal)] = pod
        return pods

    def _create(self, owner: Object, ordinal: int, revision: str) -> None:
        template = self._history.template(owner, revision)
        name = f"{owner['metadata']['name']}-{ordinal}"
        labels = {NAME_LABEL: name, INDEX_LABEL: str(ordinal), REVISION_LABEL: revision}
        pod = build_pod(owner, template, name=name, labels=labels)
        pod["spec"]["hostname"] = name
        pod["spec"]["subdomain"] = owner["spec"].get("serviceName", "")
        self._create_claims(owner, pod)
        self._store.create("pods", pod)
        title = f"create Pod {name} in StatefulSet {owner['metadata']['name']} successful"
        self._events.record(owner, Note("SuccessfulCreate", title))

    def _create_claims(self, owner: Object, pod: Object) -> None:
        namespace = owner["metadata"]["namespace"]
        volumes = {item["name"]: item for item in pod["spec"].get("volumes") or ()}
        for template in owner["spec"].get("volumeClaimTemplates") or ():
            volume = template["metadata"]["name"]
            claim = f"{volume}-{pod['metadata']['name']}"
            volumes[volume] = {"name": volume, "persistentVolumeClaim": {"claimName": claim}}
            if self._store.find(CLAIMS, claim, namespace) is None:
                labels = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
                metadata = {**template["metadata"], "name": claim, "namespace": namespace}
                metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
                spec = copy_json(template["spec"])
                self._store.create(CLAIMS, {"metadata": metadata, "spec": spec})
        if volumes:
            pod["spec"]["volumes"] = list(volumes.values())

    def _delete(self, owner: Object, pod: Object) -> None:
        name = pod["metadata"]["name"]
        self._store.delete("pods", name, pod["metadata"]["namespace"])
        title = f"delete Pod {name} in StatefulSet {owner['metadata']['name']} successful"
        self._events.record(owner, Note("SuccessfulDelete", title))

    # Status.

    def _write_status(self, key: Key, current: str, update: str) -> None:
        owner = self._store.find(STATEFUL_SETS, key.name, key.namespace)
        if owner is None:
            return
        now = self._store.clock.now()
        min_ready_s = owner["spec"].get("minReadySeconds", 0)
        pods = [pod for pod in self._pods(owner).values() if not is_finished(pod)]
        alive = [pod for pod in pods if not is_terminating(pod)]
        updated = sum(_revision_of(pod) == update for pod in alive)
        wanted = owner["spec"].get("replicas", 1)
        if updated == len(pods) == wanted and all(is_ready(pod) for pod in pods):
            current = update
        self._store.update_status(
            STATEFUL_SETS,
            {
                **owner,
                "status": {
                    "observedGeneration": owner["metadata"].get("generation", 1),
                    "replicas": len(pods),
                    "readyReplicas": sum(is_ready(pod) for pod in alive),
                    "availableReplicas": sum(
                        available_in_s(pod, min_ready_s, now) == 0.0 for pod in alive
                    ),
                    "currentReplicas": sum(_revision_of(pod) == current for pod in alive),
                    "updatedReplicas": updated,
                    "currentRevision": current,
                    "updateRevision": update,
                    "collisionCount": 0,
                },
            },
        )
        self._history.trim(owner, keep={current, update})


def _start(owner: Object) -> int:
    return int((owner["spec"].get("ordinals") or {}).get("start") or 0)


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))
