"""Disruption budgets: whether a pod may be evicted now, and what that takes of its budget."""

from typing import Any, Final

from bascule.lab.kubeapi.objects.selectors import match_labels
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store import Object, Store, timestamp

BUDGETS: Final = "poddisruptionbudgets.policy"


def spend_disruption(store: Store, pod: Object, *, dry_run: bool = False) -> None:
    """Take one disruption of the budget that selects a pod; StatusError 429 if none is left."""
    if not _is_protected(pod):
        return
    budget = _budget_of(store, pod)
    if budget is not None:
        _spend(store, budget, pod, dry_run=dry_run)


def _is_protected(pod: Object) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase == "Running" and "deletionTimestamp" not in pod["metadata"]


def _budget_of(store: Store, pod: Object) -> Object | None:
    labels = pod["metadata"].get("labels") or {}
    found = [
        budget
        for budget in store.list(BUDGETS, pod["metadata"]["namespace"]).items
        if match_labels((budget.get("spec") or {}).get("selector"), labels)
    ]
    if len(found) > 1:
        raise StatusError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does "
            "not support.",
            code=500,
            reason="InternalError",
            details={},
        )
    return found[0] if found else None


def _spend(store: Store, budget: Object, pod: Object, *, dry_run: bool) -> None:
    """Take one disruption from the budget, or raise the 429."""
    metadata, status = budget["metadata"], budget.get("status") or {}
    name = metadata["name"]
    if status.get("observedGeneration", 0) < metadata.get("generation", 1):
        raise _refused(f"The disruption budget {name} is still being processed by the server.", 10)
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if not _is_ready(pod) and _may_evict_unready(budget, healthy, desired):
        return
    allowed = status.get("disruptionsAllowed", 0)
    if allowed <= 0:
        raise _refused(
            f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
        )
    if dry_run:
        return
    disrupted = {
        **(status.get("disruptedPods") or {}),
        pod["metadata"]["name"]: timestamp(store.clock.now()),
    }
    change = {"disruptionsAllowed": allowed - 1, "disruptedPods": disrupted}
    store.patch_status(BUDGETS, name, metadata["namespace"], change)


def _may_evict_unready(budget: Object, healthy: int, desired: int) -> bool:
    policy = budget["spec"].get("unhealthyPodEvictionPolicy") or "IfHealthyBudget"
    return policy == "AlwaysAllow" or healthy >= desired > 0


def _is_ready(pod: Object) -> bool:
    conditions: list[dict[str, Any]] = (pod.get("status") or {}).get("conditions") or []
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def _refused(cause: str, retry_after_s: int = 0) -> StatusError:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
    return StatusError(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        code=429,
        reason="TooManyRequests",
        details=details,
    )
