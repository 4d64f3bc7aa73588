"""What AKS makes in a cluster's node resource group: machines, addresses, identity. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bascule.lab.arm.containers.machines import Record, machine_name, scale_set_name
from bascule.lab.arm.containers.ranges import OWN_SUBNET, addresses_of
from bascule.lab.arm.resources import Document

GROUP_TYPE = "Microsoft.Resources/resourceGroups"
OWN_NETWORK = "10.224.0.0/12"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup:
    """What its contents say that no document says: ids drawn once, an address given once."""

    tenant_id: str
    kubelet_client_id: str
    kubelet_object_id: str
    outbound_address: str


def group_id(document: Document) -> str:
    """Return the id of a cluster's node resource group."""
    subscription = document["id"].split("/")[2]
    name = document["properties"]["nodeResourceGroup"]
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def build_group(document: Document) -> Document:
    """Return the node resource group itself."""
    resource_group = document["id"].split("/")[4]
    return {
        "id": group_id(document),
        "name": document["properties"]["nodeResourceGroup"],
        "type": GROUP_TYPE,
        "location": document["location"],
        "managedBy": document["id"],
        "tags": {
            **(document.get("tags") or {}),
            "aks-managed-cluster-name": document["name"],
            "aks-managed-cluster-rg": resource_group,
        },
        "properties": {"provisioningState": "Succeeded"},
    }


def build_contents(document: Document, record: Record, facts: NodeGroup) -> Iterator[Document]:
    """Yield what lies in the group, all of it afresh."""
    yield from _identity(document, facts)
    yield from _network(document, record, facts)
    for profile in document["properties"]["agentPoolProfiles"]:
        yield _scale_set(document, record, profile)


def kubelet_identity(document: Document, facts: NodeGroup) -> dict[str, str]:
    """Return what the cluster says of the identity of its nodes, made by AKS."""
    return {
        "resourceId": f"{group_id(document).replace('resourceGroups', 'resourcegroups')}/providers"
        f"/Microsoft.ManagedIdentity/userAssignedIdentities/{document['name']}-agentpool",
        "clientId": facts.kubelet_client_id,
        "objectId": facts.kubelet_object_id,
    }


def _resource(document: Document, kind: str, name: str, properties: Mapping[str, Any]) -> Document:
    resource_id = f"{group_id(document)}/providers/{kind}/{name}"
    stamp = {"etag": _etag(resource_id)} if kind.startswith("Microsoft.Network/") else {}
    return {
        "id": resource_id,
        "name": name,
        "type": kind,
        **stamp,
        "location": document["location"],
        "tags": dict(document.get("tags") or {}),
        "properties": dict(properties),
    }


def _etag(resource_id: str) -> str:
    """Return the etag that a resource of a network has as long as nobody changes it."""
    return f'W/"{uuid5(NAMESPACE_URL, resource_id)}"'


def _identity(document: Document, facts: NodeGroup) -> Iterator[Document]:
    if not facts.kubelet_client_id:
        return
    yield _resource(
        document,
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        f"{document['name']}-agentpool",
        {
            "tenantId": facts.tenant_id,
            "principalId": facts.kubelet_object_id,
            "clientId": facts.kubelet_client_id,
            "isolationScope": "None",
        },
    )


def outbound_name(document: Document) -> str:
    """Return the name of the public address by which pods reach the world."""
    return str(document["properties"]["resourceUID"])


def _network(document: Document, record: Record, facts: NodeGroup) -> Iterator[Document]:
    cluster_hash = record["hash"]
    provisioned = {"provisioningState": "Succeeded"}
    if facts.outbound_address:
        address = _resource(
            document,
            "Microsoft.Network/publicIPAddresses",
            outbound_name(document),
            {
                **provisioned,
                "ipAddress": facts.outbound_address,
                "publicIPAddressVersion": "IPv4",
                "publicIPAllocationMethod": "Static",
                "idleTimeoutInMinutes": 30,
            },
        )
        yield {**address, "sku": {"name": "Standard", "tier": "Regional"}}
    if document["properties"]["networkProfile"]["outboundType"] == "loadBalancer":
        balancer = _resource(document, "Microsoft.Network/loadBalancers", "kubernetes", provisioned)
        yield {**balancer, "sku": {"name": "Standard", "tier": "Regional"}}
    yield _resource(
        document,
        "Microsoft.Network/networkSecurityGroups",
        f"aks-agentpool-{cluster_hash}-nsg",
        {**provisioned, "securityRules": []},
    )
    if document["properties"]["networkProfile"]["networkPlugin"] == "kubenet":
        yield _resource(
            document,
            "Microsoft.Network/routeTables",
            f"aks-agentpool-{cluster_hash}-routetable",
            {**provisioned, "routes": []},
        )
    if not any(each.get("vnetSubnetID") for each in _profiles(document)):
        yield from _own_network(document, record)


def own_subnet_id(document: Document, record: Record) -> str:
    """Return the subnet that AKS makes for a cluster that names none."""
    return (
        f"{group_id(document)}/providers/Microsoft.Network/virtualNetworks/"
        f"aks-vnet-{record['hash']}/subnets/aks-subnet"
    )


def _own_network(document: Document, record: Record) -> Iterator[Document]:
    subnet = {
        "id": own_subnet_id(document, record),
        "name": "aks-subnet",
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "etag": _etag(own_subnet_id(document, record)),
        "properties": {"provisioningState": "Succeeded", "addressPrefix": OWN_SUBNET},
    }
    yield _resource(
        document,
        "Microsoft.Network/virtualNetworks",
        f"aks-vnet-{record['hash']}",
        {
            "provisioningState": "Succeeded",
            "addressSpace": {"addressPrefixes": [OWN_NETWORK]},
            "subnets": [subnet],
            "virtualNetworkPeerings": [],
        },
    )


def _scale_set(document: Document, record: Record, profile: Mapping[str, Any]) -> Document:
    pool, cluster_hash = profile["name"], record["hash"]
    name = scale_set_name(pool, cluster_hash)
    machines = record["pools"][pool]["machines"]
    scale_set = _resource(
        document,
        "Microsoft.Compute/virtualMachineScaleSets",
        name,
        {
            "provisioningState": "Succeeded",
            "singlePlacementGroup": False,
            "overprovision": False,
            "upgradePolicy": {"mode": "Manual"},
            "virtualMachineProfile": {
                "networkProfile": {
                    "networkInterfaceConfigurations": [_interface(document, record, profile)]
                },
                "priority": profile.get("scaleSetPriority") or "Regular",
            },
        },
    )
    scale_set["tags"] |= {
        "aks-managed-poolName": pool,
        "aks-managed-orchestrator": f"Kubernetes:{profile['currentOrchestratorVersion']}",
        "aks-managed-createOperationID": document["properties"]["resourceUID"],
    }
    scale_set["sku"] = {
        "name": profile["vmSize"],
        "tier": "Standard",
        "capacity": len(machines),
    }
    if profile.get("availabilityZones"):
        scale_set["zones"] = list(profile["availabilityZones"])
    scale_set["instances"] = _instances(machines, name, pool, cluster_hash)
    return scale_set


def _instances(
    machines: Iterable[Mapping[str, Any]], scale_set: str, pool: str, cluster_hash: str
) -> list[Document]:
    return [
        {
            "instanceId": str(each["instance"]),
            "name": f"{scale_set}_{each['instance']}",
            "computerName": machine_name(pool, cluster_hash, each["instance"]),
        }
        for each in machines
    ]


def subnet_of(scale_set: Document) -> str:
    """Return the subnet that the machines of a scale set are in."""
    network = scale_set["properties"]["virtualMachineProfile"]["networkProfile"]
    card = network["networkInterfaceConfigurations"][0]["properties"]
    return str(card["ipConfigurations"][0]["properties"]["subnet"]["id"])


def interface_references(
    document: Document, record: Record, profile: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the ids of the addresses that a pool's machines take of their subnet."""
    name = scale_set_name(profile["name"], record["hash"])
    scale_set = f"{group_id(document)}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}"
    for machine in record["pools"][profile["name"]]["machines"]:
        card = f"{scale_set}/virtualMachines/{machine['instance']}/networkInterfaces/{name}"
        for number in range(addresses_of(document, profile)):
            yield f"{card}/ipConfigurations/ipconfig{number + 1}"


def _interface(document: Document, record: Record, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the network card of every machine, one configuration for each of its addresses."""
    subnet = profile.get("vnetSubnetID") or own_subnet_id(document, record)
    count = addresses_of(document, profile)
    return {
        "name": f"aks-{profile['name']}-{record['hash']}-vmss",
        "properties": {
            "primary": True,
            "enableIPForwarding": True,
            "ipConfigurations": [
                {
                    "name": f"ipconfig{number + 1}",
                    "properties": {"primary": number == 0, "subnet": {"id": subnet}},
                }
                for number in range(count)
            ],
        },
    }


def _profiles(document: Document) -> list[dict[str, Any]]:
    profiles: list[dict[str, Any]] = document["properties"]["agentPoolProfiles"]
    return profiles
