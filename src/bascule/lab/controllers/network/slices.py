"""From a Service and its pods to EndpointSlices, changing as little as possible. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bascule.lab.controllers.kubelet.pod_runtime import PORTS_ANNOTATION
from bascule.lab.controllers.ownership import controller_reference, is_terminating
from bascule.lab.controllers.pod_state import is_finished, is_ready

Object = dict[str, Any]

ENDPOINTS_MAX = 100
"""Endpoints in one slice, as the real controller has it by default."""
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
HEADLESS = "service.kubernetes.io/headless"


class Port(NamedTuple):
    """One port of a slice."""

    name: str
    number: int
    protocol: str
    app_protocol: str


Ports = tuple[Port, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePlan:
    """What to write: slices to create, whole ones to update, and names to delete."""

    create: tuple[Object, ...] = ()
    update: tuple[Object, ...] = ()
    delete: tuple[str, ...] = ()


def build_endpoint(pod: Object, *, publishes_unready: bool) -> Object:
    """Return the endpoint of one pod: ready, serving and terminating as the API defines them."""
    serving = is_ready(pod)
    terminating = is_terminating(pod)
    endpoint: Object = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": publishes_unready or (serving and not terminating),
            "serving": serving,
            "terminating": terminating,
        },
        "targetRef": {
            "kind": "Pod",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        },
    }
    spec = pod["spec"]
    if spec.get("nodeName"):
        endpoint["nodeName"] = spec["nodeName"]
    if spec.get("hostname") and spec.get("subdomain"):
        endpoint["hostname"] = spec["hostname"]
    return endpoint


def has_endpoint(pod: Object) -> bool:
    """Say whether a pod has an address that may be published."""
    return bool((pod.get("status") or {}).get("podIP")) and not is_finished(pod)


def resolve_ports(service: Object, pod: Object) -> Ports:
    """Return the ports at which this pod answers for the Service; unknown names are left out."""
    ports = []
    moved = _moved_ports(pod)
    for port in service["spec"].get("ports") or ():
        number = _target(port, pod)
        if number is None:
            continue
        ports.append(
            Port(
                port.get("name", ""),
                moved.get(number, number),
                port.get("protocol", "TCP"),
                port.get("appProtocol", ""),
            )
        )
    return tuple(ports)


def plan_slices(service: Object, pods: Sequence[Object], existing: Sequence[Object]) -> SlicePlan:
    """Return the writes that make the existing slices say what the pods are.

    Endpoints stay in the slice where they are; new ones fill those with room; empty slices go, but
    one slice always remains for a Service that has none.
    """
    wanted = _by_ports(service, pods)
    create: list[Object] = []
    update: list[Object] = []
    delete: list[str] = []
    used: set[str] = set()
    for ports in sorted(wanted):
        endpoints = wanted[ports]
        mine = [item for item in existing if _ports_of(item) == ports]
        used.update(item["metadata"]["name"] for item in mine)
        plan = _plan_group(service, ports, endpoints, mine)
        create += plan.create
        update += plan.update
        delete += plan.delete
    delete += [
        item["metadata"]["name"] for item in existing if item["metadata"]["name"] not in used
    ]
    return SlicePlan(create=tuple(create), update=tuple(update), delete=tuple(delete))


def _by_ports(service: Object, pods: Sequence[Object]) -> dict[Ports, dict[str, Object]]:
    publishes = bool(service["spec"].get("publishNotReadyAddresses"))
    wanted: dict[Ports, dict[str, Object]] = {}
    for pod in pods:
        if has_endpoint(pod):
            endpoint = build_endpoint(pod, publishes_unready=publishes)
            ports = resolve_ports(service, pod)
            wanted.setdefault(ports, {})[pod["metadata"]["uid"]] = endpoint
    return wanted or {(): {}}


def _plan_group(
    service: Object, ports: Ports, endpoints: Mapping[str, Object], existing: Sequence[Object]
) -> SlicePlan:
    left = dict(endpoints)
    kept: list[tuple[Object, list[Object]]] = []
    for item in existing:
        stay = []
        for endpoint in item.get("endpoints") or ():
            new = left.pop((endpoint.get("targetRef") or {}).get("uid", ""), None)
            if new is not None:
                stay.append(new)
        kept.append((item, stay))
    fresh = list(left.values())
    for _, stay in kept:
        room = ENDPOINTS_MAX - len(stay)
        stay.extend(fresh[:room])
        fresh = fresh[room:]
    spare = len([stay for _, stay in kept if stay]) + (1 if fresh else 0)
    update, delete = [], []
    for item, stay in kept:
        if not stay and spare:
            delete.append(item["metadata"]["name"])
            continue
        spare = spare or 1
        update.append(_slice(service, ports, stay, item))
    create = [
        _slice(service, ports, fresh[start : start + ENDPOINTS_MAX], None)
        for start in range(0, len(fresh), ENDPOINTS_MAX)
    ]
    if not create and not update:
        create = [_slice(service, ports, [], None)]
    return SlicePlan(create=tuple(create), update=tuple(update), delete=tuple(delete))


def _slice(
    service: Object, ports: Ports, endpoints: list[Object], existing: Object | None
) -> Object:
    name = service["metadata"]["name"]
    labels = {
        **(service["metadata"].get("labels") or {}),
        MANAGED_BY: MANAGER,
        SERVICE_NAME: name,
        **({HEADLESS: ""} if service["spec"].get("clusterIP") == "None" else {}),
    }
    metadata = dict(existing["metadata"]) if existing else {"generateName": f"{name}-"}
    metadata["namespace"] = service["metadata"]["namespace"]
    metadata["labels"] = labels
    metadata["ownerReferences"] = [controller_reference(service)]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv4",
        "endpoints": endpoints or None,
        "ports": [_port(port) for port in ports] or None,
    }


def _port(port: Port) -> Object:
    built: Object = {"name": port.name, "port": port.number, "protocol": port.protocol}
    if port.app_protocol:
        built["appProtocol"] = port.app_protocol
    return built


def _ports_of(endpoint_slice: Object) -> Ports:
    return tuple(
        Port(
            port.get("name", ""),
            port["port"],
            port.get("protocol", "TCP"),
            port.get("appProtocol", ""),
        )
        for port in endpoint_slice.get("ports") or ()
    )


def _target(port: Object, pod: Object) -> int | None:
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    for container in pod["spec"].get("containers") or ():
        for candidate in container.get("ports") or ():
            protocol = candidate.get("protocol", "TCP")
            if candidate.get("name") == target and protocol == port.get("protocol", "TCP"):
                return int(candidate["containerPort"])
    return int(target) if target.isdigit() else None


def _moved_ports(pod: Object) -> dict[int, int]:
    text = (pod["metadata"].get("annotations") or {}).get(PORTS_ANNOTATION, "")
    pairs = (item.partition("=") for item in text.split(",") if item)
    return {int(before): int(after) for before, _, after in pairs}
