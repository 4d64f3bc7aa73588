"""The routing table: what a gateway should do, in words that belong to no gateway.

A table is three things: `routes`, which changes when a cluster changes; `split`, which changes
when an operator says so; and `arrangement`, which stands around both during an upgrade. A new split
leaves the other two as they are, so a switch costs the same whatever the number of routes (see
`RoutingTable.with_split`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

import msgspec

from bascule.ids import CertificateDigest, Cluster
from bascule.routing.affinity import Affinity
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement
from bascule.routing.weights import Split, Weights

_ENCODER = msgspec.json.Encoder(enc_hook=dict, order="deterministic")
"""Equal values to equal bytes; the hook is for mapping proxies."""


class PathKind(StrEnum):
    """How a path is compared; Prefix `/foo` matches `/foo/a` and not `/foobar`."""

    EXACT = "Exact"
    PREFIX = "Prefix"


class BackendProtocol(StrEnum):
    """What the gateway speaks to a backend."""

    HTTP = "http"
    H2C = "h2c"
    HTTPS = "https"


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """What a request must look like. A Prefix has no trailing slash but for `/` itself."""

    path: str
    kind: PathKind


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One address that may take requests: an IP address and a port."""

    address: str
    port: int


class CheckKind(StrEnum):
    """Which probe of a container a health check is made of."""

    READINESS = "readiness"
    LIVENESS = "liveness"


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class HealthCheck:
    """How pods say by HTTP whether they are well: the probe that they give the kubelet.

    `port` need not be that of the backend. `failures` in a row make a pod unwell.
    """

    kind: CheckKind
    port: int
    path: str = "/"
    host: str = ""
    """The Host that the probe sends; empty: it names none."""
    is_https: bool = False
    interval_s: int = 10
    timeout_s: int = 1
    failures: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A port of a Service of one cluster. `name` is unique in the table: `blue/shop/web/http`.

    `endpoints` are those that may take *new* requests (ready, or serving when none is ready),
    sorted; an endpoint that terminates is not among them. `probe` is what most of the pods behind
    them ask of the kubelet; None where they ask for nothing by HTTP, or it is not read.
    """

    name: str
    cluster: Cluster
    namespace: str
    service: str
    port: str
    protocol: BackendProtocol = BackendProtocol.HTTP
    endpoints: tuple[Endpoint, ...] = ()
    probe: HealthCheck | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it has an endpoint that may take a new request."""
        return bool(self.endpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSettings:
    """Neutral settings of a route; `timeout_s` None means no limit."""

    ssl_redirect: bool = False
    timeout_s: float | None = None
    retries: int = 2
    affinity: Affinity = field(default_factory=Affinity)


@dataclass(frozen=True, slots=True, order=True)
class IngressRef:
    """The Ingress that a route comes from."""

    cluster: Cluster
    namespace: str
    name: str


def _no_extensions() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One match of one host, and the backend that answers in each cluster that has the route.

    At least one of `blue` and `green` is there. `sources` names the Ingresses, blue's first.
    `extensions` are the Ingress's annotations verbatim, which only the driver that owns the prefix
    reads.
    """

    match: Match
    blue: Backend | None
    green: Backend | None
    settings: RouteSettings = field(default_factory=RouteSettings)
    extensions: Mapping[str, str] = field(default_factory=_no_extensions)
    sources: tuple[IngressRef, ...] = ()

    def backend(self, cluster: Cluster) -> Backend | None:
        """Return the backend in `cluster`, or None where the cluster does not have the route."""
        return self.blue if cluster is Cluster.BLUE else self.green

    @property
    def bound_to(self) -> Cluster | None:
        """The only cluster that may get this route's requests, or None when the split decides.

        A route in one cluster only is bound to it; so is one of which only one side is ready. If
        neither is ready the wanted weights stand and the route is reported down.
        """
        if self.blue is None:
            return Cluster.GREEN
        if self.green is None:
            return Cluster.BLUE
        if self.blue.is_ready == self.green.is_ready:
            return None
        return Cluster.BLUE if self.blue.is_ready else Cluster.GREEN

    @property
    def is_down(self) -> bool:
        """Whether no cluster has an endpoint for it."""
        return not any(b is not None and b.is_ready for b in (self.blue, self.green))

    def effective_weights(self, wanted: Weights) -> Weights:
        """Return the weights that the gateway is to use here when `wanted` is asked for."""
        bound = self.bound_to
        return wanted if bound is None else Weights.all_to(bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRef:
    """A certificate by name and digest; the bytes travel in a `CertificateStore` only."""

    namespace: str
    secret: str
    digest: CertificateDigest
    not_after: datetime | None = None
    """When the leaf expires, in UTC."""
    cluster: Cluster | None = None
    """Where the Secret is; None when it is not known."""
    names: tuple[str, ...] = ()
    """The DNS names that it is for, lower case, sorted; empty when they are not known."""

    def covers(self, host: str) -> bool:
        """Whether it is for `host`, an exact name; a wildcard stands for one label."""
        _, _, rest = host.partition(".")
        return host in self.names or f"*.{rest}" in self.names


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host name with its routes in matching order: the first that matches answers.

    `name` is lower case: `shop.example.com`, `*.example.com` (exactly one label), or `*` for any.
    `certificate` None and `is_tls` True: the certificate is missing and no earlier one is known;
    TLS for it is refused and plain HTTP never serves it.
    """

    name: str
    routes: tuple[Route, ...]
    certificate: CertificateRef | None = None
    is_tls: bool = False

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of all that the host asks for; kept, so that only changed hosts cost time."""
        return hashlib.sha256(_ENCODER.encode(self)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port of the gateway. A TLS listener serves the hosts with certificates."""

    name: str
    address: str
    port: int
    is_tls: bool = False


class Severity(StrEnum):
    """How bad a problem is: an error dropped something, a warning did not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Problem:
    """A fault in one Kubernetes object that costs only its own route, for `status` and an Event.

    `code` is a stable CamelCase reason such as `ServiceNotFound`.
    """

    cluster: Cluster
    kind: str
    namespace: str
    name: str
    code: str
    message: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, kw_only=True)
class RouteSet:
    """All that two clusters together ask of the gateway, sorted; equal inputs give equal digests.

    `stale` names the clusters whose part is the last known one because their API is away.
    """

    listeners: tuple[Listener, ...]
    hosts: tuple[Host, ...]
    problems: tuple[Problem, ...] = ()
    stale: frozenset[Cluster] = frozenset()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of listeners and hosts; problems and staleness do not count."""
        found = hashlib.sha256(_ENCODER.encode(self.listeners))
        found.update(b"".join([host.digest for host in self.hosts]))
        return found.hexdigest()

    @cached_property
    def backends(self) -> tuple[Backend, ...]:
        """Every backend that a route names, once, sorted by name."""
        found = {
            b.name: b
            for h in self.hosts
            for r in h.routes
            for b in (r.blue, r.green)
            if b is not None
        }
        return tuple(found[name] for name in sorted(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingTable:
    """What the gateway should do now."""

    routes: RouteSet
    split: Split
    arrangement: Arrangement = NOTHING_ARRANGED

    def with_split(self, split: Split) -> "RoutingTable":
        """Return the same routes under another split; costs nothing per route."""
        return replace(self, split=split)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the routes' digest, the split and the arrangement."""
        split = (self.split.default, tuple(self.split.by_host.items()))
        parts = (self.routes.digest, *split, self.arrangement)
        return hashlib.sha256(repr(parts).encode()).hexdigest()
