"""PodDisruptionBudgets: how many pods may be evicted now."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.conditions import Condition, seconds_since, with_condition
from bascule.lab.controllers.ownership import controller_of, is_terminating, key_of
from bascule.lab.controllers.pod_state import is_active, is_ready
from bascule.lab.controllers.work import Key
from bascule.lab.controllers.workloads.rolling import resolve
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.objects.selectors import match_labels
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

BUDGETS = "poddisruptionbudgets.policy"
DISRUPTED_MAX_S = 120.0
"""How long an eviction that was allowed is believed in before its pod counts again."""
_SCALED = {
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "ReplicationController": "replicationcontrollers",
}


class BudgetController:
    """Keeps the status by which evictions are judged."""

    resources = (BUDGETS, "pods")

    def __init__(self, store: Store) -> None:
        self._store = store

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the budget itself, or those that select the pod now or did before."""
        if change.resource == BUDGETS:
            return (key_of(change),)
        pods = [pod for pod in (change.object, change.previous) if pod is not None]
        return [
            Key(change.namespace, budget["metadata"]["name"])
            for budget in self._store.list(BUDGETS, change.namespace).items
            if any(_selects(budget, pod) for pod in pods)
        ]

    def reconcile(self, key: Key) -> float | None:
        """Write the status of one budget."""
        budget = self._store.find(BUDGETS, key.name, key.namespace)
        if budget is None or is_terminating(budget):
            return None
        listed = self._store.list("pods", key.namespace).items
        pods = [pod for pod in listed if is_active(pod) and _selects(budget, pod)]
        expected = self._expected(budget, pods)
        desired = _desired(budget["spec"], expected)
        disrupted = self._disrupted(budget, pods)
        healthy = sum(is_ready(pod) and pod["metadata"]["name"] not in disrupted for pod in pods)
        allowed = max(0, healthy - desired) if expected else 0
        conditions = with_condition(
            (budget.get("status") or {}).get("conditions"),
            Condition(
                type="DisruptionAllowed",
                status=str(allowed > 0),
                reason="SufficientPods" if allowed else "InsufficientPods",
            ),
            self._store.clock.now(),
        )
        generation = budget["metadata"].get("generation", 1)
        conditions = [{**item, "observedGeneration": generation} for item in conditions]
        conditions = [{"message": "", **item} for item in conditions]
        status: Object = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": generation,
            "conditions": conditions,
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        self._store.update_status(BUDGETS, {**budget, "status": status})
        return DISRUPTED_MAX_S if disrupted else None

    def _disrupted(self, budget: Object, pods: list[Object]) -> Object:
        """Return the evictions under way whose pods are still there and not yet going."""
        known = (budget.get("status") or {}).get("disruptedPods") or {}
        names = {pod["metadata"]["name"] for pod in pods}
        now = self._store.clock.now()
        return {
            name: at
            for name, at in known.items()
            if name in names and seconds_since(at, now) < DISRUPTED_MAX_S
        }

    def _expected(self, budget: Object, pods: list[Object]) -> int:
        """Return the number of pods there should be: what their controllers were asked for.

        With an absolute minAvailable it is the number that there are.
        """
        least = budget["spec"].get("minAvailable")
        if isinstance(least, int):
            return len(pods)
        owners: dict[str, int] = {}
        for pod in pods:
            reference = controller_of(pod) or {}
            resource = _SCALED.get(reference.get("kind", ""))
            namespace = pod["metadata"]["namespace"]
            owner = self._store.find(resource, reference["name"], namespace) if resource else None
            owners[reference.get("uid", pod["metadata"]["uid"])] = (
                owner["spec"].get("replicas", 1) if owner else 1
            )
        return sum(owners.values())


def _desired(spec: Object, expected: int) -> int:
    if spec.get("maxUnavailable") is not None:
        return max(0, expected - resolve(spec["maxUnavailable"], expected, rounds_up=True))
    return resolve(spec.get("minAvailable", 1), expected, rounds_up=True)


def _selects(budget: Object, pod: Object) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    return match_labels(selector, pod["metadata"].get("labels") or {})
