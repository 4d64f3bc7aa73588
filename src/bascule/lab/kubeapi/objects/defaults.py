"""Fills in what a Kubernetes API server fills in when an object leaves it out."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.pod_defaults import (
    fill_missing,
    fill_pod,
    fill_template,
    make_object,
    object_in,
    objects_in,
)
from bascule.lab.kubeapi.objects.schema import Schema

MINOR_MAX: Final = 99
JOB_REPLACEMENT_SINCE_MINOR: Final = 28
_RBAC: Final = "rbac.authorization.k8s.io"
_AFFINITY_SECONDS: Final = 10_800
_BACKOFF_LIMIT: Final = 6
_NO_LIMIT: Final = 2**31 - 1


def fill_defaults(obj: dict[str, Any], *, minor: int = MINOR_MAX) -> dict[str, Any]:
    """Return the object with the defaults of its `apiVersion` and `kind`; it is not changed.

    Addresses, node ports and everything else that has to be unique is left to the server.
    """
    filled: dict[str, Any] = copy_json(obj)
    group, _, _ = str(obj.get("apiVersion", "")).rpartition("/")
    fill = _FILLER_BY_KIND.get((group, str(obj.get("kind"))))
    if fill is not None:
        fill(filled)
    if minor < JOB_REPLACEMENT_SINCE_MINOR and obj.get("kind") == "Job":
        filled["spec"].pop("podReplacementPolicy", None)
    return filled


def fill_custom_defaults(obj: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return a custom object with the `default`s of its schema; it is not changed."""
    filled: dict[str, Any] = copy_json(obj)
    _fill_from_schema(filled, schema)
    return filled


def _fill_from_schema(value: Any, schema: Schema) -> None:
    if isinstance(value, list) and schema.items is not None:
        for item in value:
            _fill_from_schema(item, schema.items)
    if not isinstance(value, dict):
        return
    for key, raw in schema.properties.items():
        default = raw.get("default")
        is_missing = key not in value or (value[key] is None and not raw.get("nullable"))
        if is_missing and default is not None:
            value[key] = copy_json(default)
    for key, inner in value.items():
        child = schema.field(key)
        if child is not None and not child.name:
            _fill_from_schema(inner, child)


def _spec(obj: dict[str, Any]) -> dict[str, Any]:
    return make_object(obj, "spec")


def _fill_status(obj: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    fill_missing(make_object(obj, "status"), defaults)


def _fill_strategy(spec: dict[str, Any], key: str, rolling: Mapping[str, Any]) -> None:
    strategy = make_object(spec, key)
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        fill_missing(make_object(strategy, "rollingUpdate"), rolling)


def _fill_deployment(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill_missing(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    _fill_strategy(spec, "strategy", {"maxUnavailable": "25%", "maxSurge": "25%"})
    fill_template(object_in(spec, "template"))
    _fill_status(obj, {})


def _fill_daemon_set(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill_missing(spec, {"revisionHistoryLimit": 10})
    _fill_strategy(spec, "updateStrategy", {"maxUnavailable": 1, "maxSurge": 0})
    fill_template(object_in(spec, "template"))
    counts = (
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
    )
    _fill_status(obj, dict.fromkeys(counts, 0))


def _fill_stateful_set(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill_missing(
        spec,
        {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "podManagementPolicy": "OrderedReady",
            "serviceName": "",
        },
    )
    _fill_strategy(spec, "updateStrategy", {"partition": 0})
    retention = make_object(spec, "persistentVolumeClaimRetentionPolicy")
    fill_missing(retention, {"whenDeleted": "Retain", "whenScaled": "Retain"})
    for claim in objects_in(spec, "volumeClaimTemplates"):
        fill_missing(claim, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"})
        _fill_claim(claim)
    fill_template(object_in(spec, "template"))
    _fill_status(obj, {"replicas": 0, "availableReplicas": 0})


def _fill_replica_set(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill_missing(spec, {"replicas": 1})
    fill_template(object_in(spec, "template"))
    _fill_status(obj, {"replicas": 0})


def _fill_replication_controller(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    template = object_in(spec, "template") or {}
    labels = (object_in(template, "metadata") or {}).get("labels")
    if labels:
        fill_missing(spec, {"selector": dict(labels)})
        fill_missing(obj.setdefault("metadata", {}), {"labels": dict(labels)})
    _fill_replica_set(obj)


def _fill_job(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    is_per_index = spec.get("backoffLimitPerIndex") is not None
    fill_missing(
        spec,
        {
            "parallelism": 1,
            "backoffLimit": _NO_LIMIT if is_per_index else _BACKOFF_LIMIT,
            "completionMode": "NonIndexed",
            "suspend": False,
            "manualSelector": False,
            "podReplacementPolicy": (
                "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
            ),
        },
    )
    fill_template(object_in(spec, "template"))
    _fill_status(obj, {})


def _fill_cron_job(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill_missing(
        spec,
        {
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        },
    )
    job = object_in(object_in(spec, "jobTemplate") or {}, "spec") or {}
    fill_template(object_in(job, "template"))
    _fill_status(obj, {})


def _fill_pod_template(obj: dict[str, Any]) -> None:
    fill_template(object_in(obj, "template"))


def _fill_service(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    spec["type"] = kind = spec.get("type") or "ClusterIP"
    spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    if spec["sessionAffinity"] == "ClientIP":
        client = make_object(make_object(spec, "sessionAffinityConfig"), "clientIP")
        fill_missing(client, {"timeoutSeconds": _AFFINITY_SECONDS})
    for port in objects_in(spec, "ports"):
        port["protocol"] = port.get("protocol") or "TCP"
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port")
    if kind in {"NodePort", "LoadBalancer"} or spec.get("externalIPs"):
        fill_missing(spec, {"externalTrafficPolicy": "Cluster"})
    if kind == "LoadBalancer":
        fill_missing(spec, {"allocateLoadBalancerNodePorts": True})
    if kind != "ExternalName":
        fill_missing(
            spec,
            {
                "internalTrafficPolicy": "Cluster",
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
            },
        )
    _fill_status(obj, {"loadBalancer": {}})


def _fill_secret(obj: dict[str, Any]) -> None:
    written = obj.pop("stringData", None)
    if isinstance(written, dict):
        data = obj.get("data") or {}
        obj["data"] = {
            **data,
            **{key: base64.b64encode(str(v).encode()).decode() for key, v in written.items()},
        }
    obj["type"] = obj.get("type") or "Opaque"


def _fill_namespace(obj: dict[str, Any]) -> None:
    metadata = obj.setdefault("metadata", {})
    if metadata.get("name"):
        labels = metadata.get("labels") or {}
        metadata["labels"] = {**labels, "kubernetes.io/metadata.name": metadata["name"]}
    if not metadata.get("deletionTimestamp"):
        fill_missing(_spec(obj), {"finalizers": ["kubernetes"]})
    _fill_status(obj, {"phase": "Active"})


def _fill_claim(obj: dict[str, Any]) -> None:
    fill_missing(_spec(obj), {"volumeMode": "Filesystem"})
    _fill_status(obj, {"phase": "Pending"})


def _fill_volume(obj: dict[str, Any]) -> None:
    fill_missing(
        _spec(obj), {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"}
    )
    _fill_status(obj, {"phase": "Pending"})


def _fill_endpoints(obj: dict[str, Any]) -> None:
    for subset in objects_in(obj, "subsets"):
        for port in objects_in(subset, "ports"):
            fill_missing(port, {"protocol": "TCP"})


def _fill_endpoint_slice(obj: dict[str, Any]) -> None:
    for port in objects_in(obj, "ports"):
        fill_missing(port, {"name": "", "protocol": "TCP"})


def _fill_ingress(obj: dict[str, Any]) -> None:
    _fill_status(obj, {"loadBalancer": {}})


def _fill_ingress_class(obj: dict[str, Any]) -> None:
    parameters = object_in(_spec(obj), "parameters")
    if parameters is not None:
        fill_missing(parameters, {"scope": "Cluster"})


def _fill_network_policy(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for direction in ("ingress", "egress"):
        for rule in objects_in(spec, direction):
            for port in objects_in(rule, "ports"):
                fill_missing(port, {"protocol": "TCP"})


def _fill_budget(obj: dict[str, Any]) -> None:
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    _fill_status(obj, dict.fromkeys(counts, 0))


def _fill_autoscaler(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill_missing(spec, {"minReplicas": 1})
    if str(obj.get("apiVersion")).endswith("/v1"):
        _fill_status(obj, {"currentReplicas": 0, "desiredReplicas": 0})
        return
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    _fill_status(obj, {"desiredReplicas": 0})


def _fill_binding(obj: dict[str, Any]) -> None:
    role = object_in(obj, "roleRef")
    if role is not None:
        role["apiGroup"] = role.get("apiGroup") or _RBAC
    for subject in objects_in(obj, "subjects"):
        if subject.get("kind") in {"User", "Group"}:
            subject["apiGroup"] = subject.get("apiGroup") or _RBAC


def _fill_storage_class(obj: dict[str, Any]) -> None:
    fill_missing(obj, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})


def _fill_priority_class(obj: dict[str, Any]) -> None:
    fill_missing(obj, {"preemptionPolicy": "PreemptLowerPriority"})


def _fill_webhooks(obj: dict[str, Any]) -> None:
    is_mutating = obj.get("kind") == "MutatingWebhookConfiguration"
    for webhook in objects_in(obj, "webhooks"):
        fill_missing(
            webhook,
            {
                "failurePolicy": "Fail",
                "matchPolicy": "Equivalent",
                "namespaceSelector": {},
                "objectSelector": {},
                "timeoutSeconds": 10,
                **({"reinvocationPolicy": "Never"} if is_mutating else {}),
            },
        )
        for rule in objects_in(webhook, "rules"):
            fill_missing(rule, {"scope": "*"})
        service = object_in(object_in(webhook, "clientConfig") or {}, "service")
        if service is not None:
            fill_missing(service, {"port": 443})


def _fill_custom_definition(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill_missing(spec, {"conversion": {"strategy": "None"}})
    names = object_in(spec, "names")
    if names is not None and names.get("kind"):
        kind = str(names["kind"])
        fill_missing(names, {"singular": kind.lower(), "listKind": f"{kind}List"})


def _fill_token_request(obj: dict[str, Any]) -> None:
    fill_missing(_spec(obj), {"expirationSeconds": 3600})


_FILLER_BY_KIND: Final[Mapping[tuple[str, str], Callable[[dict[str, Any]], None]]] = {
    ("", "Pod"): fill_pod,
    ("", "PodTemplate"): _fill_pod_template,
    ("", "ReplicationController"): _fill_replication_controller,
    ("", "Service"): _fill_service,
    ("", "Secret"): _fill_secret,
    ("", "Namespace"): _fill_namespace,
    ("", "PersistentVolumeClaim"): _fill_claim,
    ("", "PersistentVolume"): _fill_volume,
    ("", "Endpoints"): _fill_endpoints,
    ("apps", "Deployment"): _fill_deployment,
    ("apps", "DaemonSet"): _fill_daemon_set,
    ("apps", "StatefulSet"): _fill_stateful_set,
    ("apps", "ReplicaSet"): _fill_replica_set,
    ("batch", "Job"): _fill_job,
    ("batch", "CronJob"): _fill_cron_job,
    ("discovery.k8s.io", "EndpointSlice"): _fill_endpoint_slice,
    ("networking.k8s.io", "Ingress"): _fill_ingress,
    ("networking.k8s.io", "IngressClass"): _fill_ingress_class,
    ("networking.k8s.io", "NetworkPolicy"): _fill_network_policy,
    ("policy", "PodDisruptionBudget"): _fill_budget,
    ("autoscaling", "HorizontalPodAutoscaler"): _fill_autoscaler,
    (_RBAC, "RoleBinding"): _fill_binding,
    (_RBAC, "ClusterRoleBinding"): _fill_binding,
    ("storage.k8s.io", "StorageClass"): _fill_storage_class,
    ("scheduling.k8s.io", "PriorityClass"): _fill_priority_class,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _fill_webhooks,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _fill_webhooks,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _fill_custom_definition,
    ("authentication.k8s.io", "TokenRequest"): _fill_token_request,
}
