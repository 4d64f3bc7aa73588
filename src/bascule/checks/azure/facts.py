"""What the checks of the platform look at: Azure as it was read at one moment, as values.

What could not be read is `Unreadable`, with the reason: never taken for what is not there.
Ids of resources are compared without case, by `same_id`; keys of mappings are ids in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.network_facts import NetworkFacts, SubnetFacts
from bascule.checks.azure.unreadable import Unreadable


class PodNetwork(StrEnum):
    """How pods get their addresses."""

    NODE_SUBNET = "node subnet"
    POD_SUBNET = "pod subnet"
    OVERLAY = "overlay"
    KUBENET = "kubenet"
    OTHER = "unknown to Bascule"


class Backends(StrEnum):
    """What the gateway's pools hold; the values are those of the spec."""

    PODS = "pods"
    LOAD_BALANCER = "loadBalancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """A pool of nodes."""

    name: str
    size: str
    """Such as `Standard_D4s_v5`."""
    nodes: int
    nodes_max: int
    """What the autoscaler may reach; `nodes` without one."""
    pods_max: int
    """How many pods a node may hold."""
    surge: str = ""
    """As Azure writes it: `2`, `33%`; empty is Azure's default."""
    zones: tuple[str, ...] = ()
    subnet_id: str = ""
    """Empty: a network of AKS's own making, in the node resource group."""
    pod_subnet_id: str = ""
    is_spot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AksFacts:
    """A cluster of AKS: one that exists, or one that is to be made."""

    id: str
    name: str
    location: str
    version: str
    """Such as `1.33.5`, or `1.33` for its newest patch."""
    pools: tuple[PoolFacts, ...]
    pod_network: PodNetwork
    exists: bool = True
    node_group: str = ""
    """The name of the node resource group; empty when it is not there yet."""
    pod_cidrs: tuple[str, ...] = ()
    identity_ids: tuple[str, ...] = ()
    """The user-assigned identities that it runs as."""
    internal_addresses: int = 0
    """How many internal load balancers it has."""
    has_agic: bool = False
    """Whether the add-on `ingressApplicationGateway` is on."""
    agic_gateway_id: str = ""
    """The gateway that the add-on writes; empty where it does not say."""
    upgrade_channel: str = ""
    node_os_channel: str = ""
    is_private: bool = False
    unreached: str = ""
    """Why its API server does not answer from here; empty where it does or was not asked."""
    has_local_accounts: bool = True
    is_running: bool = True
    state: str = "Succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedVersion:
    """A minor version that the region offers."""

    minor: str
    patches: tuple[str, ...] = ()
    is_preview: bool = False
    plans: tuple[str, ...] = ()
    """Such as `KubernetesOfficial`, `AKSLongTermSupport`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFacts:
    """A size of machines in the region, as this subscription may use it."""

    family: str
    vcpus: int
    zones: tuple[str, ...] = ()
    """Where it is offered; empty: the region has no zones for it."""
    refused_zones: tuple[str, ...] = ()
    """Zones that this subscription may not use."""
    refusal: str = ""
    """Why this subscription may not use it in the region at all; empty when it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A quota of vCPUs in the region."""

    name: str
    """`cores` for all, `lowPriorityCores` for spot, else the family."""
    used: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What a caller may do at a scope: `actions` less `not_actions`, with `*` for anything."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A management lock, and the scope that it is on."""

    name: str
    level: str
    """`CanNotDelete` or `ReadOnly`."""
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An assignment of a policy that is enforced; `effect` is empty when it is not told."""

    name: str
    effect: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResource:
    """A resource of a node resource group, and who uses it from outside the cluster."""

    id: str
    kind: str
    """Its type, such as `Microsoft.Compute/disks`."""
    name: str
    users: tuple[str, ...] = ()
    """Ids of resources outside the group, other than the cluster itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroupFacts:
    """All that lies in a cluster's node resource group."""

    name: str
    resources: tuple[GroupResource, ...] = ()
    unseen: tuple[Unreadable, ...] = ()
    """What might use it and could not be listed."""


class ControllerKind(StrEnum):
    """How a controller that writes gateways got into a cluster."""

    HELM = "Helm release"
    GITOPS = "GitOps object"
    DEPLOYMENT = "Deployment"
    POD = "Pod"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerFacts:
    """A sign of AGIC inside a cluster."""

    kind: ControllerKind
    namespace: str
    name: str
    is_idle: bool = False
    """Whether it is scaled to zero or suspended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsideFacts:
    """What a cluster's own API showed; `unseen` is what it did not let us list."""

    controllers: tuple[ControllerFacts, ...] = ()
    unseen: tuple[Unreadable, ...] = ()
    extensions: tuple[str, ...] | None = None
    """The ranges that each OverlayExtensionConfig lets into the overlay; None: not known."""


Versions: TypeAlias = tuple[OfferedVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureFacts:
    """Two clusters, a gateway and what surrounds them."""

    blue: AksFacts | Unreadable
    green: AksFacts | Unreadable
    """The second cluster: as it is, or as it would be made."""
    gateway: GatewayFacts | Unreadable
    versions: Versions | Unreadable
    sizes: Mapping[str, SizeFacts] | Unreadable
    """By the name of the size, in lower case."""
    usages: tuple[Usage, ...] | Unreadable
    subnets: Mapping[str, SubnetFacts | Unreadable] = field(default_factory=dict)
    networks: Mapping[str, NetworkFacts | Unreadable] = field(default_factory=dict)
    permissions: Mapping[str, tuple[Permission, ...] | Unreadable] = field(default_factory=dict)
    locks: tuple[Lock, ...] | Unreadable = ()
    policies: tuple[Policy, ...] | Unreadable = ()
    node_group: NodeGroupFacts | Unreadable
    """Of blue."""
    inside: Mapping[str, InsideFacts | Unreadable] = field(default_factory=dict)
    """By `blue` or `green`; one that is not there was not asked."""
    gitops: Mapping[str, tuple[str, ...] | Unreadable] = field(default_factory=dict)
    """Names of what Flux, as Azure installs it, applies to each cluster; as `inside`."""
    backends: Backends = Backends.PODS
    approved: frozenset[str] = frozenset()
    """Names and ids of what may go with blue's node resource group."""

    @property
    def clusters(self) -> Mapping[str, AksFacts]:
        """Those that could be read, by `blue` and `green`."""
        both = {"blue": self.blue, "green": self.green}
        return {role: seen for role, seen in both.items() if isinstance(seen, AksFacts)}
