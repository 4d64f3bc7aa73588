"""The status of a Deployment, from its ReplicaSets. Pure."""

from datetime import datetime
from typing import Any

from bascule.lab.controllers.conditions import Condition, find_condition, parse_time, with_condition
from bascule.lab.controllers.workloads.rolling import parse_bounds

Object = dict[str, Any]

DEADLINE_DEFAULT_S = 600
_NO_DEADLINE = 2**31 - 1
TERMINATING_SINCE_MINOR = 35


def build_status(
    deployment: Object, new: Object | None, old: list[Object], *, now: datetime, minor: int
) -> Object:
    """Return the status that follows from the sets: counts and the conditions kubectl waits for."""
    sets = [*old, *([new] if new is not None else [])]
    wanted = deployment["spec"].get("replicas", 1)
    available = _total(sets, "availableReplicas")
    counts = {
        "replicas": _total(sets, "replicas"),
        "updatedReplicas": _total([new] if new is not None else [], "replicas"),
        "readyReplicas": _total(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(
            0, sum(item["spec"].get("replicas", 1) for item in sets) - available
        ),
    }
    status: Object = {"observedGeneration": deployment["metadata"].get("generation", 1)}
    status.update({key: value for key, value in counts.items() if value})
    if minor >= TERMINATING_SINCE_MINOR:
        status["terminatingReplicas"] = _total(sets, "terminatingReplicas")
    conditions = (deployment.get("status") or {}).get("conditions")
    conditions = with_condition(
        conditions, _available(deployment, available, wanted), now, updated=True
    )
    progressing = _progressing(deployment, new, counts, now)
    if progressing is not None:
        conditions = with_condition(conditions, progressing, now, updated=True)
        if progressing.reason == "ReplicaSetUpdated" and _has_moved(deployment, counts):
            conditions = _touched(conditions, now)
    status["conditions"] = conditions
    return status


def progress_deadline_s(deployment: Object, now: datetime) -> float | None:
    """Return the seconds until the progress deadline may be missed; None if nothing can be."""
    condition = find_condition(deployment, "Progressing")
    limit_s = _deadline_s(deployment)
    if condition is None or limit_s >= _NO_DEADLINE or deployment["spec"].get("paused"):
        return None
    if condition["reason"] in {"NewReplicaSetAvailable", "ProgressDeadlineExceeded"}:
        return None
    since = parse_time(condition.get("lastUpdateTime"))
    if since is None:
        return None
    return max(0.0, limit_s - (now - since).total_seconds()) + 1.0


def _available(deployment: Object, available: int, wanted: int) -> Condition:
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    bounds = parse_bounds(
        wanted, rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%")
    )
    is_recreate = (deployment["spec"].get("strategy") or {}).get("type") == "Recreate"
    least = wanted - (0 if is_recreate else bounds.max_unavailable)
    if available >= least:
        return Condition(
            type="Available",
            status="True",
            reason="MinimumReplicasAvailable",
            message="Deployment has minimum availability.",
        )
    return Condition(
        type="Available",
        status="False",
        reason="MinimumReplicasUnavailable",
        message="Deployment does not have minimum availability.",
    )


def _progressing(
    deployment: Object, new: Object | None, counts: dict[str, int], now: datetime
) -> Condition | None:
    current = find_condition(deployment, "Progressing")
    reason = current["reason"] if current else ""
    if deployment["spec"].get("paused"):
        return _paused()
    if _deadline_s(deployment) >= _NO_DEADLINE:
        return None
    if new is None:
        return _condition("True", reason, current.get("message", "")) if current else None
    name = new["metadata"]["name"]
    if _is_complete(deployment, counts):
        return _condition(
            "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
        )
    if reason == "DeploymentPaused":
        return _condition("Unknown", "DeploymentResumed", "Deployment is resumed")
    if not _has_moved(deployment, counts) and _is_late(deployment, current, now):
        return _condition(
            "False",
            "ProgressDeadlineExceeded",
            f'ReplicaSet "{name}" has timed out progressing.',
        )
    if reason == "ProgressDeadlineExceeded" and not _has_moved(deployment, counts):
        return _condition("False", reason, (current or {}).get("message", ""))
    return _condition("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')


def _paused() -> Condition:
    return _condition("Unknown", "DeploymentPaused", "Deployment is paused")


def _condition(status: str, reason: str, message: str) -> Condition:
    return Condition(type="Progressing", status=status, reason=reason, message=message)


def _is_complete(deployment: Object, counts: dict[str, int]) -> bool:
    wanted = deployment["spec"].get("replicas", 1)
    relevant = ("updatedReplicas", "replicas", "availableReplicas")
    return all(counts[key] == wanted for key in relevant)


def _has_moved(deployment: Object, counts: dict[str, int]) -> bool:
    """Say whether more is updated, ready or available than the last status said, or less is old."""
    status = deployment.get("status") or {}
    before = {key: status.get(key, 0) for key in counts}
    return bool(
        status.get("observedGeneration") != deployment["metadata"].get("generation", 1)
        or counts["updatedReplicas"] > before["updatedReplicas"]
        or counts["readyReplicas"] > before["readyReplicas"]
        or counts["availableReplicas"] > before["availableReplicas"]
        or counts["replicas"] - counts["updatedReplicas"]
        < before["replicas"] - before["updatedReplicas"]
    )


def _is_late(deployment: Object, condition: Object | None, now: datetime) -> bool:
    if condition is None or condition["reason"] == "NewReplicaSetAvailable":
        return False
    since = parse_time(condition.get("lastUpdateTime"))
    return since is not None and (now - since).total_seconds() > _deadline_s(deployment)


def _deadline_s(deployment: Object) -> int:
    return int(deployment["spec"].get("progressDeadlineSeconds", DEADLINE_DEFAULT_S))


def _touched(conditions: list[Object], now: datetime) -> list[Object]:
    """Return the conditions with a new update time for Progressing: the deadline starts again."""
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        {**item, "lastUpdateTime": stamp} if item["type"] == "Progressing" else item
        for item in conditions
    ]


def _total(sets: list[Object], field: str) -> int:
    return sum((item.get("status") or {}).get(field, 0) for item in sets)
