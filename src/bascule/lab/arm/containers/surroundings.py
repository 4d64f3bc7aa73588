"""What AKS makes around a cluster: its node resource group, and traces in subnets."""

from typing import Final

from bascule.lab.arm.authorization.principals import Principal, Principals
from bascule.lab.arm.containers import node_groups
from bascule.lab.arm.containers.machines import Record, record_id
from bascule.lab.arm.containers.node_groups import NodeGroup
from bascule.lab.arm.network.attachments import allocate_public_address, attach, detach
from bascule.lab.arm.resources import Document
from bascule.lab.arm.world import ArmWorld

SCALE_SETS: Final = "Microsoft.Compute/virtualMachineScaleSets"


class Surroundings:
    """Keeps the resources that belong to clusters in step with them."""

    def __init__(self, world: ArmWorld, principals: Principals) -> None:
        self._world = world
        self._principals = principals

    def make(self, document: Document) -> None:
        """Make the group and the identity of nodes, and have the cluster name what it gets."""
        self._world.resources.put(node_groups.build_group(document))
        profile = document["properties"].setdefault("identityProfile", {})
        if "kubeletidentity" not in profile:
            facts = self._facts(document, client_id=self._id(), object_id=self._id())
            profile["kubeletidentity"] = node_groups.kubelet_identity(document, facts)
            self._principals.add(
                Principal(
                    id=facts.kubelet_object_id,
                    name=f"{document['name']}-agentpool",
                    app_id=facts.kubelet_client_id,
                )
            )
        balancer = document["properties"]["networkProfile"].get("loadBalancerProfile")
        if balancer is not None and "managedOutboundIPs" in balancer:
            address = f"{node_groups.group_id(document)}/providers/Microsoft.Network"
            address += f"/publicIPAddresses/{node_groups.outbound_name(document)}"
            balancer["effectiveOutboundIPs"] = [{"id": address}]
        self._world.resources.put(document)

    def fill(self, document: Document, record: Record) -> None:
        """Have the group hold what the cluster needs now, and subnets know of its machines."""
        identity = document["properties"].get("identityProfile", {}).get("kubeletidentity", {})
        group = node_groups.group_id(document)
        is_own = str(identity.get("resourceId", "")).lower().startswith(group.lower() + "/")
        facts = self._facts(
            document,
            client_id=identity.get("clientId", "") if is_own else "",
            object_id=identity.get("objectId", "") if is_own else "",
        )
        wanted = tuple(node_groups.build_contents(document, record, facts))
        ids = {each["id"].lower() for each in wanted}
        for each in self._world.resources.of_type(SCALE_SETS, group):
            if each["id"].lower() not in ids:
                detach(self._world.resources, node_groups.subnet_of(each), each["id"])
                self._world.resources.remove(each["id"])
        for each in wanted:
            self._world.resources.put(each)
        self._note_addresses(document, record)

    def remove(self, document: Document) -> None:
        """Forget a cluster with all that was made for it."""
        resources = self._world.resources
        identity = document["identity"].get("principalId", "")
        kubelet = document["properties"].get("identityProfile", {}).get("kubeletidentity", {})
        for profile in document["properties"]["agentPoolProfiles"]:
            if profile.get("vnetSubnetID"):
                detach(resources, profile["vnetSubnetID"], node_groups.group_id(document))
        self._principals.remove(identity)
        self._principals.remove(str(kubelet.get("objectId", "")))
        resources.remove(node_groups.group_id(document))
        resources.remove(record_id(document["id"]))
        resources.remove(document["id"])

    # Parts.

    def _note_addresses(self, document: Document, record: Record) -> None:
        """Have subnets show the addresses that machines take of them, and no others."""
        group, resources = node_groups.group_id(document), self._world.resources
        profiles = document["properties"]["agentPoolProfiles"]
        for subnet in {str(each.get("vnetSubnetID") or "") for each in profiles} - {""}:
            detach(resources, subnet, group)
        for profile in profiles:
            if profile.get("vnetSubnetID"):
                references = node_groups.interface_references(document, record, profile)
                attach(resources, profile["vnetSubnetID"], tuple(references))

    def _facts(self, document: Document, *, client_id: str, object_id: str) -> NodeGroup:
        return NodeGroup(
            tenant_id=self._world.settings.tenant_id,
            kubelet_client_id=client_id,
            kubelet_object_id=object_id,
            outbound_address=self._outbound_address(document),
        )

    def _outbound_address(self, document: Document) -> str:
        balancer = document["properties"]["networkProfile"].get("loadBalancerProfile") or {}
        if "managedOutboundIPs" not in balancer:
            return ""
        name, resources = node_groups.outbound_name(document), self._world.resources
        for each in resources.of_type("Microsoft.Network/publicIPAddresses"):
            if each["name"] == name:
                return str(each["properties"]["ipAddress"])
        return allocate_public_address(resources)

    def _id(self) -> str:
        return str(self._world.make_id())
