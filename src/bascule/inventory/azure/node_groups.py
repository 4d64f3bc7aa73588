"""Lists what lies in a cluster's node resource group, and who uses it from outside."""

import asyncio

from bascule.azure.document import Document, list_at, text_at
from bascule.checks.azure.facts import AksFacts, GroupResource, NodeGroupFacts
from bascule.checks.azure.ids import in_group, subscription_id
from bascule.checks.azure.teardown import LASTING_KINDS
from bascule.checks.azure.unreadable import Unreadable
from bascule.inventory.azure.asking import Asker
from bascule.inventory.azure.references import find_users

USING_KINDS = (
    "Microsoft.Compute/disks",
    "Microsoft.Compute/snapshots",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/loadBalancers",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateLinkServices",
    "Microsoft.Network/virtualNetworks",
)
"""What may use a part of a node resource group, listed in the whole subscription."""
_BALANCERS = "Microsoft.Network/loadBalancers"


def group_path(cluster: AksFacts) -> str:
    """Return the id of a cluster's node resource group."""
    return f"{subscription_id(cluster.id)}/resourceGroups/{cluster.node_group}"


async def fetch_node_group(asker: Asker, cluster: AksFacts) -> NodeGroupFacts | Unreadable:
    """Return all of the group, or why it cannot be read."""
    group = group_path(cluster)
    what = f"the node resource group {cluster.node_group}"
    if not cluster.node_group:
        return Unreadable(what="the node resource group", reason="the cluster does not name it")
    async with asyncio.TaskGroup() as tasks:
        listing = tasks.create_task(asker.list(what, f"{group}/resources"))
        using = [
            tasks.create_task(
                asker.list(f"the list of {kind}", f"{subscription_id(cluster.id)}/providers/{kind}")
            )
            for kind in USING_KINDS
        ]
    members = listing.result()
    if isinstance(members, Unreadable):
        return members
    lists = [task.result() for task in using]
    others = [each for found in lists if not isinstance(found, Unreadable) for each in found]
    unseen = tuple(found for found in lists if isinstance(found, Unreadable))
    return await _look_closer(asker, cluster, members, (others, unseen))


async def fetch_internal_addresses(asker: Asker, cluster: AksFacts) -> int:
    """Return how many internal load balancers' addresses a cluster has; 0 if nobody tells."""
    if not cluster.node_group:
        return 0
    path = f"{group_path(cluster)}/providers/{_BALANCERS}"
    found = await asker.list("the load balancers", path)
    if isinstance(found, Unreadable):
        return 0
    return sum(
        1
        for balancer in found
        for frontend in list_at(balancer, "properties", "frontendIPConfigurations")
        if text_at(frontend, "properties", "subnet", "id")
    )


async def _look_closer(
    asker: Asker,
    cluster: AksFacts,
    members: tuple[Document, ...],
    around: tuple[list[Document], tuple[Unreadable, ...]],
) -> NodeGroupFacts:
    """Read whole what must not be lost: a list shows neither who manages nor who uses it."""
    others, unseen = around
    lasting = [each for each in members if text_at(each, "type").lower() in LASTING_KINDS]
    async with asyncio.TaskGroup() as tasks:
        whole = {
            text_at(each, "id"): tasks.create_task(
                asker.get(f"{text_at(each, 'type')} {text_at(each, 'name')}", text_at(each, "id"))
            )
            for each in lasting
        }
    seen = {key: task.result() for key, task in whole.items()}
    outside = [each for each in others if not in_group(text_at(each, "id"), cluster.node_group)]
    resources = []
    for member in members:
        document = seen.get(text_at(member, "id"), member)
        known = member if isinstance(document, Unreadable) else document
        resources.append(
            GroupResource(
                id=text_at(member, "id"),
                kind=text_at(member, "type"),
                name=text_at(member, "name"),
                users=find_users(known, outside, group=cluster.node_group, cluster_id=cluster.id),
            )
        )
    hidden = tuple(each for each in seen.values() if isinstance(each, Unreadable))
    return NodeGroupFacts(
        name=cluster.node_group, resources=tuple(resources), unseen=(*unseen, *hidden)
    )
