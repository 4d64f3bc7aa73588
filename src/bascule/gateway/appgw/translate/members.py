"""Who stands behind a route in one cluster: addresses, their port, and what they are spoken to in.

Pods, or the one address of an ingress controller of the cluster's own.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from bascule.gateway.appgw.settings import BackendsKind, LoadBalancer
from bascule.gateway.appgw.translate.asked import Asked
from bascule.gateway.appgw.translate.sheet import Sheet
from bascule.ids import Cluster
from bascule.manifest.objects import Fault
from bascule.routing.model import Backend, BackendProtocol, Severity

HTTP, HTTPS = "Http", "Https"
HTTP_PORT, HTTPS_PORT = 80, 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """One cluster's side of a route. `name` is empty where all routes share the members."""

    backend: Backend
    name: tuple[str, ...] = ()
    addresses: tuple[str, ...]
    port: int
    protocol: str
    balancer: LoadBalancer | None = None


def find_members(asked: Asked, cluster: Cluster, sheet: Sheet) -> Members | None:
    """Return who answers `asked` in `cluster`, or None with the reason on the sheet."""
    backend = asked.route.backend(cluster)
    if backend is None:
        return None
    if sheet.site.settings.backends is BackendsKind.LOAD_BALANCER:
        return _find_balancer(asked, backend, sheet)
    protocol, port = _find_protocol(asked, backend), _find_port(backend)
    if protocol is None:
        message = (
            f"{asked.where}: {backend.name} speaks HTTP/2 in clear (h2c), and the gateway "
            "speaks HTTP/1.1 to backends; its requests are answered by nobody. Use the gateway "
            "appgw+envoy, or envoy where it is gRPC; or annotate backend-protocol: http if it "
            "speaks HTTP/1.1 as well"
        )
        _report(asked, backend, Fault("ProtocolNotServable", message), sheet=sheet)
        return None
    _check_endpoints(asked, backend, port, sheet)
    return Members(
        backend=backend,
        name=(backend.namespace, backend.service, backend.port),
        addresses=sort_addresses(e.address for e in backend.endpoints if e.port == port),
        port=port,
        protocol=protocol,
    )


def sort_addresses(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return each address once, in the order of their numbers."""
    return tuple(sorted(set(addresses), key=_number_of))


def _number_of(address: str) -> tuple[int, int]:
    if ":" in address:
        return 6, int(ip_address(address))
    number = 0
    for octet in address.split("."):
        number = number << 8 | int(octet)
    return 4, number


def _find_balancer(asked: Asked, backend: Backend, sheet: Sheet) -> Members | None:
    balancer = sheet.site.settings.load_balancers.get(backend.cluster)
    if balancer is None:
        message = f"{asked.where}: the load balancer of {backend.cluster} is not in gateway.yaml"
        _report(asked, backend, Fault("LoadBalancerUnknown", message), sheet=sheet)
        return None
    return Members(
        backend=backend,
        addresses=(balancer.address,),
        port=balancer.port,
        protocol=HTTPS if balancer.protocol is BackendProtocol.HTTPS else HTTP,
        balancer=balancer,
    )


def _find_protocol(asked: Asked, backend: Backend) -> str | None:
    """Return what is spoken to pods: HTTPS to port 443, unless somebody says otherwise."""
    if asked.options.backend_protocol is not None:
        return asked.options.backend_protocol
    match backend.protocol:
        case BackendProtocol.H2C:
            return None
        case BackendProtocol.HTTPS:
            return HTTPS
        case BackendProtocol.HTTP:
            is_usual = HTTPS_PORT in (_find_port(backend), _port_number(backend))
            return HTTPS if is_usual else HTTP


def _find_port(backend: Backend) -> int:
    """Return the port that most endpoints have."""
    counts = Counter(endpoint.port for endpoint in backend.endpoints)
    if not counts:
        return _port_number(backend) or HTTP_PORT
    return min(counts, key=lambda number: (-counts[number], number))


def _port_number(backend: Backend) -> int | None:
    return int(backend.port) if backend.port.isdecimal() else None


def _check_endpoints(asked: Asked, backend: Backend, port: int, sheet: Sheet) -> None:
    found = sum(endpoint.port == port for endpoint in backend.endpoints)
    if found < len(backend.endpoints):
        message = (
            f"{asked.where}: endpoints of {backend.name} listen on different ports; only the "
            f"{found} with port {port} get requests"
        )
        _report(
            asked, backend, Fault("EndpointPortsDiffer", message), Severity.WARNING, sheet=sheet
        )
    limits = sheet.site.settings.limits
    if limits and found > limits.targets_a_pool:
        message = (
            f"{asked.where}: {backend.name} has {found} endpoints and a pool takes "
            f"{limits.targets_a_pool}; the others get no requests. Use loadBalancer backends"
        )
        _report(asked, backend, Fault("TooManyTargets", message), Severity.WARNING, sheet=sheet)


def _report(
    asked: Asked,
    backend: Backend,
    fault: Fault,
    severity: Severity = Severity.ERROR,
    *,
    sheet: Sheet,
) -> None:
    """Tell the Ingresses of the backend's cluster."""
    sheet.report(asked.route, fault.code, fault.message, severity, cluster=backend.cluster)
