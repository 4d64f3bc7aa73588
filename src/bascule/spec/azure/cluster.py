"""A cluster of a platform: version, pools, network, identities, who may reach its API server."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from bascule.spec.azure.network import Autoscale
from bascule.spec.azure.values import (
    ArmId,
    ClusterName,
    GroupName,
    Guid,
    Name,
    PoolName,
    Range,
    Tags,
    Version,
    Zones,
)
from bascule.spec.mistakes import Mistake, check_names, tell
from bascule.spec.strict import FilePath, Strict

Labels = Annotated[dict[str, str], Field(max_length=100)]
Taints = Annotated[
    tuple[Annotated[str, Field(pattern=r"^\S+:(NoSchedule|PreferNoSchedule|NoExecute)$")], ...],
    Field(max_length=50),
]
VmSize = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{3,80}$")]
MaxPods = Annotated[StrictInt, Field(ge=10, le=250)]
Count = Annotated[StrictInt, Field(ge=0, le=1_000)]


class Pool(Strict):
    """A pool of nodes."""

    name: PoolName = Field(description="Its name: lower case, at most 12 characters.")
    mode: Literal["System", "User"] = Field(
        default="System", description="System pools carry what the cluster itself needs."
    )
    vm_size: VmSize | None = Field(
        default=None, description="The size of its machines; Azure's choice if absent."
    )
    count: Count | None = Field(default=None, description="How many nodes; 3 if nothing is said.")
    autoscale: Autoscale | None = Field(
        default=None, description="Between how many nodes, in place of a count."
    )
    zones: Zones = Field(description="Availability zones; cannot be changed later.")
    max_pods: MaxPods | None = Field(
        default=None, description="Pods on a node; Azure's choice by network if absent."
    )
    os_type: Literal["Linux", "Windows"] = Field(
        default="Linux", description="The system of its nodes."
    )
    os_sku: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9]{1,40}$", description="Its kind, such as Ubuntu."
    )
    os_disk_gb: StrictInt | None = Field(
        default=None, ge=30, le=2_048, description="Size of the system's disk."
    )
    labels: Labels = Field(default_factory=dict, description="Labels of its nodes.")
    taints: Taints = Field(default=(), description="Taints of its nodes: key=value:NoSchedule.")
    subnet: Name | None = Field(default=None, description="Its subnet, if not the cluster's.")
    pod_subnet: Name | None = Field(
        default=None, description="The subnet that pods have their addresses from."
    )
    max_surge: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,3}%?$",
        description="How many nodes are added while it is upgraded, such as 10% or 2.",
    )

    @model_validator(mode="after")
    def _counts_one_way(self) -> Self:
        if self.count is not None and self.autoscale is not None:
            raise ValueError("count and autoscale exclude each other")
        return self


class PoolChange(Strict):
    """What differs in a pool of green from blue's of the same name; or a pool that blue lacks."""

    name: PoolName = Field(description="The pool's name.")
    mode: Literal["System", "User"] | None = Field(default=None, description="As of a pool.")
    vm_size: VmSize | None = Field(default=None, description="The size of its machines.")
    count: Count | None = Field(default=None, description="How many nodes.")
    autoscale: Autoscale | None = Field(default=None, description="Between how many nodes.")
    zones: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[1-9]$")], ...] | None, Field(max_length=3)
    ] = Field(default=None, description="Availability zones.")
    max_pods: MaxPods | None = Field(default=None, description="Pods on a node.")
    os_sku: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9]{1,40}$", description="Its kind, such as AzureLinux."
    )
    labels: Labels | None = Field(default=None, description="Labels of its nodes: all of them.")
    taints: Taints | None = Field(default=None, description="Taints of its nodes: all of them.")
    subnet: Name | None = Field(default=None, description="Its subnet.")
    pod_subnet: Name | None = Field(default=None, description="The subnet of its pods.")
    remove: StrictBool = Field(default=False, description="Whether green goes without it.")

    @model_validator(mode="after")
    def _counts_one_way(self) -> Self:
        if self.count is not None and self.autoscale is not None:
            raise ValueError("count and autoscale exclude each other")
        if self.remove and self.model_fields_set - {"name", "remove"}:
            raise ValueError("is removed, so nothing else can be said of it")
        return self


class ClusterNetwork(Strict):
    """How pods and services get their addresses."""

    plugin: Literal["azure", "kubenet", "none"] = Field(
        default="azure", description="The network plug-in."
    )
    mode: Literal["node-subnet", "overlay"] = Field(
        default="node-subnet",
        description="Whether pods have addresses of the network, or of their own (overlay).",
    )
    dataplane: Literal["azure", "cilium"] = Field(
        default="azure", description="What forwards packets on a node."
    )
    policy: Literal["none", "azure", "calico", "cilium"] = Field(
        default="none", description="What enforces network policies."
    )
    pod_cidr: Range | None = Field(
        default=None, description="Addresses of pods, with overlay and kubenet."
    )
    service_cidr: Range | None = Field(
        default=None, description="Addresses of services; 10.0.0.0/16 by Azure if absent."
    )
    dns_service_ip: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$",
        description="The address of the cluster's DNS, in serviceCidr.",
    )
    outbound: Literal[
        "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
    ] = Field(default="loadBalancer", description="How nodes reach the world.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        tell(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[Mistake]:
        is_overlay = self.mode == "overlay"
        if is_overlay and self.plugin != "azure":
            yield Mistake(("mode",), "overlay is a mode of plugin: azure")
        if self.dataplane == "cilium" and self.plugin != "azure":
            yield Mistake(("dataplane",), "cilium goes with plugin: azure")
        if self.pod_cidr is not None and not is_overlay and self.plugin == "azure":
            said = "pods have addresses of the subnet here"
            yield Mistake(("podCidr",), said, "leave it out, or write `mode: overlay`")


class AutoUpgrade(Strict):
    """What Azure upgrades by itself. Off on both clusters while green is made and blue retired."""

    channel: Literal["none", "patch", "stable", "rapid", "node-image"] = Field(
        default="none", description="Versions of Kubernetes."
    )
    node_os: Literal["None", "Unmanaged", "SecurityPatch", "NodeImage"] | None = Field(
        default=None, description="Images of the nodes; Azure's choice if absent."
    )


class Entra(Strict):
    """Sign-in by Microsoft Entra."""

    admin_groups: tuple[Guid, ...] = Field(
        default=(), max_length=50, description="Object ids of the groups of administrators."
    )
    azure_rbac: StrictBool = Field(
        default=False, description="Whether role assignments of Azure say who may do what."
    )


class Addon(Strict):
    """An add-on of AKS."""

    enabled: StrictBool = Field(default=True, description="Whether it is on.")
    config: dict[str, str] = Field(
        default_factory=dict, max_length=100, description="Its settings, as AKS calls them."
    )


Addons = Annotated[
    dict[Annotated[str, Field(pattern=r"^[A-Za-z]{1,60}$")], Addon], Field(max_length=40)
]


class BlueCluster(Strict):
    """The old cluster, all of it."""

    name: ClusterName = Field(description="Its name.")
    version: Version | None = Field(
        default=None,
        description='Version of Kubernetes in quotes, "1.34" or "1.34.2"; Azure\'s if absent.',
    )
    tier: Literal["Free", "Standard", "Premium"] | None = Field(
        default=None, description="The price tier of its control plane; made Free if absent."
    )
    subnet: Name = Field(description="The subnet of its nodes.")
    pools: tuple[Pool, ...] = Field(
        min_length=1, max_length=100, description="Its pools; one of them at least is a System one."
    )
    network: ClusterNetwork = Field(
        default_factory=ClusterNetwork, description="Its network: plug-in, ranges, way out."
    )
    identity: ArmId | None = Field(
        default=None, description="Its managed identity; one of its own if absent."
    )
    kubelet_identity: ArmId | None = Field(
        default=None, description="The identity of its nodes; one that AKS makes if absent."
    )
    oidc_issuer: StrictBool = Field(
        default=True, description="Whether it vouches for its service accounts."
    )
    workload_identity: StrictBool = Field(
        default=True, description="Whether pods sign in to Azure by their service account."
    )
    authorized_ranges: Annotated[tuple[Range, ...] | None, Field(max_length=200)] = Field(
        default=None,
        description="Who may reach its API server: all if empty; as it is in Azure if absent.",
    )
    private: StrictBool = Field(
        default=False, description="Whether its API server has a private address only."
    )
    private_dns_zone: str | None = Field(
        default=None, description="For a private one: system, none, or the id of a zone."
    )
    local_accounts: StrictBool | None = Field(
        default=None,
        description="Whether certificates sign in beside Entra; as it is in Azure if absent.",
    )
    entra: Entra | None = Field(default=None, description="Sign-in by Entra; off if absent.")
    auto_upgrade: AutoUpgrade | None = Field(
        default=None, description="What Azure upgrades by itself; as Azure has it if absent."
    )
    addons: Addons = Field(default_factory=dict, description="Add-ons by the names of AKS.")
    node_resource_group: GroupName | None = Field(
        default=None, description="Its node resource group; MC_… by Azure if absent."
    )
    ssh_public_key: FilePath | None = Field(
        default=None, description="A public key for its nodes; none if absent."
    )
    tags: Tags = Field(description="Tags beside those of the platform.")

    @field_validator("pools")
    @classmethod
    def _pools_fit(cls, found: tuple[Pool, ...]) -> tuple[Pool, ...]:
        tell(check_names([pool.name for pool in found], "pools"))
        if all(pool.mode != "System" for pool in found):
            raise ValueError("none of them is a System pool")
        return found

    @model_validator(mode="after")
    def _fits(self) -> Self:
        tell(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[Mistake]:
        if self.workload_identity and not self.oidc_issuer:
            said = "needs the OIDC issuer"
            yield Mistake(("workloadIdentity",), said, "write `oidcIssuer: true`, or turn both off")
        if self.private_dns_zone is not None and not self.private:
            yield Mistake(("privateDnsZone",), "only a private cluster has one")
        if self.private and self.authorized_ranges:
            yield Mistake(("authorizedRanges",), "a private cluster has none")
        if self.kubelet_identity is not None and self.identity is None:
            said = "needs an identity of the cluster that is named too"
            yield Mistake(("kubeletIdentity",), said, "add `identity:`")
        if self.local_accounts is False and self.entra is None:
            yield Mistake(("localAccounts",), "nobody could sign in", "add `entra:`")


class Egress(Strict):
    """How green reaches the world: what others let in by address has to be told before."""

    acknowledged: StrictBool = Field(
        default=False,
        description="Whether everybody who lets blue in by its address lets green's in too.",
    )
    outbound_ips: tuple[ArmId, ...] = Field(
        default=(), max_length=100, description="Public IPs of its own that green goes out by."
    )


class GreenCluster(Strict):
    """The new cluster: blue's likeness, but for what stands here."""

    name: ClusterName = Field(description="Its name.")
    version: Version | None = Field(
        default=None, description="Its version, in quotes; blue's if absent."
    )
    tier: Literal["Free", "Standard", "Premium"] | None = Field(
        default=None, description="The price tier of its control plane."
    )
    subnet: Name | None = Field(default=None, description="The subnet of its nodes.")
    pod_cidr: Range | None = Field(
        default=None, description="Addresses of its pods; a free range like blue's if absent."
    )
    authorized_ranges: Annotated[tuple[Range, ...] | None, Field(max_length=200)] = Field(
        default=None, description="Who may reach its API server."
    )
    private_dns_zone: str | None = Field(
        default=None, description="For a private one: system, none, or the id of a zone."
    )
    pools: tuple[PoolChange, ...] = Field(
        default=(), max_length=100, description="What differs in its pools."
    )
    addons: Addons = Field(
        default_factory=dict, description="Add-ons that differ, by the names of AKS."
    )
    egress: Egress = Field(default_factory=Egress, description="How it reaches the world.")
    node_resource_group: GroupName | None = Field(
        default=None, description="Its node resource group; MC_… by Azure if absent."
    )
    tags: Tags = Field(description="Tags that differ from blue's.")

    @field_validator("pools")
    @classmethod
    def _pools_differ(cls, found: tuple[PoolChange, ...]) -> tuple[PoolChange, ...]:
        tell(check_names([pool.name for pool in found], "pools"))
        return found


class PlatformClusters(Strict):
    """The clusters of a platform."""

    blue: BlueCluster = Field(description="The old cluster.")
    green: GreenCluster | None = Field(
        default=None, description="The new cluster, made from blue's likeness; none if absent."
    )
