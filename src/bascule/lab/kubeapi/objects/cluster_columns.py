"""The columns of the kinds that set up a cluster: routing, rights, storage, admission."""

from collections.abc import Mapping
from typing import Final

from bascule.lab.kubeapi.objects.columns import (
    AGE,
    NAME,
    NONE,
    Cell,
    Column,
    Object,
    at,
    balancer_addresses,
    column,
    length,
    of,
    render_selector,
    render_some,
    value_at,
    wide,
)

_DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def _hosts(obj: Object) -> str:
    rules = (obj.get("spec") or {}).get("rules") or ()
    hosts = [rule["host"] for rule in rules if rule.get("host")]
    return render_some(hosts, len(rules) if hosts else 0) or "*"


def _ingress_ports(obj: Object) -> str:
    return "80, 443" if (obj.get("spec") or {}).get("tls") else "80"


def _ingress_class(obj: Object) -> str:
    annotations = obj.get("metadata", {}).get("annotations") or {}
    written = annotations.get("kubernetes.io/ingress.class")
    return (obj.get("spec") or {}).get("ingressClassName") or written or NONE


def _class_parameters(obj: Object) -> str:
    parameters = (obj.get("spec") or {}).get("parameters")
    if not parameters:
        return NONE
    group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
    return f"{parameters.get('kind')}{group}/{parameters.get('name')}"


def _role(obj: Object) -> str:
    role = obj.get("roleRef") or {}
    return f"{role.get('kind')}/{role.get('name')}"


def _subjects(kind: str) -> Cell:
    def cell(obj: Object) -> str:
        found = [s for s in obj.get("subjects") or () if s.get("kind") == kind]
        if kind == "ServiceAccount":
            return ",".join(f"{s.get('namespace', '')}/{s.get('name')}" for s in found)
        return ",".join(str(s.get("name")) for s in found)

    return of(cell)


def _class_name(obj: Object) -> str:
    metadata = obj.get("metadata", {})
    annotations = metadata.get("annotations") or {}
    is_default = any(annotations.get(key) == "true" for key in _DEFAULT_CLASS)
    return f"{metadata.get('name', '')} (default)" if is_default else str(metadata.get("name", ""))


def _csr_condition(obj: Object) -> str:
    status = obj.get("status") or {}
    kinds = [c.get("type") for c in status.get("conditions") or ()]
    parts = [kind for kind in ("Denied", "Approved") if kind in kinds][:1] or ["Pending"]
    if "Failed" in kinds:
        parts.append("Failed")
    if status.get("certificate"):
        parts.append("Issued")
    return ",".join(parts)


def _service_of_api(obj: Object) -> str:
    service = (obj.get("spec") or {}).get("service")
    return f"{service.get('namespace')}/{service.get('name')}" if service else "Local"


def _available(obj: Object) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    found = next((c for c in conditions if c.get("type") == "Available"), None)
    if found is None:
        return "Unknown"
    reason = f" ({found.get('reason')})" if found.get("status") != "True" else ""
    return f"{found.get('status')}{reason}"


_BINDING: Final = (
    NAME,
    column("Role", of(_role)),
    AGE,
    wide("Users", _subjects("User")),
    wide("Groups", _subjects("Group")),
    wide("ServiceAccounts", _subjects("ServiceAccount")),
)


_WEBHOOKS: Final = (
    NAME,
    Column(name="Webhooks", cell=length("webhooks"), type="integer"),
    AGE,
)


CLUSTER_COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "ingresses.networking.k8s.io": (
        NAME,
        column("Class", of(_ingress_class)),
        column("Hosts", of(_hosts)),
        column("Address", of(balancer_addresses)),
        column("Ports", of(_ingress_ports)),
        AGE,
    ),
    "ingressclasses.networking.k8s.io": (
        NAME,
        column("Controller", ".spec.controller"),
        column("Parameters", of(_class_parameters)),
        AGE,
    ),
    "networkpolicies.networking.k8s.io": (
        NAME,
        column("Pod-Selector", at(".spec.podSelector", render_selector)),
        AGE,
    ),
    "rolebindings.rbac.authorization.k8s.io": _BINDING,
    "clusterrolebindings.rbac.authorization.k8s.io": _BINDING,
    "storageclasses.storage.k8s.io": (
        Column(name="Name", cell=of(_class_name), format="name"),
        column("Provisioner", ".provisioner"),
        column("ReclaimPolicy", value_at(".reclaimPolicy", "Delete")),
        column("VolumeBindingMode", value_at(".volumeBindingMode", "Immediate")),
        column("AllowVolumeExpansion", value_at(".allowVolumeExpansion", default=False)),
        AGE,
    ),
    "volumeattachments.storage.k8s.io": (
        NAME,
        column("Attacher", ".spec.attacher"),
        column("PV", ".spec.source.persistentVolumeName"),
        column("Node", ".spec.nodeName"),
        column("Attached", value_at(".status.attached", default=False)),
        AGE,
    ),
    "csinodes.storage.k8s.io": (
        NAME,
        Column(
            name="Drivers",
            cell=of(lambda obj: len((obj.get("spec") or {}).get("drivers") or ())),
            type="integer",
        ),
        AGE,
    ),
    "leases.coordination.k8s.io": (NAME, column("Holder", ".spec.holderIdentity"), AGE),
    "priorityclasses.scheduling.k8s.io": (
        NAME,
        Column(name="Value", cell=value_at(".value", 0), type="integer"),
        column("Global-Default", value_at(".globalDefault", default=False), kind="boolean"),
        AGE,
        wide("PreemptionPolicy", ".preemptionPolicy"),
    ),
    "runtimeclasses.node.k8s.io": (NAME, column("Handler", ".handler"), AGE),
    "certificatesigningrequests.certificates.k8s.io": (
        NAME,
        AGE,
        column("SignerName", value_at(".spec.signerName", NONE)),
        column("Requestor", ".spec.username"),
        column("RequestedDuration", value_at(".spec.expirationSeconds", NONE)),
        column("Condition", of(_csr_condition)),
    ),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "apiservices.apiregistration.k8s.io": (
        NAME,
        column("Service", of(_service_of_api)),
        column("Available", of(_available)),
        AGE,
    ),
}
