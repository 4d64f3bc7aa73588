"""The columns of the kinds of the core group, and of those that are told together with them."""

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bascule.lab.kubeapi.objects import pod_cells
from bascule.lab.kubeapi.objects.columns import (
    AGE,
    NAME,
    NONE,
    TEMPLATE,
    UNSET,
    Cell,
    Column,
    Object,
    at,
    balancer_addresses,
    column,
    containers,
    count,
    length,
    name_cell,
    of,
    render_labels,
    render_some,
    value_at,
    wide,
)
from bascule.lab.kubeapi.objects.durations import UNKNOWN, render_age

_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def _external_ip(obj: Object) -> str:
    spec = obj.get("spec") or {}
    external = list(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case "LoadBalancer":
            balanced = balancer_addresses(obj)
            listed = [*balanced.split(","), *external] if balanced else external
            return ",".join(listed) or "<pending>"
        case _:
            return ",".join(external) or NONE


def _service_ports(obj: Object) -> str:
    ports = []
    for port in (obj.get("spec") or {}).get("ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        ports.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(ports) or NONE


def _endpoints(obj: Object) -> str:
    pairs = [
        _join_port(str(address.get("ip")), port.get("port"))
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    return render_some(pairs, len(pairs)) or NONE


def _join_port(address: str, port: Any) -> str:
    try:
        is_six = ipaddress.ip_address(address).version == 6
    except ValueError:
        is_six = False
    return f"[{address}]:{port}" if is_six else f"{address}:{port}"


def _slice_ports(obj: Object) -> str:
    ports = [
        str(port["port"]) if port.get("port") is not None else "*"
        for port in obj.get("ports") or ()
    ]
    return render_some(ports, len(ports)) or UNSET


def _slice_endpoints(obj: Object) -> str:
    found = [
        address
        for endpoint in obj.get("endpoints") or ()
        for address in endpoint.get("addresses") or ()
    ]
    return render_some(found, len(found)) or UNSET


def _node_status(obj: Object) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    ready = next((c for c in conditions if c.get("type") == "Ready"), None)
    status = "Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    is_closed = (obj.get("spec") or {}).get("unschedulable")
    return f"{status},SchedulingDisabled" if is_closed else status


def _node_roles(obj: Object) -> str:
    roles = set()
    for key, value in (obj.get("metadata", {}).get("labels") or {}).items():
        if key.startswith("node-role.kubernetes.io/"):
            roles.add(key.removeprefix("node-role.kubernetes.io/"))
        elif key == "kubernetes.io/role" and value:
            roles.add(value)
    return ",".join(sorted(roles - {""})) or NONE


def _node_address(kind: str) -> Cell:
    return value_at(f'.status.addresses[?(@.type=="{kind}")].address', NONE)


def _event_seen(field: str) -> Cell:
    def cell(obj: Object, now: datetime) -> str:
        series = obj.get("series") or {}
        last = series.get("lastObservedTime") if field == "lastTimestamp" else None
        old = obj.get(f"deprecated{field[0].upper()}{field[1:]}")
        return render_age(last or obj.get(field) or old or obj.get("eventTime"), now)

    return cell


def _event_object(obj: Object) -> str:
    subject = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{str(subject.get('kind', '')).lower()}/{subject.get('name', '')}"


def _event_subobject(obj: Object) -> str:
    return str((obj.get("involvedObject") or obj.get("regarding") or {}).get("fieldPath", ""))


def _event_source(obj: Object) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    written = [source.get("component"), source.get("host")]
    if not any(written):
        written = [obj.get("reportingComponent") or obj.get("reportingController")]
        written.append(obj.get("reportingInstance"))
    return ", ".join(part for part in written if part)


def _event_message(obj: Object) -> str:
    return str(obj.get("message") or obj.get("note") or "").strip()


def _event_count(obj: Object) -> int:
    series = obj.get("series") or {}
    return int(series.get("count") or obj.get("count") or obj.get("deprecatedCount") or 1)


def _access_modes(path: str) -> Cell:
    def render(modes: Any) -> str:
        return ",".join(_MODES.get(mode, mode) for mode in modes or ())

    return at(path, render)


def _claim(obj: Object) -> str:
    claim = (obj.get("spec") or {}).get("claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def _quota(kind: str) -> Cell:
    def cell(obj: Object) -> str:
        status = obj.get("status") or {}
        hard = status.get("hard") or {}
        used = status.get("used") or {}
        names = sorted(name for name in hard if name.startswith("limits.") == (kind == "limits"))
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in names)

    return of(cell)


_REPLICAS: Final = (
    NAME,
    count("Desired", ".spec.replicas"),
    count("Current", ".status.replicas"),
    count("Ready", ".status.readyReplicas"),
    AGE,
    *TEMPLATE,
)


_EVENT: Final = (
    column("Last Seen", _event_seen("lastTimestamp")),
    column("Type", ".type"),
    column("Reason", ".reason"),
    column("Object", of(_event_object)),
    wide("Subobject", of(_event_subobject)),
    wide("Source", of(_event_source)),
    column("Message", of(_event_message)),
    wide("First Seen", _event_seen("firstTimestamp")),
    Column(name="Count", cell=of(_event_count), type="integer", priority=1),
    Column(name="Name", cell=name_cell, format="name", priority=1),
)


CORE_COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "pods": (
        NAME,
        column("Ready", of(pod_cells.ready_cell)),
        column("Status", of(pod_cells.status_cell)),
        column("Restarts", pod_cells.restarts_cell),
        AGE,
        wide("IP", value_at(".status.podIP", NONE)),
        wide("Node", value_at(".spec.nodeName", NONE)),
        wide("Nominated Node", value_at(".status.nominatedNodeName", NONE)),
        wide("Readiness Gates", of(lambda _obj: NONE)),
    ),
    "podtemplates": (
        NAME,
        column("Containers", containers(".template.spec.containers")[0].cell),
        column("Images", containers(".template.spec.containers")[1].cell),
        column("Pod Labels", at(".template.metadata.labels", render_labels)),
    ),
    "replicationcontrollers": (*_REPLICAS, wide("Selector", at(".spec.selector", render_labels))),
    "services": (
        NAME,
        column("Type", ".spec.type"),
        column("Cluster-IP", value_at(".spec.clusterIP", NONE)),
        column("External-IP", of(_external_ip)),
        column("Port(s)", of(_service_ports)),
        AGE,
        wide("Selector", at(".spec.selector", render_labels)),
    ),
    "endpoints": (NAME, column("Endpoints", of(_endpoints)), AGE),
    "nodes": (
        NAME,
        column("Status", of(_node_status)),
        column("Roles", of(_node_roles)),
        AGE,
        column("Version", ".status.nodeInfo.kubeletVersion"),
        wide("Internal-IP", _node_address("InternalIP")),
        wide("External-IP", _node_address("ExternalIP")),
        wide("OS-Image", value_at(".status.nodeInfo.osImage", UNKNOWN)),
        wide("Kernel-Version", value_at(".status.nodeInfo.kernelVersion", UNKNOWN)),
        wide("Container-Runtime", value_at(".status.nodeInfo.containerRuntimeVersion", UNKNOWN)),
    ),
    "events": _EVENT,
    "events.events.k8s.io": _EVENT,
    "namespaces": (NAME, column("Status", ".status.phase"), AGE),
    "secrets": (
        NAME,
        column("Type", ".type"),
        Column(name="Data", cell=length("data"), type="integer"),
        AGE,
    ),
    "configmaps": (
        NAME,
        Column(name="Data", cell=length("data", "binaryData"), type="integer"),
        AGE,
    ),
    "serviceaccounts": (
        NAME,
        Column(name="Secrets", cell=length("secrets"), type="integer"),
        AGE,
    ),
    "persistentvolumes": (
        NAME,
        column("Capacity", ".spec.capacity.storage"),
        column("Access Modes", _access_modes(".spec.accessModes")),
        column("Reclaim Policy", ".spec.persistentVolumeReclaimPolicy"),
        column("Status", ".status.phase"),
        column("Claim", of(_claim)),
        column("StorageClass", ".spec.storageClassName"),
        column("VolumeAttributesClass", value_at(".spec.volumeAttributesClassName", UNSET)),
        column("Reason", ".status.reason"),
        AGE,
        wide("VolumeMode", value_at(".spec.volumeMode", UNSET)),
    ),
    "persistentvolumeclaims": (
        NAME,
        column("Status", ".status.phase"),
        column("Volume", ".spec.volumeName"),
        column("Capacity", ".status.capacity.storage"),
        column("Access Modes", _access_modes(".status.accessModes")),
        column("StorageClass", ".spec.storageClassName"),
        column("VolumeAttributesClass", value_at(".spec.volumeAttributesClassName", UNSET)),
        AGE,
        wide("VolumeMode", value_at(".spec.volumeMode", UNSET)),
    ),
    "resourcequotas": (
        NAME,
        column("Request", _quota("requests")),
        column("Limit", _quota("limits")),
        AGE,
    ),
    "componentstatuses": (
        NAME,
        column("Status", of(lambda _obj: "Healthy")),
        column("Message", ".conditions[0].message"),
        column("Error", ".conditions[0].error"),
    ),
    "endpointslices.discovery.k8s.io": (
        NAME,
        column("AddressType", ".addressType"),
        column("Ports", of(_slice_ports)),
        column("Endpoints", of(_slice_endpoints)),
        AGE,
    ),
}
