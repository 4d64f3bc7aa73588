"""What the probes of all instances say about each server, in Azure's words."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bascule.lab.arm.dataplane.draining import Draining
from bascule.lab.arm.dataplane.translate.backends import Backend, Server
from bascule.lab.arm.network.plane_port import ServerHealth

_HEALTHY = "Success. Received 200 status code"
_UNKNOWN = "The backend health status could not be retrieved: no probe has been answered yet."
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
_WRONG_BODY = (
    "Body of the backend's HTTP response did not match the probe setting. Either modify probe"
    " configuration or resolve backend issues."
)
_DRAINING = "The server was removed from the backend pool; its connections are being drained."

Place = tuple[str, str, int]
"""Cluster, address and port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHealth:
    """What one instance knows of one server."""

    is_pending: bool = False
    """No probe has been answered yet."""
    is_failed: bool = False
    failure: str = ""
    """Of the last failed probe: `NETWORK`, `NETWORK_TIMEOUT` or `ACTIVE`, as Envoy calls it."""
    status: int = 0
    """Of the last failed probe, if it was answered."""


Hosts = Mapping[Place, HostHealth]


def read_hosts(clusters: Iterable[Mapping[str, Any]], event_log: str) -> Hosts:
    """Return what an instance knows, from Envoy's page of clusters and its log of probes."""
    failures = dict(_failures(event_log))
    found: dict[Place, HostHealth] = {}
    for cluster in clusters:
        for host in cluster.get("host_statuses", ()):
            place = _place(cluster["name"], host["address"])
            status = host.get("health_status", {})
            failure, code = failures.get(place, ("", 0))
            found[place] = HostHealth(
                is_pending=bool(status.get("pending_active_hc")),
                is_failed=bool(status.get("failed_active_health_check")),
                failure="NETWORK_TIMEOUT" if status.get("active_hc_timeout") else failure,
                status=code,
            )
    return found


def judge_backend(
    backend: Backend, instances: Sequence[Hosts], draining: Iterable[Server]
) -> tuple[ServerHealth, ...]:
    """Return the health of a backend's servers, then of those that are being drained."""
    judged = [_judge(backend, server, instances) for server in backend.servers]
    leaving = sorted({*draining} - {*backend.servers}, key=lambda server: server.address)
    return (*judged, *(ServerHealth(each.address, "Draining", _DRAINING) for each in leaving))


def draining_in(instances: Iterable[Draining], name: str) -> frozenset[Server]:
    """Return the servers of a backend that any instance drains."""
    return frozenset(server for each in instances for server in each.get(name, {}))


def _judge(backend: Backend, server: Server, instances: Sequence[Hosts]) -> ServerHealth:
    """One instance that cannot reach a server makes it unhealthy, as Azure shows the worst."""
    if not server.real:
        is_name = not server.address.replace(".", "").isdigit()
        return ServerHealth(server.address, "Unhealthy", _UNRESOLVED if is_name else _TIMED_OUT)
    place = (backend.name, server.real, backend.port)
    hosts = [hosts[place] for hosts in instances if place in hosts]
    for host in hosts:
        if host.is_failed and not host.is_pending:
            return ServerHealth(server.address, "Unhealthy", _why(backend, host))
    if not hosts or any(host.is_pending for host in hosts):
        return ServerHealth(server.address, "Unknown", _UNKNOWN)
    return ServerHealth(server.address, "Healthy", _HEALTHY)


def _why(backend: Backend, host: HostHealth) -> str:
    if host.failure == "NETWORK_TIMEOUT":
        return _TIMED_OUT
    if host.failure == "NETWORK":
        return _UNREACHED
    if any(covers_status(code, host.status) for code in backend.accepted_codes):
        return _WRONG_BODY
    return (
        f"Received invalid status code: {host.status} in the backend server's HTTP response. As per"
        f" the health probe configuration, {', '.join(backend.accepted_codes)} is the acceptable"
        " status code. Either modify probe configuration or resolve backend issues."
    )


def covers_status(code: str, status: int) -> bool:
    """Say whether a status is one of those that `200` or `200-399` stands for."""
    first, _, last = code.partition("-")
    return int(first) <= status <= int(last or first)


def _failures(event_log: str) -> Iterator[tuple[Place, tuple[str, int]]]:
    for line in event_log.splitlines():
        if not line.startswith("{") or not line.endswith("}"):
            continue  # cut by the limit of what is read, or still being written
        event = json.loads(line)
        failed = event.get("health_check_failure_event") or event.get("eject_unhealthy_event")
        if failed:
            place = _place(event["cluster_name"], event["host"])
            kind = str(failed.get("failure_type", ""))
            yield place, (kind, int(failed.get("http_status_code") or 0))


def _place(cluster: str, host: Mapping[str, Any]) -> Place:
    address = host["socket_address"]
    return cluster, str(address["address"]), int(address["port_value"])
