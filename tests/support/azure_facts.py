"""Builders of what the checks of the platform look at: the article's pair, with nothing wrong."""

from dataclasses import replace

from bascule.checks.azure.facts import (
    AksFacts,
    AzureFacts,
    GroupResource,
    InsideFacts,
    NodeGroupFacts,
    OfferedVersion,
    Permission,
    PodNetwork,
    PoolFacts,
    SizeFacts,
    Usage,
)
from bascule.checks.azure.gateway_facts import GatewayFacts, Part
from bascule.checks.azure.network_facts import NetworkFacts, SubnetFacts
from bascule.checks.azure.rights import list_needs

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/AKS_Upgrade"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
GATEWAY_SUBNET = f"{NETWORK}/subnets/appgw"
NODE_SUBNET = f"{NETWORK}/subnets/aks"
GATEWAY = f"{GROUP}/providers/Microsoft.Network/applicationGateways/AppGateway"
ADDRESS = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/address"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/controller"
NODE_GROUP = "MC_AKS_Upgrade_old_chinanorth2"


def cluster_id(name: str) -> str:
    return f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/{name}"


def in_node_group(kind: str, name: str) -> str:
    return f"{SUBSCRIPTION}/resourceGroups/{NODE_GROUP}/providers/{kind}/{name}"


def pool(name: str = "nodepool1") -> PoolFacts:
    return PoolFacts(
        name=name,
        size="Standard_D2s_v5",
        nodes=2,
        nodes_max=2,
        pods_max=30,
        surge="1",
        subnet_id=NODE_SUBNET,
    )


def blue() -> AksFacts:
    return AksFacts(
        id=cluster_id("old"),
        name="old",
        location="chinanorth2",
        version="1.33.5",
        pools=(pool(),),
        pod_network=PodNetwork.NODE_SUBNET,
        node_group=NODE_GROUP,
        upgrade_channel="none",
        node_os_channel="None",
    )


def green() -> AksFacts:
    """A green that is to be made."""
    return replace(
        blue(), id=cluster_id("new"), name="new", version="1.34", exists=False, node_group=""
    )


def made_green() -> AksFacts:
    return replace(green(), exists=True, node_group="MC_AKS_Upgrade_new_chinanorth2")


def gateway() -> GatewayFacts:
    return GatewayFacts(
        id=GATEWAY,
        name="AppGateway",
        location="chinanorth2",
        tier="Standard_v2",
        counts={Part.POOLS: 2, Part.SETTINGS: 2, Part.LISTENERS: 2, Part.TARGETS: 3},
        used_counts={Part.POOLS: 2, Part.SETTINGS: 2},
        hosts=("shop.example.com",),
        subnet_id=GATEWAY_SUBNET,
        public_ip_ids=(ADDRESS,),
    )


def subnet(subnet_id: str, *prefixes: str, used: int = 0) -> SubnetFacts:
    return SubnetFacts(
        id=subnet_id,
        name=subnet_id.rpartition("/")[2],
        network_id=NETWORK,
        prefixes=prefixes,
        used=used,
    )


def facts() -> AzureFacts:
    """Return facts in which no check finds anything that stands in the way."""
    needs = list_needs(gateway(), blue(), green())
    return AzureFacts(
        blue=blue(),
        green=green(),
        gateway=gateway(),
        versions=(
            OfferedVersion(minor="1.33", patches=("1.33.4", "1.33.5")),
            OfferedVersion(minor="1.34", patches=("1.34.1",), plans=("KubernetesOfficial",)),
        ),
        sizes={"standard_d2s_v5": SizeFacts(family="standardDSv5Family", vcpus=2, zones=("1",))},
        usages=(
            Usage(name="cores", used=4, limit=100),
            Usage(name="standardDSv5Family", used=4, limit=100),
        ),
        subnets={
            GATEWAY_SUBNET.lower(): subnet(GATEWAY_SUBNET, "10.240.0.0/24", used=2),
            NODE_SUBNET.lower(): subnet(NODE_SUBNET, "10.240.4.0/22", used=62),
        },
        networks={NETWORK.lower(): NetworkFacts(id=NETWORK, name="vnet")},
        permissions={need.scope.lower(): (Permission(actions=("*",)),) for need in needs},
        node_group=NodeGroupFacts(
            name=NODE_GROUP,
            resources=(
                GroupResource(
                    id=in_node_group("Microsoft.Compute/virtualMachineScaleSets", "nodes"),
                    kind="Microsoft.Compute/virtualMachineScaleSets",
                    name="nodes",
                ),
            ),
        ),
        inside={"blue": InsideFacts()},
    )
