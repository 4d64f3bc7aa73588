"""Typed, frozen views of the Kubernetes objects that routing reads, and of nothing else in them.

A view holds only what can change a route, so that two versions of an object which differ in status,
resource version or managed fields are equal. What is wrong in an object is in its `faults`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, TypeAlias


class Kind(StrEnum):
    """The kinds of object that routing reads."""

    INGRESS = "Ingress"
    INGRESS_CLASS = "IngressClass"
    SERVICE = "Service"
    ENDPOINT_SLICE = "EndpointSlice"
    SECRET = "Secret"  # noqa: S105 -- the name of a kind, not a secret
    POD = "Pod"
    REWRITE = "AzureApplicationGatewayRewrite"


ALWAYS_READ = (
    Kind.INGRESS,
    Kind.INGRESS_CLASS,
    Kind.SERVICE,
    Kind.ENDPOINT_SLICE,
    Kind.SECRET,
)
"""The kinds that every gateway needs; the others are read only for those that ask for them."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """Names one object of a cluster; `namespace` is empty where the kind has none."""

    kind: Kind
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in one object; `code` is a stable CamelCase reason, `message` one line."""

    code: str
    message: str


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What every object has; `created` is RFC 3339 in UTC, empty where it was never stored."""

    namespace: str
    name: str
    created: str = ""
    annotations: Mapping[str, str] = field(default_factory=_nothing, hash=False)


@dataclass(frozen=True, slots=True)
class ServiceBackend:
    """A Service and one of its ports, by name or by number (one of the two is set)."""

    service: str
    port: str | int


@dataclass(frozen=True, slots=True)
class UnusableBackend:
    """A backend that names no Service port; its path is kept and answers that nothing is there."""

    what: str


IngressBackend: TypeAlias = ServiceBackend | UnusableBackend


class PathType(StrEnum):
    """How an Ingress says that its path is compared."""

    EXACT = "Exact"
    PREFIX = "Prefix"
    IMPLEMENTATION_SPECIFIC = "ImplementationSpecific"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressPath:
    """One path of a rule, as written; an absent path is `/`."""

    path: str
    path_type: PathType
    backend: IngressBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressRule:
    """Paths of one host: lower case, `*.` first for a wildcard, `*` where the rule names none."""

    host: str
    paths: tuple[IngressPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressTls:
    """Hosts and the Secret with their certificate; no hosts means all of the Ingress."""

    hosts: tuple[str, ...]
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    """An Ingress of networking.k8s.io/v1."""

    kind: ClassVar[Kind] = Kind.INGRESS
    meta: Metadata
    class_name: str = ""
    class_annotation: str = ""
    default_backend: IngressBackend | None = None
    rules: tuple[IngressRule, ...] = ()
    tls: tuple[IngressTls, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """Its name in the cluster."""
        return ObjectRef(self.kind, self.meta.namespace, self.meta.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressClass:
    """An IngressClass: which controller owns the Ingresses that name it."""

    kind: ClassVar[Kind] = Kind.INGRESS_CLASS
    meta: Metadata
    controller: str = ""
    is_default: bool = False
    faults: tuple[Fault, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """Its name in the cluster."""
        return ObjectRef(self.kind, "", self.meta.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    """A TCP port of a Service; `name` may be empty where it is the only one."""

    name: str
    number: int
    app_protocol: str = ""


class AddressFamily(StrEnum):
    """The address types of an EndpointSlice; the API has deprecated FQDN, and we refuse it."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"
    FQDN = "FQDN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service: its ports, and the family that it prefers (the first of `ipFamilies`)."""

    kind: ClassVar[Kind] = Kind.SERVICE
    meta: Metadata
    is_external_name: bool = False
    family: AddressFamily = AddressFamily.IPV4
    ports: tuple[ServicePort, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """Its name in the cluster."""
        return ObjectRef(self.kind, self.meta.namespace, self.meta.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceEndpoint:
    """One endpoint of a slice with its conditions, absent ones read as the API says."""

    addresses: tuple[str, ...]
    is_ready: bool
    is_serving: bool
    is_terminating: bool
    pod: str = ""
    """Name of the Pod behind it, in the slice's namespace; empty where it is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSlice:
    """Some of the endpoints of a Service. `ports` is the number by port name."""

    kind: ClassVar[Kind] = Kind.ENDPOINT_SLICE
    meta: Metadata
    service: str = ""
    family: AddressFamily = AddressFamily.IPV4
    ports: tuple[tuple[str, int], ...] = ()
    endpoints: tuple[SliceEndpoint, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """Its name in the cluster."""
        return ObjectRef(self.kind, self.meta.namespace, self.meta.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePair:
    """A certificate chain, leaf first, and the key that belongs to the leaf; both PEM."""

    chain_pem: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...] = ()
    """The DNS names that the leaf is for, sorted, lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSecret:
    """A Secret with a certificate; `pair` is None where it is unusable, and `faults` say why."""

    kind: ClassVar[Kind] = Kind.SECRET
    meta: Metadata
    pair: CertificatePair | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """Its name in the cluster."""
        return ObjectRef(self.kind, self.meta.namespace, self.meta.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProbe:
    """A container's probe by HTTP, as written; `port` is a number or the name of a port."""

    port: str | int
    path: str = "/"
    host: str = ""
    """The Host header that it sends, else the host that it names; empty: none."""
    is_https: bool = False
    period_s: int = 10
    timeout_s: int = 1
    failures: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container's TCP ports, by name (which may be empty) and number, and its HTTP probes."""

    ports: tuple[tuple[str, int], ...] = ()
    readiness: HttpProbe | None = None
    liveness: HttpProbe | None = None
    pre_stop_s: int | None = 0
    """How long its preStop surely keeps it from being told to end; None: its command does not
    say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A Pod: its containers. Its labels, annotations and status are no part of it."""

    kind: ClassVar[Kind] = Kind.POD
    meta: Metadata
    containers: tuple[Container, ...] = ()
    grace_s: int = 30
    """After so long it is killed, its preStop included."""

    @property
    def ref(self) -> ObjectRef:
        """Its name in the cluster."""
        return ObjectRef(self.kind, self.meta.namespace, self.meta.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteRules:
    """A custom resource with rewrite rules; `spec` is JSON with sorted keys, None: unusable."""

    kind: ClassVar[Kind] = Kind.REWRITE
    meta: Metadata
    spec: str | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """Its name in the cluster."""
        return ObjectRef(self.kind, self.meta.namespace, self.meta.name)


ManifestObject: TypeAlias = (
    Ingress | IngressClass | Service | EndpointSlice | TlsSecret | Pod | RewriteRules
)
