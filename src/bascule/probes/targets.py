"""Which requests the witness makes: the first path of each host, as the routing table has it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bascule.routing.certificates import CertificateStore
from bascule.routing.model import BackendProtocol, Host, Listener, Route, RouteSet

TARGETS_MAX = 4
"""More hosts than this are sampled evenly, so that the witness stays a small part of the load."""

_CONNECTABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 — the wildcards themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One request: where to connect, what to ask for, and which chain the answer must show."""

    host: str
    path: str
    address: str
    port: int
    chain_pem: bytes | None = field(default=None, repr=False)
    """Given for TLS: the certificate that the gateway was handed for this host."""

    @property
    def name(self) -> str:
        """How samples name it."""
        scheme = "http" if self.chain_pem is None else "https"
        return f"{scheme}://{self.host}:{self.port}{self.path}"


def choose_targets(
    routes: RouteSet, certificates: CertificateStore, *, targets_max: int = TARGETS_MAX
) -> tuple[Target, ...]:
    """Return one target a host that can be asked, at most `targets_max`, spread over the table.

    A host whose routes are all down, or that wants TLS and has no certificate, is left out.
    """
    found = [
        target
        for host in routes.hosts
        if (target := _target_of(host, routes.listeners, certificates)) is not None
    ]
    if len(found) <= targets_max:
        return tuple(found)
    return tuple(found[i * len(found) // targets_max] for i in range(targets_max))


def find_target(
    routes: RouteSet, certificates: CertificateStore, *, host: str, path: str, is_tls: bool
) -> Target | None:
    """Return how `host` is asked for `path` on a TLS or a plain listener.

    None when the gateway has no such listener, or no host of that name, exact before wildcard, or
    no certificate for it where TLS is asked for.
    """
    names = (host, f"*.{host.partition('.')[2]}", "*")
    served = next((h for name in names for h in routes.hosts if h.name == name), None)
    if served is None:
        return None
    return _build_target(served, routes.listeners, certificates, (host, path, is_tls))


def _target_of(
    host: Host, listeners: Iterable[Listener], certificates: CertificateStore
) -> Target | None:
    up = [route for route in host.routes if not route.is_down]
    route = next((r for r in up if _speaks_http(r)), up[0] if up else None)
    if route is None:
        return None
    question = (_concrete(host.name), route.match.path, host.is_tls)
    return _build_target(host, listeners, certificates, question)


def _build_target(
    host: Host,
    listeners: Iterable[Listener],
    certificates: CertificateStore,
    question: tuple[str, str, bool],
) -> Target | None:
    name, path, is_tls = question
    listener = next((item for item in listeners if item.is_tls == is_tls), None)
    if listener is None:
        return None
    chain_pem = None
    if is_tls:
        reference = host.certificate
        found = None if reference is None else certificates.by_digest.get(reference.digest)
        if found is None:
            return None
        chain_pem = found.chain_pem
    return Target(
        host=name,
        path=path,
        address=_CONNECTABLE.get(listener.address, listener.address),
        port=listener.port,
        chain_pem=chain_pem,
    )


def _speaks_http(route: Route) -> bool:
    """Whether a plain GET means something to every backend of the route: not so for gRPC."""
    backends = [b for b in (route.blue, route.green) if b is not None]
    return all(b.protocol is not BackendProtocol.H2C for b in backends)


def _concrete(name: str) -> str:
    """Return a host name that a wildcard covers."""
    return "bascule-witness.invalid" if name == "*" else name.replace("*", "bascule-witness", 1)
