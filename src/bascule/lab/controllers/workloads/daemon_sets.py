"""DaemonSets: one pod on each node that fits."""

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
from bascule.lab.controllers.system.fitting import Demand, unfit_reason
from bascule.lab.controllers.work import Key
from bascule.lab.controllers.workloads.histories import REVISION_LABEL, History
from bascule.lab.controllers.workloads.rolling import resolve
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

DAEMON_SETS = "daemonsets.apps"
_TOLERATIONS = tuple(
    {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
    for name, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
)


class DaemonSetController:
    """Creates and replaces a daemon's pods; it binds them to their nodes itself."""

    resources = (DAEMON_SETS, "pods", "nodes")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events = EventRecorder(store, "daemonset-controller")
        self._history = History(store)

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the set itself, the one that controls the pod, or all when the nodes change."""
        if change.resource == DAEMON_SETS:
            return (key_of(change),)
        if change.resource == "pods":
            return controller_keys(change, "DaemonSet")
        sets = self._store.list(DAEMON_SETS).items
        return [Key(item["metadata"]["namespace"], item["metadata"]["name"]) for item in sets]

    def reconcile(self, key: Key) -> float | None:
        """Bring one set to one pod a node and write its status."""
        owner = self._store.find(DAEMON_SETS, key.name, key.namespace)
        if owner is None:
            return None
        revision = self._history.record(owner)
        if not is_terminating(owner):
            self._place(owner, revision)
            self._roll(owner, revision)
        self._write_status(key, revision)
        return None

    def _pods(self, owner: Object) -> dict[str, list[Object]]:
        uid = owner["metadata"]["uid"]
        pods: dict[str, list[Object]] = {}
        for pod in self._store.owned_by(uid, "pods"):
            if is_controlled_by(pod, uid):
                pods.setdefault(pod["spec"].get("nodeName", ""), []).append(pod)
        return pods

    def _nodes(self, owner: Object) -> list[str]:
        pod = self._pod(owner, "", "")
        nodes = self._store.list("nodes").items
        fitting = [node for node in nodes if unfit_reason(pod, node, Demand()) is None]
        return [node["metadata"]["name"] for node in fitting]

    def _pod(self, owner: Object, revision: str, node: str) -> Object:
        template = owner["spec"]["template"]
        name = owner["metadata"]["name"]
        labels = {REVISION_LABEL: revision.rpartition("-")[2], "pod-template-generation": "1"}
        pod = build_pod(owner, template, generateName=f"{name}-", labels=labels)
        spec = pod["spec"]
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *_TOLERATIONS]
        if node:
            spec["nodeName"] = node
        return pod

    def _place(self, owner: Object, revision: str) -> None:
        wanted = self._nodes(owner)
        pods = self._pods(owner)
        for node in wanted:
            alive = pods.get(node, [])
            for pod in alive:
                if is_finished(pod) and not is_terminating(pod):
                    self._delete(owner, pod)
            if all(is_finished(pod) for pod in alive):
                created = self._store.create("pods", self._pod(owner, revision, node))
                title = f"Created pod: {created['metadata']['name']}"
                self._events.record(owner, Note("SuccessfulCreate", title))
        for node in sorted(pods.keys() - set(wanted)):
            for pod in pods[node]:
                if not is_terminating(pod):
                    self._delete(owner, pod)

    def _roll(self, owner: Object, revision: str) -> None:
        strategy = owner["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        rolling = strategy.get("rollingUpdate") or {}
        pods = [pod for group in self._pods(owner).values() for pod in group]
        nodes = len(self._nodes(owner))
        limit = max(1, resolve(rolling.get("maxUnavailable", 1), nodes, rounds_up=True))
        hashed = revision.rpartition("-")[2]
        away = sum(is_terminating(pod) or not is_ready(pod) for pod in pods)
        for pod in pods:
            if _hash_of(pod) == hashed or is_terminating(pod):
                continue
            if is_ready(pod):
                if away >= limit:
                    continue
                away += 1
            self._delete(owner, pod)

    def _delete(self, owner: Object, pod: Object) -> None:
        name = pod["metadata"]["name"]
        self._store.delete("pods", name, pod["metadata"]["namespace"])
        self._events.record(owner, Note("SuccessfulDelete", f"Deleted pod: {name}"))

    def _write_status(self, key: Key, revision: str) -> None:
        owner = self._store.find(DAEMON_SETS, key.name, key.namespace)
        if owner is None:
            return
        now = self._store.clock.now()
        min_ready_s = owner["spec"].get("minReadySeconds", 0)
        wanted = self._nodes(owner)
        grouped = self._pods(owner)
        alive = [pod for group in grouped.values() for pod in group if not is_terminating(pod)]
        available = sum(available_in_s(pod, min_ready_s, now) == 0.0 for pod in alive)
        hashed = revision.rpartition("-")[2]
        status: Object = {
            "currentNumberScheduled": len({pod["spec"].get("nodeName") for pod in alive}),
            "numberMisscheduled": len(grouped.keys() - set(wanted)),
            "desiredNumberScheduled": len(wanted),
            "numberReady": sum(is_ready(pod) for pod in alive),
            "observedGeneration": owner["metadata"].get("generation", 1),
            "updatedNumberScheduled": sum(_hash_of(pod) == hashed for pod in alive),
            "numberAvailable": available,
            "numberUnavailable": max(0, len(wanted) - available),
        }
        optional = ("updatedNumberScheduled", "numberAvailable", "numberUnavailable")
        status = {key: value for key, value in status.items() if value or key not in optional}
        self._store.update_status(DAEMON_SETS, {**owner, "status": status})
        self._history.trim(owner, keep={revision})


def _hash_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))
