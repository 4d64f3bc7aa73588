"""The status of a Pod, from its containers. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bascule.lab.controllers.conditions import Condition, with_condition
from bascule.lab.controllers.kubelet.container import Container

Object = dict[str, Any]

READY_TO_START_SINCE_MINOR = 29
HOST_IPS_SINCE_MINOR = 29


def build_status(
    pod: Object,
    containers: Sequence[Container],
    init_containers: Sequence[Container],
    *,
    now: datetime,
    address: str,
    host: str,
    minor: int,
) -> Object:
    """Return the whole status of a pod that has an address."""
    status = dict(pod.get("status") or {})
    status["phase"] = phase(pod, containers)
    status["hostIP"] = host
    if minor >= HOST_IPS_SINCE_MINOR:
        status["hostIPs"] = [{"ip": host}]
    status["podIP"] = address
    status["podIPs"] = [{"ip": address}]
    status.setdefault("startTime", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    status["qosClass"] = quality(pod)
    status["containerStatuses"] = [item.status() for item in containers]
    if init_containers:
        status["initContainerStatuses"] = [item.status() for item in init_containers]
    conditions = status.get("conditions") or []
    for condition in _conditions(containers, init_containers, status["phase"], minor):
        conditions = with_condition(conditions, condition, now)
    status["conditions"] = conditions
    return status


def phase(pod: Object, containers: Sequence[Container]) -> str:
    """Return Pending, Running, Succeeded or Failed, as the containers' states and policy say."""
    codes = [item.exit_code for item in containers]
    restarts = (pod.get("spec") or {}).get("restartPolicy", "Always")
    ended = [code for code in codes if code is not None]
    if containers and len(ended) == len(codes):
        if restarts == "Never" or (restarts == "OnFailure" and not any(ended)):
            return "Failed" if any(ended) else "Succeeded"
        return "Running"
    if all(item.is_waiting and item.restarts == 0 for item in containers):
        return "Pending"
    return "Running"


def quality(pod: Object) -> str:
    """Return the QoS class of a pod's requests and limits."""
    resources = [item.get("resources") or {} for item in pod["spec"].get("containers") or ()]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    is_guaranteed = all(
        item.get("limits")
        and {"cpu", "memory"} <= item["limits"].keys()
        and (item.get("requests") or item["limits"]) == item["limits"]
        for item in resources
    )
    return "Guaranteed" if is_guaranteed else "Burstable"


def _conditions(
    containers: Sequence[Container], init_containers: Sequence[Container], phase_: str, minor: int
) -> list[Condition]:
    unready = [item.name for item in containers if not item.is_ready]
    ready = _readiness(unready, phase_)
    pending = [item.name for item in init_containers if item.exit_code != 0]
    initialized = Condition(type="Initialized", status="True")
    if pending:
        initialized = Condition(
            type="Initialized",
            status="False",
            reason="ContainersNotInitialized",
            message=f"containers with incomplete status: [{' '.join(pending)}]",
        )
    conditions = [
        initialized,
        Condition(type="Ready", **ready),
        Condition(type="ContainersReady", **ready),
        Condition(type="PodScheduled", status="True"),
    ]
    if minor >= READY_TO_START_SINCE_MINOR:
        started = "False" if phase_ in {"Succeeded", "Failed"} else "True"
        conditions.insert(0, Condition(type="PodReadyToStartContainers", status=started))
    return conditions


def _readiness(unready: list[str], phase_: str) -> dict[str, str]:
    if phase_ == "Succeeded":
        return {"status": "False", "reason": "PodCompleted"}
    if phase_ == "Failed":
        return {"status": "False", "reason": "PodFailed"}
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        return {"status": "False", "reason": "ContainersNotReady", "message": message}
    return {"status": "True"}
