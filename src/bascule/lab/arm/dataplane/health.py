"""What the probes of all instances say about each server, in Azure's words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bascule.lab.arm.dataplane.draining import Draining
from bascule.lab.arm.dataplane.translate.backends import Backend, Server
from bascule.lab.arm.network.plane_port import ServerHealth

_HEALTHY = "Success. Received 200 status code"
_UNKNOWN = (
    "The backend health status could not be retrieved. This happens when an NSG/UDR/Firewall on the"
    " application gateway subnet is blocking traffic, or when no probe has been answered yet."
)
_TIMED_OUT = (
    "Time taken by the backend to respond to application gateway's health probe is more than the"
    " timeout threshold in the probe setting. Either increase the timeout threshold in the probe"
    " setting or resolve the backend issues."
)
_UNREACHED = (
    "Cannot connect to backend server. Check whether any NSG/UDR/Firewall is blocking access to"
    " server. Check if application is running on correct port."
)
_UNRESOLVED = (
    "Application Gateway could not create a probe for this backend. This usually happens when the"
    " FQDN of the backend has not been entered correctly."
)
_DRAINING = "The server was removed from the backend pool; its connections are being drained."

Hosts = Mapping[tuple[str, str, int], Mapping[str, Any]]
"""What one instance says of each host: by cluster, address and port."""


def index_hosts(clusters: Iterable[Mapping[str, Any]]) -> Hosts:
    """Return the hosts of Envoy's page of clusters."""
    found = {}
    for cluster in clusters:
        for host in cluster.get("host_statuses", ()):
            place = host["address"]["socket_address"]
            found[cluster["name"], place["address"], place["port_value"]] = host
    return found


def judge_backend(
    backend: Backend, instances: Sequence[Hosts], draining: Iterable[Server]
) -> tuple[ServerHealth, ...]:
    """Return the health of a backend's servers, then of those that are being drained."""
    judged = [_judge(backend, server, instances) for server in backend.servers]
    leaving = sorted(draining, key=lambda server: server.address)
    return (*judged, *(ServerHealth(each.address, "Draining", _DRAINING) for each in leaving))


def all_draining(instances: Iterable[Draining], name: str) -> frozenset[Server]:
    """Return the servers of a backend that any instance drains."""
    return frozenset(server for each in instances for server in each.get(name, {}))


def _judge(backend: Backend, server: Server, instances: Sequence[Hosts]) -> ServerHealth:
    if not server.real:
        is_name = not server.address.replace(".", "").isdigit()
        return ServerHealth(server.address, "Unhealthy", _UNRESOLVED if is_name else _TIMED_OUT)
    place = (backend.name, server.real, backend.port)
    hosts = [hosts[place].get("health_status", {}) for hosts in instances if place in hosts]
    for status in hosts:
        if status.get("failed_active_health_check") and not status.get("pending_active_hc"):
            return ServerHealth(server.address, "Unhealthy", _why(backend, status))
    if not hosts or any(status.get("pending_active_hc") for status in hosts):
        return ServerHealth(server.address, "Unknown", _UNKNOWN)
    return ServerHealth(server.address, "Healthy", _HEALTHY)


def _why(backend: Backend, status: Mapping[str, Any]) -> str:
    if status.get("active_hc_timeout"):
        return _TIMED_OUT
    if status.get("is_unreached"):
        return _UNREACHED
    return (
        "Received invalid status code in the backend server's HTTP response. As per the health"
        f" probe configuration, {', '.join(backend.accepted_codes)} is the acceptable status code."
        " Either modify probe configuration or resolve backend issues."
    )
