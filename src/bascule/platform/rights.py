"""The four roles that an upgrade is run with on Azure, as data, and whether a caller fits one.

Each holds what its part takes and no more. A runner that holds more than its role gets a warning:
what goes wrong with it goes further. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bascule.checks.azure import actions
from bascule.checks.azure.facts import Permission
from bascule.checks.azure.ids import name_of, resource_group_id
from bascule.checks.azure.permissions import allows, covers
from bascule.journal.record import Json

READING = "*/read"
"""To read more than the role says is no harm: nobody is warned of it."""


class RoleName(StrEnum):
    """What a role is for; as the command takes it."""

    VIEWER = "viewer"
    GATEWAY_WRITER = "gateway-writer"
    PROVISIONER = "provisioner"
    DECOMMISSIONER = "decommissioner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A custom role: what it is for, and the actions that it holds."""

    name: RoleName
    purpose: str
    actions: tuple[str, ...]
    is_of_one_cluster: bool = False
    """Whether it is made for one cluster, and given at that cluster alone."""


_VIEWING = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Compute/*/read",
    "Microsoft.ContainerService/*/read",
    "Microsoft.Insights/diagnosticSettings/read",
    "Microsoft.Insights/eventtypes/*/read",
    "Microsoft.Insights/metrics/read",
    "Microsoft.KubernetesConfiguration/fluxConfigurations/read",
    "Microsoft.ManagedIdentity/*/read",
    "Microsoft.Network/*/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
    "Microsoft.Resources/subscriptions/resources/read",
)
_JOINING = (
    actions.ASSIGN_IDENTITY,
    actions.JOIN_ADDRESS,
    actions.JOIN_SUBNET,
    actions.JOIN_WAF_POLICY,
)
_GATEWAY_WRITING = (
    "Microsoft.Authorization/locks/read",
    actions.READ_PERMISSIONS,
    actions.READ_CLUSTER,
    "Microsoft.Insights/diagnosticSettings/read",
    "Microsoft.Insights/eventtypes/values/read",
    "Microsoft.Insights/logs/*/read",
    "Microsoft.Insights/metrics/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    "Microsoft.Network/locations/*/read",
    actions.READ_WAF_POLICY,
    actions.BACKEND_HEALTH,
    actions.BACKEND_HEALTH_ON_DEMAND,
    actions.READ_GATEWAY,
    actions.WRITE_GATEWAY,
    actions.READ_ADDRESS,
    "Microsoft.Network/virtualNetworks/read",
    actions.READ_SUBNET,
    *_JOINING,
)
_PROVISIONING = (
    *_VIEWING,
    *_JOINING,
    actions.WRITE_ASSIGNMENT,
    actions.WRITE_CLUSTER,
    "Microsoft.ContainerService/managedClusters/agentPools/write",
    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
    "Microsoft.ContainerService/managedClusters/maintenanceConfigurations/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
    actions.WRITE_GATEWAY,
    "Microsoft.Network/natGateways/join/action",
    "Microsoft.Network/networkSecurityGroups/join/action",
    "Microsoft.Network/publicIPAddresses/write",
    "Microsoft.Network/routeTables/join/action",
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Network/virtualNetworks/subnets/write",
    "Microsoft.Resources/subscriptions/resourceGroups/write",
)
_DECOMMISSIONING = (
    actions.READ_PERMISSIONS,
    "Microsoft.Authorization/roleAssignments/read",
    "Microsoft.Authorization/roleAssignments/delete",
    "Microsoft.ContainerService/locations/*/read",
    actions.READ_CLUSTER,
    actions.READ_POOLS,
    actions.STOP_CLUSTER,
    actions.START_CLUSTER,
    actions.DELETE_CLUSTER,
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
)

ROLES: Mapping[RoleName, Role] = MappingProxyType(
    {
        role.name: role
        for role in (
            Role(
                name=RoleName.VIEWER,
                purpose="Sees the platform: for preflight, plan and status.",
                actions=_VIEWING,
            ),
            Role(
                name=RoleName.GATEWAY_WRITER,
                purpose="Moves traffic: writes the gateway. Deletes nothing, assigns no roles.",
                actions=_GATEWAY_WRITING,
            ),
            Role(
                name=RoleName.PROVISIONER,
                purpose="Makes the platform and green, with the roles they need. Deletes nothing.",
                actions=_PROVISIONING,
            ),
            Role(
                name=RoleName.DECOMMISSIONER,
                purpose="Stops, starts and deletes one cluster. Given when it is to go.",
                actions=_DECOMMISSIONING,
                is_of_one_cluster=True,
            ),
        )
    }
)


def render_role(role: Role, scope: str) -> dict[str, Json]:
    """Return the role as `az role definition create` takes it.

    `scope` is a subscription, a resource group or a resource: Azure takes roles for groups and
    above, so that a resource stands for its group, and the role of one cluster bears its name.
    """
    name = f"Bascule {role.name.value}"
    if role.is_of_one_cluster:
        name = f"{name} of {name_of(scope)}"
    held: list[Json] = [*sorted(set(role.actions), key=str.lower)]
    assignable: list[Json] = [resource_group_id(scope)]
    return {
        "Name": name,
        "IsCustom": True,
        "Description": role.purpose,
        "Actions": held,
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": assignable,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """An action of a role, and whether the caller may take it."""

    action: str
    is_allowed: bool


def check_role(role: Role, permissions: Sequence[Permission]) -> tuple[Tested, ...]:
    """Return each action of a role with whether the caller holds it."""
    return tuple(
        Tested(action=action, is_allowed=allows(permissions, action))
        for action in sorted(set(role.actions), key=str.lower)
    )


def find_excess(role: Role, permissions: Sequence[Permission]) -> tuple[str, ...]:
    """Return what the caller holds at the scope beyond the role, reading left out.

    A pattern of the caller's counts as within the role when one of the role's holds all of it.
    """
    within = (*role.actions, READING)
    held = {action for each in permissions for action in each.actions}
    return tuple(
        sorted(action for action in held if not any(covers(pattern, action) for pattern in within))
    )
