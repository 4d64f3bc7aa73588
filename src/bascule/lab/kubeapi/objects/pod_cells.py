"""What `kubectl get pods` says of a pod: ready containers, status in one word, restarts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bascule.lab.kubeapi.objects.durations import parse_time, render_duration

_FINAL_PHASES: Final = frozenset({"Succeeded", "Failed"})


def ready_cell(pod: Mapping[str, Any]) -> str:
    """Return ready and all containers, such as `1/2`; sidecars count as containers."""
    spec, status = _spec(pod), _status(pod)
    sidecars = _sidecar_names(spec)
    total = len(spec.get("containers") or ()) + len(sidecars)
    statuses = [
        *(status.get("containerStatuses") or ()),
        *(s for s in status.get("initContainerStatuses") or () if s.get("name") in sidecars),
    ]
    ready = sum(1 for s in statuses if s.get("ready") and "running" in (s.get("state") or {}))
    return f"{ready}/{total}"


def status_cell(pod: Mapping[str, Any]) -> str:
    """Return the status column: a phase, a reason of a container, Init:..., Terminating."""
    status = _status(pod)
    reason = status.get("reason") or status.get("phase") or ""
    if any(
        condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated"
        for condition in status.get("conditions") or ()
    ):
        reason = "SchedulingGated"
    initial = _init_reason(pod)
    reason = initial if initial is not None else _container_reason(status, str(reason))
    if pod.get("metadata", {}).get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in _FINAL_PHASES:
            return "Terminating"
    return reason


def restarts_cell(pod: Mapping[str, Any], now: datetime) -> str:
    """Return the restarts, and how long ago the last one was: `3 (5m ago)`."""
    status = _status(pod)
    sidecars = _sidecar_names(_spec(pod))
    statuses = [
        s
        for s in status.get("initContainerStatuses") or ()
        if _init_reason(pod) is not None or s.get("name") in sidecars
    ]
    if _init_reason(pod) is None:
        statuses += status.get("containerStatuses") or ()
    count = sum(int(s.get("restartCount") or 0) for s in statuses)
    ends = [
        parse_time(((s.get("lastState") or {}).get("terminated") or {}).get("finishedAt"))
        for s in statuses
    ]
    known = [end for end in ends if end is not None]
    if count == 0 or not known:
        return str(count)
    return f"{count} ({render_duration(now - max(known))} ago)"


def _init_reason(pod: Mapping[str, Any]) -> str | None:
    """Return the reason why init containers hold the pod back, or None when they do not."""
    spec, status = _spec(pod), _status(pod)
    sidecars = _sidecar_names(spec)
    total = len(spec.get("initContainers") or ())
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended is not None:
            if ended.get("exitCode", 0) == 0:
                continue
            return f"Init:{_end_reason(ended)}"
        if container.get("name") in sidecars and container.get("started"):
            continue
        waiting = (state.get("waiting") or {}).get("reason")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{index}/{total}"
    return None


def _container_reason(status: Mapping[str, Any], reason: str) -> str:
    is_running = False
    for container in reversed(status.get("containerStatuses") or ()):
        state = container.get("state") or {}
        waiting = (state.get("waiting") or {}).get("reason")
        if waiting:
            reason = waiting
        elif state.get("terminated") is not None:
            reason = _end_reason(state["terminated"])
        elif container.get("ready") and state.get("running") is not None:
            is_running = True
    if reason == "Completed" and is_running:
        return "Running" if _is_ready(status) else "NotReady"
    return reason


def _end_reason(ended: Mapping[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _is_ready(status: Mapping[str, Any]) -> bool:
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in status.get("conditions") or ()
    )


def _sidecar_names(spec: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        container.get("name", "")
        for container in spec.get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    )


def _spec(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    return pod.get("spec") or {}


def _status(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    return pod.get("status") or {}
