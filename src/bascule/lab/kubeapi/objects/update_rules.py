"""What may not change in an object of a built-in kind once it is there."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bascule.lab.kubeapi.objects.faults import IMMUTABLE, forbidden, invalid
from bascule.lab.kubeapi.objects.merge_patch import is_same
from bascule.lab.kubeapi.objects.pod_defaults import object_in, objects_in
from bascule.lab.kubeapi.objects.statuses import Cause

_STATEFUL_SET_MAY_CHANGE: Final = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_STATEFUL_SET_MESSAGE: Final = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
    "'minReadySeconds' are forbidden"
)
_POD_MAY_CHANGE: Final = (
    "activeDeadlineSeconds",
    "terminationGracePeriodSeconds",
    "tolerations",
    "ephemeralContainers",
    "schedulingGates",
    "nodeName",
)
_POD_MESSAGE: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)
_JOB_IMMUTABLE: Final = ("completions", "selector", "completionMode", "manualSelector")
_CLAIM_MAY_CHANGE: Final = ("resources", "volumeAttributesClassName", "volumeName")


def check_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield why an object of a built-in kind may not become another one."""
    group, _, _ = str(new.get("apiVersion", "")).rpartition("/")
    check = _RULE_BY_KIND.get((group, str(new.get("kind", ""))))
    if check is not None:
        yield from check(old, new)


def _spec(obj: Mapping[str, Any]) -> dict[str, Any]:
    return object_in(obj, "spec") or {}


def _check_selector(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    before, after = _spec(old).get("selector"), _spec(new).get("selector")
    if before is not None and not is_same(before, after):
        yield invalid("spec.selector", after, IMMUTABLE)


def _check_stateful_set(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    if not is_same(
        _without(_spec(old), _STATEFUL_SET_MAY_CHANGE),
        _without(_spec(new), _STATEFUL_SET_MAY_CHANGE),
    ):
        yield forbidden("spec", _STATEFUL_SET_MESSAGE)


def _without(spec: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in names}


def _check_job(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    before, after = _spec(old), _spec(new)
    for key in _JOB_IMMUTABLE:
        if before.get(key) is not None and not is_same(before[key], after.get(key)):
            yield invalid(f"spec.{key}", after.get(key), IMMUTABLE)
    if not before.get("suspend") and not is_same(before.get("template"), after.get("template")):
        yield invalid("spec.template", after.get("template"), IMMUTABLE)


def _check_service(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    before, after = _spec(old), _spec(new)
    if "ExternalName" in {before.get("type"), after.get("type")}:
        return
    address = before.get("clusterIP")
    if address and after.get("clusterIP") and after["clusterIP"] != address:
        listed = after.get("clusterIPs") or [after["clusterIP"]]
        yield invalid("spec.clusterIPs[0]", listed, "may not change once set")


def _check_pod(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    if not is_same(_fixed_pod(_spec(old)), _fixed_pod(_spec(new))):
        yield forbidden("spec", _POD_MESSAGE)


def _fixed_pod(spec: Mapping[str, Any]) -> dict[str, Any]:
    fixed = _without(spec, _POD_MAY_CHANGE)
    for key in ("containers", "initContainers"):
        if key in fixed:
            fixed[key] = [_without(item, ("image",)) for item in objects_in(spec, key)]
    return fixed


def _check_data(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    if old.get("immutable"):
        detail = "field is immutable when `immutable` is set"
        if not new.get("immutable"):
            yield forbidden("immutable", detail)
        for key in ("data", "binaryData"):
            if not is_same(old.get(key) or {}, new.get(key) or {}):
                yield forbidden(key, detail)
    if old.get("type") is not None and old["type"] != new.get("type"):
        yield invalid("type", new.get("type"), IMMUTABLE)


def _check_binding(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    if not is_same(old.get("roleRef"), new.get("roleRef")):
        yield invalid("roleRef", new.get("roleRef"), "cannot change roleRef")


def _check_slice(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    if old.get("addressType") != new.get("addressType"):
        yield invalid("addressType", new.get("addressType"), IMMUTABLE)


def _check_claim(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    before, after = _without(_spec(old), _CLAIM_MAY_CHANGE), _without(_spec(new), _CLAIM_MAY_CHANGE)
    if not is_same(before, after):
        detail = (
            "spec is immutable after creation except resources.requests and "
            "volumeAttributesClassName for bound claims"
        )
        yield forbidden("spec", detail)


def _check_class(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    for key in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"):
        if not is_same(old.get(key), new.get(key)):
            yield forbidden(key, f"updates to {key} are forbidden.")


def _check_ingress_class(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    controller = _spec(new).get("controller")
    if _spec(old).get("controller") != controller:
        yield invalid("spec.controller", controller, IMMUTABLE)


def _check_definition(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    for key in ("group", "scope"):
        if _spec(old).get(key) != _spec(new).get(key):
            yield invalid(f"spec.{key}", _spec(new).get(key), IMMUTABLE)


_Check = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[Cause]]
_RBAC: Final = "rbac.authorization.k8s.io"
_RULE_BY_KIND: Final[Mapping[tuple[str, str], _Check]] = {
    ("", "Pod"): _check_pod,
    ("", "Service"): _check_service,
    ("", "ConfigMap"): _check_data,
    ("", "Secret"): _check_data,
    ("", "PersistentVolumeClaim"): _check_claim,
    ("apps", "Deployment"): _check_selector,
    ("apps", "ReplicaSet"): _check_selector,
    ("apps", "DaemonSet"): _check_selector,
    ("apps", "StatefulSet"): _check_stateful_set,
    ("batch", "Job"): _check_job,
    ("discovery.k8s.io", "EndpointSlice"): _check_slice,
    ("networking.k8s.io", "IngressClass"): _check_ingress_class,
    ("storage.k8s.io", "StorageClass"): _check_class,
    (_RBAC, "RoleBinding"): _check_binding,
    (_RBAC, "ClusterRoleBinding"): _check_binding,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _check_definition,
}
