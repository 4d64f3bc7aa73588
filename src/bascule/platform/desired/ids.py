"""The ids of a platform's resources, from the names in its spec."""

import uuid
from dataclasses import dataclass

from bascule.azure.resource_id import ResourceId, group_id, subscription_id
from bascule.spec.azure.values import OWNER_TAG
from bascule.spec.platform import Platform

ROLES = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Azure Kubernetes Service Cluster User Role": "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
}
"""The built-in roles that have to do with a platform, by name; the same in every cloud."""
_NAMESPACE = uuid.UUID("7f5be4f1-6a0e-5c1b-9a53-0d6c9d6c1f5e")
NETWORK = "Microsoft.Network"
_CLUSTERS = "Microsoft.ContainerService/managedClusters"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(frozen=True, slots=True)
class Ids:
    """Where everything of a platform is."""

    spec: Platform
    subscription: str

    @property
    def group(self) -> ResourceId:
        """The platform's own resource group."""
        return self.group_of(None)

    @property
    def network(self) -> ResourceId:
        """The virtual network."""
        network = self.spec.network
        return self._child(network.resource_group, f"{NETWORK}/virtualNetworks", network.name)

    def subnet(self, name: str) -> ResourceId:
        """One of its subnets."""
        return self.network.child("subnets", name)

    @property
    def public_ip(self) -> ResourceId:
        """The gateway's public IP."""
        own = self.spec.public_ip
        return self._child(own.resource_group, f"{NETWORK}/publicIPAddresses", own.name)

    @property
    def gateway(self) -> ResourceId:
        """The application gateway."""
        own = self.spec.gateway
        return self._child(own.resource_group, f"{NETWORK}/applicationGateways", own.name)

    def cluster(self, name: str) -> ResourceId:
        """Return a cluster by its name."""
        return self._child(None, _CLUSTERS, name)

    def identity(self, name: str, group: str | None = None) -> ResourceId:
        """Return a managed identity by its name."""
        return self._child(group, _IDENTITIES, name)

    def role(self, name: str) -> str:
        """Return the id of a role: of a built-in one by name; an id stays what it is."""
        if name.startswith("/"):
            return name
        found = ROLES.get(name, name)
        root = subscription_id(self.subscription)
        return str(root.child("Microsoft.Authorization/roleDefinitions", found))

    def assignment(self, scope: ResourceId, principal: str, role: str) -> ResourceId:
        """Return the id of a role assignment: the same one for the same words each time.

        `principal` names who gets it: a resource's key or an object id.
        """
        words = f"{self.spec.name}\n{scope.key}\n{principal.lower()}\n{role.lower()}"
        name = str(uuid.uuid5(_NAMESPACE, words))
        return scope.child("Microsoft.Authorization/roleAssignments", name)

    def group_of(self, name: str | None) -> ResourceId:
        """Return a resource group: the platform's own if no name is given."""
        return group_id(self.subscription, name or self.spec.resource_group)

    @property
    def mark(self) -> str:
        """What a role assignment, which has no tags, says of who made it."""
        return f"{OWNER_TAG}: {self.spec.name}"

    def tags(self, own: dict[str, str]) -> dict[str, str]:
        """Return the tags of something that is made: the platform's, its own, and who made it."""
        return {**self.spec.tags, **own, OWNER_TAG: self.spec.name}

    def _child(self, group: str | None, kind: str, name: str) -> ResourceId:
        return self.group_of(group).child(kind, name)


def has_owner(tags: object, name: str) -> bool:
    """Whether tags say that the platform `name` made the resource."""
    return find_owner(tags) == name


def find_owner(tags: object) -> str:
    """Return the platform that made a resource, by its tags; empty for none."""
    fields = tags if isinstance(tags, dict) else {}
    found = (value for key, value in fields.items() if str(key).lower() == OWNER_TAG)
    return str(next(found, ""))
