"""HorizontalPodAutoscalers: their status only; the lab has no metrics to scale by."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.conditions import Condition, with_condition
from bascule.lab.controllers.ownership import is_terminating, key_of
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
_TARGETS = {
    "Deployment": "deployments.apps",
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
}


class AutoscalerController:
    """Says what the target is and that no metric could be had."""

    resources = (AUTOSCALERS, *_TARGETS.values())

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watchers: dict[tuple[str, str, str], set[Key]] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the autoscaler itself, or those of a target."""
        if change.resource != AUTOSCALERS:
            return self._watchers.get((change.resource, change.namespace, change.name), ())
        key = key_of(change)
        for watchers in self._watchers.values():
            watchers.discard(key)
        target = change.object["spec"].get("scaleTargetRef") or {}
        resource = _TARGETS.get(target.get("kind", ""), "")
        place = (resource, change.namespace, target.get("name", ""))
        if change.type != "DELETED":
            self._watchers.setdefault(place, set()).add(key)
        return (key,)

    def reconcile(self, key: Key) -> float | None:
        """Write the status of one autoscaler."""
        scaler = self._store.find(AUTOSCALERS, key.name, key.namespace)
        if scaler is None or is_terminating(scaler):
            return None
        reference = scaler["spec"].get("scaleTargetRef") or {}
        resource = _TARGETS.get(reference.get("kind", ""), "")
        target = self._store.find(resource, reference.get("name", ""), key.namespace)
        now = self._store.clock.now()
        conditions = (scaler.get("status") or {}).get("conditions") or []
        for condition in _conditions(target):
            conditions = with_condition(conditions, condition, now)
        current = ((target or {}).get("status") or {}).get("replicas", 0)
        status: Object = {
            "currentReplicas": current,
            "desiredReplicas": (target or {}).get("spec", {}).get("replicas", 0),
            "conditions": conditions,
            "currentMetrics": None,
        }
        status.pop("currentMetrics")
        self._store.update_status(AUTOSCALERS, {**scaler, "status": status})
        return None


def _conditions(target: Object | None) -> tuple[Condition, ...]:
    if target is None:
        message = "the HPA controller was unable to get the target's current scale"
        return (
            Condition(type="AbleToScale", status="False", reason="FailedGetScale", message=message),
        )
    return (
        Condition(
            type="AbleToScale",
            status="True",
            reason="SucceededGetScale",
            message="the HPA controller was able to get the target's current scale",
        ),
        Condition(
            type="ScalingActive",
            status="False",
            reason="FailedGetResourceMetric",
            message="the HPA was unable to compute the replica count: the lab has no metrics",
        ),
    )
