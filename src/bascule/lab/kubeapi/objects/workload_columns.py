"""The columns of the kinds that run pods, scale them and keep them from being disrupted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bascule.lab.kubeapi.objects.columns import (
    AGE,
    NAME,
    NONE,
    SELECTOR,
    TEMPLATE,
    UNSET,
    Cell,
    Column,
    Object,
    at,
    boolean,
    column,
    containers,
    count,
    has_condition,
    of,
    render_labels,
    render_selector,
    render_some,
    value_at,
    wide,
)
from bascule.lab.kubeapi.objects.durations import UNKNOWN, parse_time, render_age, render_duration
from bascule.lab.kubeapi.objects.json_path import find_by_path


def _ready_of(path: str) -> Cell:
    def cell(obj: Object) -> str:
        wanted = (obj.get("spec") or {}).get("replicas") or 0
        found = [value for value in find_by_path(obj, path) if value is not None]
        return f"{found[0] if found else 0}/{wanted}"

    return of(cell)


def _job_completions(obj: Object) -> str:
    spec = obj.get("spec") or {}
    done = (obj.get("status") or {}).get("succeeded") or 0
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def _job_duration(obj: Object, now: datetime) -> str:
    status = obj.get("status") or {}
    start = parse_time(status.get("startTime"))
    if start is None:
        return ""
    return render_duration((parse_time(status.get("completionTime")) or now) - start)


def _job_status(obj: Object) -> str:
    for kind in ("Complete", "Failed"):
        if has_condition(obj, kind):
            return kind
    if obj.get("metadata", {}).get("deletionTimestamp"):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if has_condition(obj, kind):
            return kind
    return "Running"


def _last_schedule(obj: Object, now: datetime) -> str:
    text = (obj.get("status") or {}).get("lastScheduleTime")
    return render_age(text, now) if text else NONE


def _controller(obj: Object) -> str:
    owners = obj.get("metadata", {}).get("ownerReferences") or ()
    owner = next((o for o in owners if o.get("controller")), None)
    if owner is None:
        return NONE
    group, _, _ = str(owner.get("apiVersion", "")).rpartition("/")
    return f"{str(owner['kind']).lower()}{f'.{group}' if group else ''}/{owner['name']}"


def _scale_target(obj: Object) -> str:
    target = (obj.get("spec") or {}).get("scaleTargetRef") or {}
    return f"{target.get('kind')}/{target.get('name')}"


def _targets(obj: Object) -> str:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    if "targetCPUUtilizationPercentage" in spec:
        current = status.get("currentCPUUtilizationPercentage")
        shown = UNKNOWN if current is None else f"{current}%"
        return f"cpu: {shown}/{spec['targetCPUUtilizationPercentage']}%"
    currents = status.get("currentMetrics") or ()
    texts = [
        _target(metric, currents[place] if place < len(currents) else {})
        for place, metric in enumerate(spec.get("metrics") or ())
    ]
    return render_some(texts, len(texts)) if texts else NONE


def _target(metric: Object, current: Object) -> str:
    field = str(metric.get("type", ""))
    field = field[:1].lower() + field[1:]
    wanted = (metric.get(field) or {}).get("target") or {}
    now = (current.get(field) or {}).get("current") or {}
    name = (metric.get(field) or {}).get("name") or ""
    prefix = f"{name}: " if field in {"resource", "containerResource"} else ""
    if wanted.get("averageUtilization") is not None:
        used = now.get("averageUtilization")
        shown = UNKNOWN if used is None else f"{used}%"
        return f"{prefix}{shown}/{wanted['averageUtilization']}%"
    key = "averageValue" if wanted.get("averageValue") is not None else "value"
    suffix = " (avg)" if key == "averageValue" and not prefix else ""
    return f"{prefix}{now.get(key, UNKNOWN)}/{wanted.get(key)}{suffix}"


_REPLICAS: Final = (
    NAME,
    count("Desired", ".spec.replicas"),
    count("Current", ".status.replicas"),
    count("Ready", ".status.readyReplicas"),
    AGE,
    *TEMPLATE,
)


WORKLOAD_COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "deployments.apps": (
        NAME,
        column("Ready", _ready_of(".status.readyReplicas")),
        count("Up-to-date", ".status.updatedReplicas"),
        count("Available", ".status.availableReplicas"),
        AGE,
        *TEMPLATE,
        SELECTOR,
    ),
    "replicasets.apps": (*_REPLICAS, SELECTOR),
    "statefulsets.apps": (
        NAME,
        column("Ready", _ready_of(".status.readyReplicas")),
        AGE,
        *TEMPLATE,
    ),
    "daemonsets.apps": (
        NAME,
        count("Desired", ".status.desiredNumberScheduled"),
        count("Current", ".status.currentNumberScheduled"),
        count("Ready", ".status.numberReady"),
        count("Up-to-date", ".status.updatedNumberScheduled"),
        count("Available", ".status.numberAvailable"),
        column("Node Selector", at(".spec.template.spec.nodeSelector", render_labels)),
        AGE,
        *TEMPLATE,
        SELECTOR,
    ),
    "controllerrevisions.apps": (
        NAME,
        column("Controller", of(_controller)),
        count("Revision", ".revision"),
        AGE,
    ),
    "jobs.batch": (
        NAME,
        column("Status", of(_job_status)),
        column("Completions", of(_job_completions)),
        column("Duration", _job_duration),
        AGE,
        *TEMPLATE,
        SELECTOR,
    ),
    "cronjobs.batch": (
        NAME,
        column("Schedule", ".spec.schedule"),
        column("Timezone", value_at(".spec.timeZone", NONE)),
        column("Suspend", boolean(".spec.suspend")),
        Column(
            name="Active",
            cell=of(lambda obj: len((obj.get("status") or {}).get("active") or ())),
            type="integer",
        ),
        column("Last Schedule", _last_schedule),
        AGE,
        *containers(".spec.jobTemplate.spec.template.spec.containers"),
        wide("Selector", at(".spec.jobTemplate.spec.selector", render_selector)),
    ),
    "poddisruptionbudgets.policy": (
        NAME,
        column("Min Available", value_at(".spec.minAvailable", "N/A")),
        column("Max Unavailable", value_at(".spec.maxUnavailable", "N/A")),
        count("Allowed Disruptions", ".status.disruptionsAllowed"),
        AGE,
    ),
    "horizontalpodautoscalers.autoscaling": (
        NAME,
        column("Reference", of(_scale_target)),
        column("Targets", of(_targets)),
        column("MinPods", value_at(".spec.minReplicas", UNSET)),
        column("MaxPods", ".spec.maxReplicas"),
        column("Replicas", value_at(".status.currentReplicas", 0)),
        AGE,
    ),
}
