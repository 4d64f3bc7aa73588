"""What the translation has to know of a gateway beside the routing table."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from bascule.ids import Cluster
from bascule.routing.model import BackendProtocol

KILOBYTE = 1_000
PREFIX = "bsc-"
"""What the names of our children of the gateway begin with."""


class Mechanism(StrEnum):
    """How all routes change clusters in one PUT."""

    RULES = "rules"
    """Each cluster has path maps, pools and settings of its own; the rules name one's."""
    POOLS = "pools"
    """One pool a backend, whose addresses are those of the cluster that has the requests."""
    AUTO = "auto"
    """Rules where all fits so, else pools where more does; what is live stays while traffic moves.
    """


class BackendsKind(StrEnum):
    """What the pools hold."""

    PODS = "pods"
    LOAD_BALANCER = "loadBalancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """The one address of a cluster behind which an ingress controller of its own listens."""

    address: str
    port: int = 80
    protocol: BackendProtocol = BackendProtocol.HTTP
    """HTTPS where what listens there terminates TLS."""
    probe_path: str = "/"
    probe_host: str = ""
    """The Host of probes; empty: each route's own host name."""

    def is_reached_as(self, other: "LoadBalancer") -> bool:
        """Whether nothing but the address differs, so that addresses can be exchanged."""
        return replace(self, address=other.address) == other


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many children of each collection an Application Gateway v2 takes.

    Source: Azure subscription and service limits, Application Gateway (06/2024).
    """

    backend_pools: int = 100
    targets_a_pool: int = 1_200
    backend_settings: int = 100
    probes: int = 100
    listeners: int = 200
    active_listeners: int = 100
    rules: int = 400
    certificates: int = 100
    redirects: int = 100
    rewrite_sets: int = 400
    path_rules_a_map: int = 100
    ports: int = 100
    hosts_a_listener: int = 5
    document_kilobytes: int = 4_000
    """What Azure Resource Manager takes of one request; nobody could verify that it is 4 MB."""


def _no_load_balancers() -> Mapping[Cluster, LoadBalancer]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class AppGwSettings:
    """How one routing table becomes our part of one gateway's document.

    `hosts` are those that we may serve, `*.example.com` for wildcards; empty: every host that no
    child of somebody else serves.
    """

    gateway_id: str
    owner: str
    """The gateway's name in `gateway.yaml`; its tag says that the prefix is ours."""
    prefix: str = PREFIX
    mechanism: Mechanism = Mechanism.RULES
    backends: BackendsKind = BackendsKind.PODS
    load_balancers: Mapping[Cluster, LoadBalancer] = field(default_factory=_no_load_balancers)
    shares_accepted: bool = False
    """Whether a host may have both clusters' addresses in its pools."""
    http_port: int = 80
    """Where plain HTTP comes in; an annotation may say another port for its Ingress."""
    https_port: int = 443
    use_private_frontend: bool = False
    """Whether every listener is on the private frontend; an annotation asks for it one by one."""
    hosts: tuple[str, ...] = ()
    limits: Limits | None = field(default_factory=Limits)
    """None: nothing is left out, for benchmarks and reviews of what would be too much."""
