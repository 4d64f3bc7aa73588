"""Evictions: a pod is deleted only if the disruption budgets that select it allow it."""

from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi.http import answers, formats
from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.http.features import Feature
from bascule.lab.kubeapi.http.writing import is_dry_run, parse_delete_options
from bascule.lab.kubeapi.objects.selectors import match_labels
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store import Object, timestamp

BUDGETS: Final = "poddisruptionbudgets.policy"


async def evict(call: Call) -> web.StreamResponse:
    """Answer a POST to `pods/NAME/eviction`; 429 while a budget has no disruption left."""
    content_type = call.request.headers.get("Content-Type", "")
    eviction = formats.decode_object(await call.request.read(), content_type)
    target = call.target
    pod = call.store.get("pods", target.name, target.namespace)
    dry_run = is_dry_run(call)
    if _is_protected(pod) and call.api.has(Feature.EVICTION_BUDGETS):
        budget = _budget_of(call, pod)
        if budget is not None:
            _spend(call, budget, pod, dry_run=dry_run)
    options = parse_delete_options(call, eviction.get("deleteOptions") or {})
    call.store.delete("pods", target.name, target.namespace, options)
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }
    return answers.answer(body, code=201, warnings=call.warnings)


def _is_protected(pod: Object) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase == "Running" and "deletionTimestamp" not in pod["metadata"]


def _budget_of(call: Call, pod: Object) -> Object | None:
    labels = pod["metadata"].get("labels") or {}
    found = [
        budget
        for budget in call.store.list(BUDGETS, call.target.namespace).items
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


def _spend(call: Call, budget: Object, pod: Object, *, dry_run: bool) -> None:
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
        pod["metadata"]["name"]: timestamp(call.store.clock.now()),
    }
    change = {"disruptionsAllowed": allowed - 1, "disruptedPods": disrupted}
    call.store.patch_status(BUDGETS, name, call.target.namespace, change)


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
