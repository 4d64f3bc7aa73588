"""The same object in another version of its group: autoscaling v1 and v2, events of two groups."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from bascule.lab.kubeapi.objects.json_values import copy_json

_EVENTS: Final = "events.k8s.io"
_AUTOSCALING_METRICS: Final = "autoscaling.alpha.kubernetes.io/metrics"
_AUTOSCALING_BEHAVIOR: Final = "autoscaling.alpha.kubernetes.io/behavior"
_NEW_EVENT_FIELDS: Final[Mapping[str, str]] = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_OLD_EVENT_FIELDS: Final = {new: old for old, new in _NEW_EVENT_FIELDS.items()}


def convert(obj: dict[str, Any], api_version: str) -> dict[str, Any]:
    """Return the object as `api_version` writes it; the argument is not changed, but may come back.

    What has no place in the other version is kept in annotations, as the real server keeps it.
    """
    before = str(obj.get("apiVersion", ""))
    if before == api_version:
        return obj
    change = _CHANGE_BY_KIND.get(str(obj.get("kind", "")))
    converted = obj if change is None else copy_json(obj)
    converted = {**converted, "apiVersion": api_version}
    if change is not None:
        change(converted, before, api_version)
    return converted


def _convert_event(event: dict[str, Any], before: str, after: str) -> None:
    if before.startswith(_EVENTS) == after.startswith(_EVENTS):
        return
    names = _NEW_EVENT_FIELDS if after.startswith(_EVENTS) else _OLD_EVENT_FIELDS
    for old, new in names.items():
        if old in event:
            event[new] = event.pop(old)


def _convert_autoscaler(scaler: dict[str, Any], before: str, after: str) -> None:
    is_simple = after == "autoscaling/v1"
    if is_simple == (before == "autoscaling/v1"):
        return
    if is_simple:
        _simplify_autoscaler(scaler)
    else:
        _enrich_autoscaler(scaler)


def _simplify_autoscaler(scaler: dict[str, Any]) -> None:
    spec, status = scaler.get("spec") or {}, scaler.get("status") or {}
    metrics = spec.pop("metrics", None) or []
    others = []
    for metric in metrics:
        used = _utilization(metric, "target")
        if used is not None and "targetCPUUtilizationPercentage" not in spec:
            spec["targetCPUUtilizationPercentage"] = used
        else:
            others.append(metric)
    if others:
        _annotate(scaler, _AUTOSCALING_METRICS, others)
    behavior = spec.pop("behavior", None)
    if behavior is not None:
        _annotate(scaler, _AUTOSCALING_BEHAVIOR, behavior)
    for metric in status.pop("currentMetrics", None) or []:
        used = _utilization(metric, "current")
        if used is not None:
            status["currentCPUUtilizationPercentage"] = used
    status.pop("conditions", None)


def _enrich_autoscaler(scaler: dict[str, Any]) -> None:
    spec, status = scaler.get("spec") or {}, scaler.get("status") or {}
    metrics = []
    wanted = spec.pop("targetCPUUtilizationPercentage", None)
    if wanted is not None:
        target = {"type": "Utilization", "averageUtilization": wanted}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    metrics += _read_annotation(scaler, _AUTOSCALING_METRICS) or []
    if metrics:
        spec["metrics"] = metrics
    behavior = _read_annotation(scaler, _AUTOSCALING_BEHAVIOR)
    if behavior is not None:
        spec["behavior"] = behavior
    used = status.pop("currentCPUUtilizationPercentage", None)
    if used is not None:
        current = {"averageUtilization": used}
        resource = {"name": "cpu", "current": current}
        status["currentMetrics"] = [{"type": "Resource", "resource": resource}]


def _utilization(metric: Mapping[str, Any], key: str) -> Any:
    """Return the percentage of a metric of the CPU, or None for any other metric."""
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return (resource.get(key) or {}).get("averageUtilization")


def _annotate(obj: dict[str, Any], key: str, value: Any) -> None:
    annotations = obj.setdefault("metadata", {}).setdefault("annotations", {})
    annotations[key] = msgspec.json.encode(value).decode()


def _read_annotation(obj: dict[str, Any], key: str) -> Any:
    metadata = obj.get("metadata") or {}
    text = (metadata.get("annotations") or {}).pop(key, None)
    if "annotations" in metadata and not metadata["annotations"]:
        del metadata["annotations"]
    try:
        return None if text is None else msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _convert_priority_level(level: dict[str, Any], _before: str, after: str) -> None:
    limited = (level.get("spec") or {}).get("limited")
    if not isinstance(limited, dict):
        return
    names = ("assuredConcurrencyShares", "nominalConcurrencyShares")
    old, new = names if not after.endswith(("v1beta1", "v1beta2")) else reversed(names)
    if old in limited:
        limited[new] = limited.pop(old)


_CHANGE_BY_KIND: Final[Mapping[str, Callable[[dict[str, Any], str, str], None]]] = {
    "Event": _convert_event,
    "HorizontalPodAutoscaler": _convert_autoscaler,
    "PriorityLevelConfiguration": _convert_priority_level,
}
