"""Builders of small routing tables; show only what matters to a test."""

from collections.abc import Mapping, Sequence

from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.certificates import Certificate, CertificateStore
from bascule.routing.model import (
    Backend,
    BackendProtocol,
    CertificateRef,
    Endpoint,
    Host,
    Listener,
    Match,
    PathKind,
    Route,
    RouteSet,
    RouteSettings,
    RoutingTable,
)
from bascule.routing.weights import Split, Weights

ALL_BLUE = Weights.all_to(Cluster.BLUE)
ALL_GREEN = Weights.all_to(Cluster.GREEN)


def backend(
    cluster: Cluster,
    service: str,
    *ports: int,
    protocol: BackendProtocol = BackendProtocol.HTTP,
    address: str = "127.0.0.1",
) -> Backend:
    return Backend(
        name=f"{cluster}/shop/{service}/http",
        cluster=cluster,
        namespace="shop",
        service=service,
        port="http",
        protocol=protocol,
        endpoints=tuple(Endpoint(address, port) for port in sorted(ports)),
    )


def route(
    blue: Backend | None,
    green: Backend | None,
    *,
    path: str = "/",
    kind: PathKind = PathKind.PREFIX,
    settings: RouteSettings | None = None,
) -> Route:
    return Route(
        match=Match(path, kind), blue=blue, green=green, settings=settings or RouteSettings()
    )


def host(
    name: str,
    *routes: Route,
    certificate: Certificate | None = None,
    is_tls: bool = False,
    secret: str = "",
) -> Host:
    reference = (
        None
        if certificate is None
        else CertificateRef(
            namespace="shop", secret=secret or f"{name}-tls", digest=certificate.digest
        )
    )
    return Host(
        name=name,
        routes=routes,
        certificate=reference,
        is_tls=is_tls or certificate is not None,
    )


def route_set(hosts: Sequence[Host], *, port: int = 8080, tls_port: int | None = None) -> RouteSet:
    listeners = [Listener(name="http", address="127.0.0.1", port=port)]
    if tls_port is not None:
        listeners.append(Listener(name="https", address="127.0.0.1", port=tls_port, is_tls=True))
    return RouteSet(listeners=tuple(listeners), hosts=tuple(sorted(hosts, key=lambda h: h.name)))


def table(
    routes: RouteSet,
    default: Weights = ALL_BLUE,
    by_host: Mapping[str, Weights] | None = None,
    arrangement: Arrangement = NOTHING_ARRANGED,
) -> RoutingTable:
    return RoutingTable(routes=routes, split=Split(default, by_host or {}), arrangement=arrangement)


def store(*certificates: Certificate) -> CertificateStore:
    return CertificateStore({c.digest: c for c in certificates})


def many_hosts(
    count: int, blue_port: int, green_port: int, *, services: int = 1
) -> tuple[Host, ...]:
    """Return `count` hosts over `services` services that all have the same two endpoints."""
    pairs = [
        (backend(Cluster.BLUE, f"s{i}", blue_port), backend(Cluster.GREEN, f"s{i}", green_port))
        for i in range(services)
    ]
    return tuple(host(f"h{i}.example.com", route(*pairs[i % services])) for i in range(count))
