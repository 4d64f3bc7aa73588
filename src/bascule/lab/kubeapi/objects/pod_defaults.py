"""Defaults of what a pod is made of: its spec, containers, probes and volumes."""

import re
from collections.abc import Mapping
from typing import Any, Final

FILE_MODE: Final = 0o644
_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}$")
_HANDLERS: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_MODES: Final = ("secret", "configMap", "downwardAPI", "projected")
_TOLERATION_SECONDS: Final = 300
_TOKEN_SECONDS: Final = 3600


def fill_missing(target: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    """Set each key of `defaults` that is absent or null in `target`, in place."""
    for key, value in defaults.items():
        if target.get(key) is None:
            target[key] = value


def objects_in(parent: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects in a list of `parent`; nothing for what is no list of objects."""
    value = parent.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def object_in(parent: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """Return the object at a key of `parent`, or None."""
    value = parent.get(key)
    return value if isinstance(value, dict) else None


def make_object(parent: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object at a key of `parent`, which is put there if there is nothing."""
    fill_missing(parent, {key: {}})
    value = parent[key]
    return value if isinstance(value, dict) else {}


def fill_pod(pod: dict[str, Any]) -> None:
    """Fill in a Pod as the API server and its usual admission plugins do, in place."""
    spec = object_in(pod, "spec")
    if spec is None:
        return
    fill_missing(spec, {"enableServiceLinks": True})
    fill_pod_spec(spec)
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = account
    fill_missing(spec, {"priority": 0, "preemptionPolicy": "PreemptLowerPriority"})
    _tolerate_node_troubles(spec)
    status = pod.setdefault("status", {})
    if isinstance(status, dict):
        fill_missing(status, {"phase": "Pending", "qosClass": quality_of_service(spec)})


def fill_template(template: dict[str, Any] | None) -> None:
    """Fill in a pod template, in place; None stays None."""
    spec = object_in(template, "spec") if template else None
    if spec is not None:
        fill_pod_spec(spec)


def fill_pod_spec(spec: dict[str, Any]) -> None:
    """Fill in a PodSpec, in place."""
    fill_missing(
        spec,
        {
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
        },
    )
    if spec.get("serviceAccountName"):
        fill_missing(spec, {"serviceAccount": spec["serviceAccountName"]})
    for volume in objects_in(spec, "volumes"):
        _fill_volume(volume)
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in objects_in(spec, field):
            _fill_container(container, is_on_host=bool(spec.get("hostNetwork")))


def quality_of_service(spec: Mapping[str, Any]) -> str:
    """Return the QoS class of a pod: Guaranteed, Burstable or BestEffort."""
    containers = [*objects_in(spec, "containers"), *objects_in(spec, "initContainers")]
    resources = [object_in(container, "resources") or {} for container in containers]
    if not any(entry.get("requests") or entry.get("limits") for entry in resources):
        return "BestEffort"
    is_guaranteed = all(
        {"cpu", "memory"} <= (entry.get("limits") or {}).keys()
        and (entry.get("requests") or entry["limits"]) == entry["limits"]
        for entry in resources
    )
    return "Guaranteed" if is_guaranteed else "Burstable"


def _tolerate_node_troubles(spec: dict[str, Any]) -> None:
    tolerations = spec.get("tolerations") or []
    known = {toleration.get("key") for toleration in tolerations if isinstance(toleration, dict)}
    missing = [
        {
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _TOLERATION_SECONDS,
        }
        for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
        if key not in known
    ]
    if missing:
        spec["tolerations"] = [*tolerations, *missing]


def _fill_container(container: dict[str, Any], *, is_on_host: bool) -> None:
    fill_missing(
        container,
        {
            "imagePullPolicy": _pull_policy(str(container.get("image") or "")),
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        },
    )
    _fill_requests(container)
    for port in objects_in(container, "ports"):
        fill_missing(port, {"protocol": "TCP"})
        if is_on_host and port.get("containerPort") is not None:
            fill_missing(port, {"hostPort": port["containerPort"]})
    for name in _HANDLERS:
        _fill_probe(object_in(container, name))
    lifecycle = object_in(container, "lifecycle") or {}
    for name in ("postStart", "preStop"):
        _fill_http_get(object_in(lifecycle, name))
    for variable in objects_in(container, "env"):
        _fill_field_reference(object_in(variable, "valueFrom"))


def _fill_requests(container: dict[str, Any]) -> None:
    resources = object_in(container, "resources") or {}
    limits = object_in(resources, "limits")
    if limits:
        requests = resources.get("requests") or {}
        resources["requests"] = {**limits, **requests}


def _fill_probe(probe: dict[str, Any] | None) -> None:
    if probe is None:
        return
    zero_means = {"timeoutSeconds": 1, "periodSeconds": 10}
    zero_means |= {"successThreshold": 1, "failureThreshold": 3}
    for key, value in zero_means.items():
        if not probe.get(key):
            probe[key] = value
    _fill_http_get(probe)
    grpc = object_in(probe, "grpc")
    if grpc is not None:
        fill_missing(grpc, {"service": ""})


def _fill_http_get(handler: dict[str, Any] | None) -> None:
    request = object_in(handler, "httpGet") if handler else None
    if request is not None:
        request["path"] = request.get("path") or "/"
        request["scheme"] = request.get("scheme") or "HTTP"


def _fill_field_reference(source: dict[str, Any] | None) -> None:
    reference = object_in(source, "fieldRef") if source else None
    if reference is not None:
        reference["apiVersion"] = reference.get("apiVersion") or "v1"


def _fill_volume(volume: dict[str, Any]) -> None:
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}
    for kind in _MODES:
        source = object_in(volume, kind)
        if source is not None:
            fill_missing(source, {"defaultMode": FILE_MODE})
    host_path = object_in(volume, "hostPath")
    if host_path is not None:
        fill_missing(host_path, {"type": ""})
    for item in objects_in(object_in(volume, "downwardAPI") or {}, "items"):
        _fill_field_reference(item)
    for source in objects_in(object_in(volume, "projected") or {}, "sources"):
        token = object_in(source, "serviceAccountToken")
        if token is not None:
            fill_missing(token, {"expirationSeconds": _TOKEN_SECONDS})
        for item in objects_in(object_in(source, "downwardAPI") or {}, "items"):
            _fill_field_reference(item)


def _pull_policy(image: str) -> str:
    if _DIGEST.search(image):
        return "IfNotPresent"
    _, _, last = image.rpartition("/")
    _, _, tag = last.partition(":")
    return "IfNotPresent" if tag and tag != "latest" else "Always"
