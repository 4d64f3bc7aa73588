"""Puts pods on nodes: those that are ready, not cordoned, tolerated, and have room."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.conditions import Condition, is_true, with_condition
from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.ownership import is_terminating, key_of
from bascule.lab.controllers.pod_state import is_finished
from bascule.lab.controllers.system.fitting import Demand, demand_of, unfit_reason
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

SCHEDULER = "default-scheduler"


class Scheduler:
    """Binds each pod to the node with the fewest pods that fits."""

    resources = ("pods", "nodes")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events = EventRecorder(store, SCHEDULER)
        self._demand_by_pod: dict[Key, tuple[str, Demand]] = {}
        self._used: dict[str, Demand] = {}
        self._waiting: set[Key] = set()

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the pod; a node that changes, or room that is made, names all pods that wait."""
        if change.resource == "nodes":
            return tuple(self._waiting)
        key = key_of(change)
        gone = change.type == "DELETED" or is_finished(change.object)
        made_room = self._account(key, None if gone else change.object)
        return (key, *self._waiting) if made_room else (key,)

    def _account(self, key: Key, pod: Object | None) -> bool:
        """Note what a pod takes of its node, and say whether that has become less."""
        before = self._demand_by_pod.pop(key, None)
        if before is not None:
            self._used[before[0]] = self._used[before[0]].minus(before[1])
        node = pod["spec"].get("nodeName") if pod else None
        if pod is not None and node:
            demand = demand_of(pod)
            self._demand_by_pod[key] = (node, demand)
            self._used[node] = self._used.get(node, Demand()).plus(demand)
        return before is not None and key not in self._demand_by_pod

    def reconcile(self, key: Key) -> float | None:
        """Give one pod its node, or say why it has none."""
        pod = self._store.find("pods", key.name, key.namespace)
        self._waiting.discard(key)
        if pod is None or pod["spec"].get("nodeName") or is_terminating(pod) or is_finished(pod):
            return None
        if pod["spec"].get("schedulerName", SCHEDULER) != SCHEDULER:
            return None
        if pod["spec"].get("schedulingGates"):
            return None
        nodes = self._store.list("nodes").items
        reasons: dict[str, int] = {}
        fitting = []
        for node in nodes:
            reason = unfit_reason(pod, node, self._used.get(node["metadata"]["name"], Demand()))
            if reason is None:
                fitting.append(node["metadata"]["name"])
            else:
                reasons[reason] = reasons.get(reason, 0) + 1
        if fitting:
            self._bind(key, pod, min(fitting, key=self._load))
        else:
            self._refuse(key, pod, _refusal(len(nodes), reasons))
        return None

    def _load(self, node: str) -> tuple[int, str]:
        return (self._used.get(node, Demand()).pods, node)

    def _bind(self, key: Key, pod: Object, node: str) -> None:
        bound = self._store.update("pods", {**pod, "spec": {**pod["spec"], "nodeName": node}})
        self._set_scheduled(bound, Condition(type="PodScheduled", status="True"))
        self._account(key, bound)
        message = f"Successfully assigned {key.namespace}/{key.name} to {node}"
        self._events.record(bound, Note("Scheduled", message))

    def _refuse(self, key: Key, pod: Object, message: str) -> None:
        self._waiting.add(key)
        condition = Condition(
            type="PodScheduled", status="False", reason="Unschedulable", message=message
        )
        if not is_true(pod, "PodScheduled"):
            self._set_scheduled(pod, condition)
        self._events.record(pod, Note("FailedScheduling", message, "Warning"))

    def _set_scheduled(self, pod: Object, condition: Condition) -> None:
        status = dict(pod.get("status") or {})
        now = self._store.clock.now()
        status["conditions"] = with_condition(status.get("conditions"), condition, now)
        self._store.update_status("pods", {**pod, "status": status})


def _refusal(nodes: int, reasons: dict[str, int]) -> str:
    if not nodes:
        return "no nodes available to schedule pods"
    parts = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return f"0/{nodes} nodes are available: {parts}."
