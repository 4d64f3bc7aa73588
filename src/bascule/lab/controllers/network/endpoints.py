"""The Endpoints object of a Service, for clients that know no EndpointSlices. Pure."""

from collections.abc import Sequence
from typing import Any

from bascule.lab.controllers.network.slices import Port, Ports, has_endpoint, resolve_ports
from bascule.lab.controllers.ownership import is_terminating
from bascule.lab.controllers.pod_state import is_ready

Object = dict[str, Any]

ADDRESSES_MAX = 1_000
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"


def build_endpoints(service: Object, pods: Sequence[Object], current: Object | None) -> Object:
    """Return the Endpoints of a Service; pods on their way out are left out, as in the real one.

    Past ADDRESSES_MAX addresses the rest is cut off and the object says so.
    """
    publishes = bool(service["spec"].get("publishNotReadyAddresses"))
    groups: dict[Ports, dict[str, list[Object]]] = {}
    published = [pod for pod in pods if has_endpoint(pod) and not is_terminating(pod)]
    for pod in published[:ADDRESSES_MAX]:
        field = "addresses" if publishes or is_ready(pod) else "notReadyAddresses"
        group = groups.setdefault(resolve_ports(service, pod), {})
        group.setdefault(field, []).append(_address(pod))
    metadata = dict(current["metadata"]) if current else {"name": service["metadata"]["name"]}
    metadata["namespace"] = service["metadata"]["namespace"]
    labels = dict(service["metadata"].get("labels") or {})
    labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
    metadata["labels"] = labels
    if len(published) > ADDRESSES_MAX:
        metadata["annotations"] = {OVER_CAPACITY: "truncated"}
    subsets = [{**groups[ports], "ports": [_port(p) for p in ports]} for ports in sorted(groups)]
    built: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
    if subsets:
        built["subsets"] = subsets
    return built


def _address(pod: Object) -> Object:
    address: Object = {
        "ip": pod["status"]["podIP"],
        "targetRef": {
            "kind": "Pod",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        },
    }
    if pod["spec"].get("nodeName"):
        address["nodeName"] = pod["spec"]["nodeName"]
    return address


def _port(port: Port) -> Object:
    built: Object = {"port": port.number, "protocol": port.protocol}
    if port.name:
        built["name"] = port.name
    if port.app_protocol:
        built["appProtocol"] = port.app_protocol
    return built
