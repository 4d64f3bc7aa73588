"""What a Pod object says about its pod, and which pod to give up first."""

from datetime import datetime
from typing import Any

from bascule.lab.controllers.conditions import find_condition, is_true, parse_time
from bascule.lab.controllers.ownership import is_terminating

Object = dict[str, Any]

_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def is_ready(pod: Object) -> bool:
    """Say whether the pod's Ready condition is True."""
    return is_true(pod, "Ready")


def is_finished(pod: Object) -> bool:
    """Say whether all containers have ended for good."""
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def is_active(pod: Object) -> bool:
    """Say whether the pod counts: neither finished nor being deleted."""
    return not is_finished(pod) and not is_terminating(pod)


def available_in_s(pod: Object, min_ready_s: float, now: datetime) -> float | None:
    """Return the seconds until the pod counts as available (0: it does); None if not ready."""
    if not is_ready(pod):
        return None
    if min_ready_s <= 0:
        return 0.0
    condition = find_condition(pod, "Ready") or {}
    since = parse_time(condition.get("lastTransitionTime"))
    if since is None:
        return min_ready_s
    return max(0.0, min_ready_s - (now - since).total_seconds())


def deletion_rank(pod: Object) -> tuple[bool, int, bool, int, str, str]:
    """Order pods for scaling down: the smallest goes first, as in ReplicaSet's ActivePods.

    Not assigned before assigned, pending before running, not ready before ready, cheap before
    dear, then the youngest.
    """
    metadata = pod["metadata"]
    annotations = metadata.get("annotations") or {}
    cost = annotations.get(_DELETION_COST, "0")
    return (
        bool((pod.get("spec") or {}).get("nodeName")),
        _PHASES.get((pod.get("status") or {}).get("phase", ""), 2),
        is_ready(pod),
        int(cost) if cost.lstrip("-").isdigit() else 0,
        _reversed(metadata.get("creationTimestamp", "")),
        metadata["name"],
    )


def _reversed(text: str) -> str:
    """Turn the order of times round, so that the youngest sorts first."""
    return "".join(chr(0x10FF - ord(letter)) for letter in text)
