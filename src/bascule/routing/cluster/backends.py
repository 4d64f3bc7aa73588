"""The backend of a Service port in one cluster, from the Service and all its EndpointSlices.

A backend that cannot be found keeps its name and has no endpoints: its paths answer that nothing
is there, and never fall to another backend.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bascule.ids import Cluster
from bascule.manifest.objects import (
    AddressFamily,
    EndpointSlice,
    Fault,
    IngressBackend,
    Pod,
    Service,
    ServicePort,
    SliceEndpoint,
    UnusableBackend,
)
from bascule.routing.cluster.probes import choose_check
from bascule.routing.model import Backend, BackendProtocol, Endpoint, Problem, Severity

_PROTOCOLS = {
    "": BackendProtocol.HTTP,
    "http": BackendProtocol.HTTP,
    "kubernetes.io/ws": BackendProtocol.HTTP,
    "kubernetes.io/h2c": BackendProtocol.H2C,
    "grpc": BackendProtocol.H2C,
    "h2c": BackendProtocol.H2C,
    "https": BackendProtocol.HTTPS,
    "kubernetes.io/wss": BackendProtocol.HTTPS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedBackend:
    """A backend; `fault` is the mistake of every Ingress that names it, `problems` its own."""

    backend: Backend
    fault: Fault | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class BackendKey:
    """What the Ingresses of a namespace call a backend."""

    namespace: str
    wanted: IngressBackend


def resolve_backend(
    cluster: Cluster,
    key: BackendKey,
    service: Service | None,
    slices: Sequence[EndpointSlice],
    *,
    find_pod: Callable[[str], Pod | None] | None = None,
) -> ResolvedBackend:
    """Return the backend that `key` names. `slices` are those of the Service, in any order.

    `find_pod` gives a Pod of the namespace by its name; without it no probe is read.
    """
    wanted = key.wanted
    if isinstance(wanted, UnusableBackend):
        fault = Fault(
            "BackendUnusable", f"{wanted.what}: only a port of a Service can be routed to"
        )
        return ResolvedBackend(backend=_missing(cluster, key.namespace, "-", "-"), fault=fault)
    missing = _missing(cluster, key.namespace, wanted.service, str(wanted.port))
    if service is None:
        fault = Fault("ServiceNotFound", f"there is no Service {wanted.service}")
        return ResolvedBackend(backend=missing, fault=fault)
    if service.is_external_name:
        message = f"Service {wanted.service} is an ExternalName, which has no endpoints"
        return ResolvedBackend(backend=missing, fault=Fault("ExternalNameRefused", message))
    port = _find_port(service, wanted.port)
    if port is None:
        message = f"Service {wanted.service} has no TCP port {wanted.port}"
        fault = Fault("ServicePortNotFound", f"{message}; it has {_render_ports(service)}")
        problems = _object_problems(cluster, service)
        return ResolvedBackend(backend=missing, fault=fault, problems=problems)
    found = _resolve_port(missing, service, port, slices)
    if find_pod is None:
        return found
    check = choose_check(slices, port.name, found.backend.endpoints, find_pod)
    return replace(found, backend=replace(found.backend, probe=check))


def _resolve_port(
    missing: Backend, service: Service, port: ServicePort, slices: Sequence[EndpointSlice]
) -> ResolvedBackend:
    is_named = bool(port.name) and not port.name.isdecimal()
    name = port.name if is_named else str(port.number)
    protocol = _PROTOCOLS.get(port.app_protocol.lower())
    backend = Backend(
        name=f"{missing.cluster}/{missing.namespace}/{missing.service}/{name}",
        cluster=missing.cluster,
        namespace=missing.namespace,
        service=missing.service,
        port=name,
        protocol=protocol or BackendProtocol.HTTP,
        endpoints=select_endpoints(slices, port.name, service.family),
    )
    warnings = []
    if protocol is None:
        message = f"port {name}: appProtocol {port.app_protocol!r} is not known; http is spoken"
        warnings.append(Fault("AppProtocolUnknown", message))
    if not backend.is_ready:
        message = (
            f"port {name} has no ready endpoint: its routes get no requests in {backend.cluster}"
        )
        warnings.append(Fault("NoReadyEndpoint", message))
    problems = [_problem(backend.cluster, service, fault, Severity.WARNING) for fault in warnings]
    for item in slices:
        problems += _object_problems(backend.cluster, item)
    return ResolvedBackend(backend=backend, problems=tuple(problems))


def _object_problems(cluster: Cluster, item: Service | EndpointSlice) -> tuple[Problem, ...]:
    return tuple(_problem(cluster, item, fault, Severity.ERROR) for fault in item.faults)


def _problem(
    cluster: Cluster, item: Service | EndpointSlice, fault: Fault, severity: Severity
) -> Problem:
    return Problem(
        cluster=cluster,
        kind=item.kind.value,
        namespace=item.meta.namespace,
        name=item.meta.name,
        code=fault.code,
        message=fault.message,
        severity=severity,
    )


def _missing(cluster: Cluster, namespace: str, service: str, port: str) -> Backend:
    return Backend(
        name=f"{cluster}/{namespace}/{service}/{port}",
        cluster=cluster,
        namespace=namespace,
        service=service,
        port=port,
    )


def _find_port(service: Service, wanted: str | int) -> ServicePort | None:
    for port in service.ports:
        if wanted == (port.name if isinstance(wanted, str) else port.number):
            return port
    return None


def _render_ports(service: Service) -> str:
    ports = ", ".join(f"{p.number} ({p.name})" if p.name else f"{p.number}" for p in service.ports)
    return ports or "none"


def select_endpoints(
    slices: Iterable[EndpointSlice], port_name: str, family: AddressFamily
) -> tuple[Endpoint, ...]:
    """Return the endpoints that may take new requests, each once, sorted by address and port.

    Ready ones; if there are none, those that still serve; never one that terminates. Of a
    dual-stack Service only `family` counts as long as it has slices with endpoints.
    """
    states: dict[AddressFamily, dict[tuple[str, int], int]] = {}
    for item in slices:
        number = next((number for name, number in item.ports if name == port_name), None)
        if number is None:
            continue
        found = states.setdefault(item.family, {})
        for endpoint in item.endpoints:
            said = _flags(endpoint)
            for address in endpoint.addresses:
                place = (address, number)
                found[place] = found.get(place, 0) | said
    chosen = states.get(family) or next((part for part in states.values() if part), {})
    usable = {place: said for place, said in chosen.items() if not said & _TERMINATING}
    ready = [place for place, said in usable.items() if said & _READY]
    serving = ready or [place for place, said in usable.items() if said & _SERVING]
    return tuple([Endpoint(address, number) for address, number in sorted(serving)])


_READY, _SERVING, _TERMINATING = 1, 2, 4
"""What all slices together say of one endpoint: one word that it terminates is enough."""


def _flags(endpoint: SliceEndpoint) -> int:
    return (
        _READY * endpoint.is_ready
        | _SERVING * endpoint.is_serving
        | _TERMINATING * endpoint.is_terminating
    )
