"""The rules across fields of the built-in kinds that users meet."""

import base64
import binascii
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bascule.lab.kubeapi.objects import names
from bascule.lab.kubeapi.objects.faults import (
    duplicate,
    forbidden,
    invalid,
    required,
    too_long,
    unsupported,
)
from bascule.lab.kubeapi.objects.pod_defaults import object_in, objects_in
from bascule.lab.kubeapi.objects.pod_rules import (
    NOT_NEGATIVE,
    PROTOCOLS,
    check_pod_spec,
    check_port,
    check_template,
)
from bascule.lab.kubeapi.objects.selectors import match_labels
from bascule.lab.kubeapi.objects.statuses import Cause

_SERVICE_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")
_POLICIES: Final = ("Allow", "Forbid", "Replace")
_DATA_BYTES_MAX: Final = 1024 * 1024
_CRON_FIELDS: Final = 5
_ONE_ENDED: Final = ("OnFailure", "Never")


def check_object(obj: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with an object of a built-in kind; nothing for kinds without rules."""
    group, _, _ = str(obj.get("apiVersion", "")).rpartition("/")
    check = _RULE_BY_KIND.get((group, str(obj.get("kind", ""))))
    if check is not None:
        yield from check(obj)


def _spec(obj: Mapping[str, Any]) -> dict[str, Any]:
    return object_in(obj, "spec") or {}


def _check_pod(obj: Mapping[str, Any]) -> Iterator[Cause]:
    return check_pod_spec(_spec(obj), "spec")


def _check_workload(obj: Mapping[str, Any]) -> Iterator[Cause]:
    spec = _spec(obj)
    replicas = spec.get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        yield invalid("spec.replicas", replicas, NOT_NEGATIVE)
    yield from _check_selector(obj, spec)
    if not isinstance(spec.get("template"), dict):
        yield required("spec.template")
    yield from check_template(spec.get("template"), "spec.template")


def _check_selector(obj: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[Cause]:
    selector = object_in(spec, "selector")
    if selector is None:
        yield required("spec.selector")
        return
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        kind = str(obj.get("kind", "")).lower()
        yield invalid("spec.selector", selector, f"empty selector is invalid for {kind}")
    metadata = object_in(object_in(spec, "template") or {}, "metadata") or {}
    labels = metadata.get("labels") or {}
    if not match_labels(selector, labels):
        detail = "`selector` does not match template `labels`"
        yield invalid("spec.template.metadata.labels", labels, detail)


def _check_job(obj: Mapping[str, Any]) -> Iterator[Cause]:
    return _check_job_spec(_spec(obj), "spec")


def _check_job_spec(spec: Mapping[str, Any], field: str) -> Iterator[Cause]:
    for key in ("parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished"):
        value = spec.get(key)
        if isinstance(value, int) and value < 0:
            yield invalid(f"{field}.{key}", value, NOT_NEGATIVE)
    if not isinstance(spec.get("template"), dict):
        yield required(f"{field}.template")
    yield from check_template(spec.get("template"), f"{field}.template", _ONE_ENDED)


def _check_cron_job(obj: Mapping[str, Any]) -> Iterator[Cause]:
    spec = _spec(obj)
    schedule = str(spec.get("schedule") or "")
    parts = schedule.split()
    if not schedule:
        yield required("spec.schedule")
    elif not schedule.startswith("@") and len(parts) != _CRON_FIELDS:
        listed = " ".join(parts)
        detail = f"expected exactly {_CRON_FIELDS} fields, found {len(parts)}: [{listed}]"
        yield invalid("spec.schedule", schedule, detail)
    policy = spec.get("concurrencyPolicy")
    if policy is not None and policy not in _POLICIES:
        yield unsupported("spec.concurrencyPolicy", policy, _POLICIES)
    job = object_in(object_in(spec, "jobTemplate") or {}, "spec") or {}
    yield from _check_job_spec(job, "spec.jobTemplate.spec")


def _check_service(obj: Mapping[str, Any]) -> Iterator[Cause]:
    spec = _spec(obj)
    kind = spec.get("type", "ClusterIP")
    if kind not in _SERVICE_TYPES:
        yield unsupported("spec.type", kind, _SERVICE_TYPES)
    if kind == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    ports = objects_in(spec, "ports")
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    yield from _check_service_ports(ports)
    yield from names.check_labels(spec.get("selector"), "spec.selector")
    affinity = spec.get("sessionAffinity")
    if affinity is not None and affinity not in {"ClientIP", "None"}:
        yield unsupported("spec.sessionAffinity", affinity, ("ClientIP", "None"))
    address = spec.get("clusterIP")
    if address and address != "None" and not _is_address(address):
        detail = "must be empty, 'None', or a valid IP address"
        yield invalid("spec.clusterIPs[0]", address, detail)


def _check_service_ports(ports: list[dict[str, Any]]) -> Iterator[Cause]:
    seen_names: list[Any] = []
    seen: list[tuple[Any, Any]] = []
    for index, port in enumerate(ports):
        place = f"spec.ports[{index}]"
        name = port.get("name")
        if not name and len(ports) > 1:
            yield required(f"{place}.name")
        if name:
            for message in names.label_faults(str(name)):
                yield invalid(f"{place}.name", name, message)
            if name in seen_names:
                yield duplicate(f"{place}.name", name)
        yield from check_port(port.get("port", 0), f"{place}.port")
        yield from _check_target(port.get("targetPort"), f"{place}.targetPort")
        if port.get("protocol", "TCP") not in PROTOCOLS:
            yield unsupported(f"{place}.protocol", port["protocol"], PROTOCOLS)
        mark = (port.get("port"), port.get("protocol", "TCP"))
        if mark in seen:
            yield duplicate(place, {"port": mark[0], "protocol": mark[1]})
        seen_names.append(name)
        seen.append(mark)


def _check_target(target: Any, field: str) -> Iterator[Cause]:
    yield from check_port(target, field)
    if isinstance(target, str):
        for message in names.port_name_faults(target):
            yield invalid(field, target, message)


def _is_address(text: Any) -> bool:
    try:
        ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return True


def _check_ingress(obj: Mapping[str, Any]) -> Iterator[Cause]:
    spec = _spec(obj)
    rules = objects_in(spec, "rules")
    if not rules and object_in(spec, "defaultBackend") is None:
        yield invalid("spec", rules, "either `defaultBackend` or `rules` must be specified")
    for index, tls in enumerate(objects_in(spec, "tls")):
        for place, host in enumerate(tls.get("hosts") or ()):
            for message in names.host_faults(str(host)):
                yield invalid(f"spec.tls[{index}].hosts[{place}]", host, message)
    yield from _check_backend(object_in(spec, "defaultBackend"), "spec.defaultBackend")
    for index, rule in enumerate(rules):
        host = str(rule.get("host") or "")
        field = f"spec.rules[{index}]"
        if host and _is_address(host):
            yield invalid(f"{field}.host", host, "must be a DNS name, not an IP address")
        for message in names.host_faults(host) if host else ():
            yield invalid(f"{field}.host", host, message)
        http = object_in(rule, "http")
        if http is not None:
            yield from _check_paths(http, f"{field}.http")


def _check_paths(http: Mapping[str, Any], field: str) -> Iterator[Cause]:
    paths = objects_in(http, "paths")
    if not paths:
        yield required(f"{field}.paths")
    for index, entry in enumerate(paths):
        place = f"{field}.paths[{index}]"
        path, kind = str(entry.get("path") or ""), entry.get("pathType")
        if kind is None:
            yield required(f"{place}.pathType", "pathType must be specified")
        elif kind not in _PATH_TYPES:
            yield unsupported(f"{place}.pathType", kind, _PATH_TYPES)
        elif (path or kind != "ImplementationSpecific") and not path.startswith("/"):
            yield invalid(f"{place}.path", path, "must be an absolute path")
        for part in ("//", "/./", "/../", "%2f", "%2F") if kind in {"Exact", "Prefix"} else ():
            if part in path:
                yield invalid(f"{place}.path", path, f"must not contain '{part}'")
        backend = object_in(entry, "backend")
        yield from _check_backend(backend if backend is not None else {}, f"{place}.backend")


def _check_backend(backend: Mapping[str, Any] | None, field: str) -> Iterator[Cause]:
    if backend is None:
        return
    service, resource = object_in(backend, "service"), object_in(backend, "resource")
    if service is not None and resource is not None:
        detail = "cannot set both resource and service backends"
        yield invalid(field, "", detail)
    elif service is None and resource is None:
        yield required(field, "resource or service backend is required")
    elif service is not None:
        name = str(service.get("name") or "")
        if not name:
            yield required(f"{field}.service.name")
        for message in names.label_faults(name) if name else ():
            yield invalid(f"{field}.service.name", name, message)
        port = object_in(service, "port") or {}
        if not port.get("name") and not port.get("number"):
            yield required(field, "port name or number is required")
        elif port.get("name") and port.get("number"):
            yield invalid(field, "", "cannot set both port name & port number")
        yield from check_port(port.get("number"), f"{field}.service.port.number")


def _check_data(obj: Mapping[str, Any]) -> Iterator[Cause]:
    size = 0
    for field in ("data", "binaryData"):
        for key, value in (object_in(obj, field) or {}).items():
            for message in names.config_key_faults(key):
                yield invalid(f"{field}[{key}]", key, message)
            size += len(str(value).encode())
    if size > _DATA_BYTES_MAX:
        yield too_long("", f"may not be more than {_DATA_BYTES_MAX} bytes")


def _check_secret(obj: Mapping[str, Any]) -> Iterator[Cause]:
    yield from _check_data(obj)
    data = object_in(obj, "data") or {}
    for key, value in data.items():
        try:
            base64.b64decode(str(value), validate=True)
        except (binascii.Error, ValueError):
            yield invalid(f"data[{key}]", "<no value>", "illegal base64 data at input byte 0")
    if obj.get("type") == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                yield required(f"data[{key}]")


def _check_binding(obj: Mapping[str, Any]) -> Iterator[Cause]:
    role = object_in(obj, "roleRef") or {}
    allowed = (
        ("ClusterRole",) if obj.get("kind") == "ClusterRoleBinding" else ("Role", "ClusterRole")
    )
    if role.get("kind") not in allowed:
        yield unsupported("roleRef.kind", role.get("kind", ""), sorted(allowed))
    if not role.get("name"):
        yield required("roleRef.name")
    for index, subject in enumerate(objects_in(obj, "subjects")):
        kind = subject.get("kind")
        if kind not in {"ServiceAccount", "User", "Group"}:
            yield unsupported(
                f"subjects[{index}].kind", kind or "", ("ServiceAccount", "User", "Group")
            )
        if not subject.get("name"):
            yield required(f"subjects[{index}].name")
        is_cluster = obj.get("kind") == "ClusterRoleBinding"
        if kind == "ServiceAccount" and is_cluster and not subject.get("namespace"):
            yield required(f"subjects[{index}].namespace")


def _check_role(obj: Mapping[str, Any]) -> Iterator[Cause]:
    for index, rule in enumerate(objects_in(obj, "rules")):
        place = f"rules[{index}]"
        if not rule.get("verbs"):
            yield required(f"{place}.verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            if obj.get("kind") == "Role":
                detail = "namespaced rules cannot apply to non-resource URLs"
                yield invalid(f"{place}.nonResourceURLs", rule["nonResourceURLs"], detail)
            continue
        if not rule.get("apiGroups"):
            detail = "resource rules must supply at least one api group"
            yield required(f"{place}.apiGroups", detail)
        if not rule.get("resources"):
            detail = "resource rules must supply at least one resource"
            yield required(f"{place}.resources", detail)


def _check_budget(obj: Mapping[str, Any]) -> Iterator[Cause]:
    spec = _spec(obj)
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        detail = "minAvailable and maxUnavailable cannot be both set"
        yield invalid("spec", spec, detail)


def _check_autoscaler(obj: Mapping[str, Any]) -> Iterator[Cause]:
    spec = _spec(obj)
    least, most = spec.get("minReplicas"), spec.get("maxReplicas")
    if isinstance(least, int) and least < 1:
        yield invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if not isinstance(most, int) or most < 1:
        yield invalid("spec.maxReplicas", most or 0, "must be greater than 0")
    elif isinstance(least, int) and most < least:
        detail = "must be greater than or equal to `minReplicas`"
        yield invalid("spec.maxReplicas", most, detail)
    target = object_in(spec, "scaleTargetRef") or {}
    for key in ("kind", "name"):
        if not target.get(key):
            yield required(f"spec.scaleTargetRef.{key}")


def _check_slice(obj: Mapping[str, Any]) -> Iterator[Cause]:
    kind = obj.get("addressType")
    if not kind:
        yield required("addressType")
    elif kind not in _ADDRESS_TYPES:
        yield unsupported("addressType", kind, _ADDRESS_TYPES)
    for index, endpoint in enumerate(objects_in(obj, "endpoints")):
        addresses = endpoint.get("addresses") or ()
        if not addresses:
            yield required(f"endpoints[{index}].addresses", "must contain at least 1 address")
        for place, address in enumerate(addresses if kind in {"IPv4", "IPv6"} else ()):
            if not _is_address(address):
                detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                yield invalid(f"endpoints[{index}].addresses[{place}]", address, detail)


def _check_definition(obj: Mapping[str, Any]) -> Iterator[Cause]:
    spec = _spec(obj)
    plural = (object_in(spec, "names") or {}).get("plural", "")
    wanted = f"{plural}.{spec.get('group', '')}"
    name = (object_in(obj, "metadata") or {}).get("name", "")
    if name != wanted:
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    for key in ("group", "scope", "versions"):
        if not spec.get(key):
            yield required(f"spec.{key}")
    if spec.get("scope") not in {None, "", "Cluster", "Namespaced"}:
        yield unsupported("spec.scope", spec["scope"], ("Cluster", "Namespaced"))
    for key in ("plural", "kind"):
        if not (object_in(spec, "names") or {}).get(key):
            yield required(f"spec.names.{key}")
    versions = objects_in(spec, "versions")
    if versions and sum(1 for version in versions if version.get("storage")) != 1:
        detail = "must have exactly one version marked as storage version"
        yield invalid("spec.versions", [v.get("name") for v in versions], detail)
    for index, version in enumerate(versions):
        if not (object_in(version, "schema") or {}).get("openAPIV3Schema"):
            detail = "schemas are required"
            yield required(f"spec.versions[{index}].schema.openAPIV3Schema", detail)


def _check_priority(obj: Mapping[str, Any]) -> Iterator[Cause]:
    name = str((object_in(obj, "metadata") or {}).get("name", ""))
    if name.startswith("system-"):
        detail = "priority class names with 'system-' prefix are reserved for system use only"
        yield forbidden("metadata.name", detail)


_RBAC: Final = "rbac.authorization.k8s.io"
_RULE_BY_KIND: Final[Mapping[tuple[str, str], Callable[[Mapping[str, Any]], Iterator[Cause]]]] = {
    ("", "Pod"): _check_pod,
    ("", "Service"): _check_service,
    ("", "ConfigMap"): _check_data,
    ("", "Secret"): _check_secret,
    ("apps", "Deployment"): _check_workload,
    ("apps", "ReplicaSet"): _check_workload,
    ("apps", "DaemonSet"): _check_workload,
    ("apps", "StatefulSet"): _check_workload,
    ("batch", "Job"): _check_job,
    ("batch", "CronJob"): _check_cron_job,
    ("networking.k8s.io", "Ingress"): _check_ingress,
    ("discovery.k8s.io", "EndpointSlice"): _check_slice,
    ("policy", "PodDisruptionBudget"): _check_budget,
    ("autoscaling", "HorizontalPodAutoscaler"): _check_autoscaler,
    (_RBAC, "Role"): _check_role,
    (_RBAC, "ClusterRole"): _check_role,
    (_RBAC, "RoleBinding"): _check_binding,
    (_RBAC, "ClusterRoleBinding"): _check_binding,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _check_definition,
    ("scheduling.k8s.io", "PriorityClass"): _check_priority,
}
