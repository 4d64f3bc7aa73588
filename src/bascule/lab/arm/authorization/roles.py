"""The roles that Azure comes with, under their real ids, as far as anybody here needs them."""

from dataclasses import dataclass

BUILT_IN_TIME = "2015-02-02T21:55:09.8806423Z"
_READ_OWN = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.ResourceHealth/availabilityStatuses/read",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
)
_AKS = "Microsoft.ContainerService/managedClusters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What somebody who has this role may do."""

    id: str
    """The last part of the definition's id."""
    name: str
    description: str = ""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


OWNER = Role(
    id="8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    name="Owner",
    description="Grants full access to manage all resources, including the ability to assign roles "
    "in Azure RBAC.",
    actions=("*",),
)
CONTRIBUTOR = Role(
    id="b24988ac-6180-42a0-ab88-20f7382dd24c",
    name="Contributor",
    description="Grants full access to manage all resources, but does not allow you to assign "
    "roles in Azure RBAC.",
    actions=("*",),
    not_actions=(
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
        "Microsoft.Blueprint/blueprintAssignments/write",
        "Microsoft.Blueprint/blueprintAssignments/delete",
    ),
)
READER = Role(
    id="acdd72a7-3385-48ef-bd42-f606fba81ae7",
    name="Reader",
    description="View all resources, but does not allow you to make any changes.",
    actions=("*/read",),
)
USER_ACCESS_ADMINISTRATOR = Role(
    id="18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    name="User Access Administrator",
    description="Lets you manage user access to Azure resources.",
    actions=("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"),
)
NETWORK_CONTRIBUTOR = Role(
    id="4d97b98b-1d4f-4787-a291-c67834d212e7",
    name="Network Contributor",
    description="Lets you manage networks, but not access to them.",
    actions=(*_READ_OWN, "Microsoft.Network/*"),
)

BUILT_IN: tuple[Role, ...] = (
    OWNER,
    CONTRIBUTOR,
    READER,
    USER_ACCESS_ADMINISTRATOR,
    NETWORK_CONTRIBUTOR,
    Role(
        id="f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        name="Role Based Access Control Administrator",
        actions=(
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ),
    ),
    Role(
        id="f1a07417-d97a-45cb-824c-7a7467783830",
        name="Managed Identity Operator",
        description="Read and Assign User Assigned Identity",
        actions=(
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            *_READ_OWN,
        ),
    ),
    Role(
        id="43d0d8ad-25c7-4714-9337-8ba259a9fe05",
        name="Monitoring Reader",
        description="Can read all monitoring data.",
        actions=(
            "*/read",
            "Microsoft.OperationalInsights/workspaces/search/action",
            "Microsoft.Support/*",
        ),
    ),
    Role(
        id="e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        name="Managed Identity Contributor",
        description="Create, Read, Update, and Delete User Assigned Identity",
        actions=(
            "Microsoft.ManagedIdentity/userAssignedIdentities/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/*",
            *_READ_OWN,
        ),
    ),
    Role(
        id="9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        name="Virtual Machine Contributor",
        actions=(*_READ_OWN, "Microsoft.Compute/*", "Microsoft.Network/*/read"),
    ),
    Role(
        id="b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        name="Private DNS Zone Contributor",
        actions=(
            *_READ_OWN,
            "Microsoft.Network/privateDnsZones/*",
            "Microsoft.Network/privateDnsOperationResults/*",
            "Microsoft.Network/privateDnsOperationStatuses/*",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/join/action",
        ),
    ),
    Role(
        id="7f951dda-4ed3-4680-a7ca-43fe172d538d",
        name="AcrPull",
        actions=("Microsoft.ContainerRegistry/registries/pull/read",),
    ),
    Role(
        id="4633458b-17de-408a-b874-0445c86b69e6",
        name="Key Vault Secrets User",
        data_actions=(
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ),
    ),
    Role(
        id="0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        name="Azure Kubernetes Service Cluster Admin Role",
        description="List cluster admin credential action.",
        actions=(
            f"{_AKS}/listClusterAdminCredential/action",
            f"{_AKS}/accessProfiles/listCredential/action",
            f"{_AKS}/read",
            f"{_AKS}/runcommand/action",
        ),
    ),
    Role(
        id="4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
        name="Azure Kubernetes Service Cluster User Role",
        description="List cluster user credential action.",
        actions=(f"{_AKS}/listClusterUserCredential/action", f"{_AKS}/read"),
    ),
    Role(
        id="ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8",
        name="Azure Kubernetes Service Contributor Role",
        description="Grants access to read and write Azure Kubernetes Service clusters",
        actions=(
            "Microsoft.ContainerService/locations/*",
            f"{_AKS}/*",
            *_READ_OWN,
        ),
    ),
    Role(
        id="3498e952-d568-435e-9b2c-8d77e338d7f7",
        name="Azure Kubernetes Service RBAC Admin",
        actions=(*_READ_OWN, f"{_AKS}/listClusterUserCredential/action"),
        data_actions=(f"{_AKS}/*",),
        not_data_actions=(f"{_AKS}/resourcequotas/write", f"{_AKS}/namespaces/write"),
    ),
    Role(
        id="b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        name="Azure Kubernetes Service RBAC Cluster Admin",
        actions=(*_READ_OWN, f"{_AKS}/listClusterUserCredential/action"),
        data_actions=(f"{_AKS}/*",),
    ),
    Role(
        id="7f6c6a51-bcf8-42ba-9220-52d62157d7db",
        name="Azure Kubernetes Service RBAC Reader",
        actions=_READ_OWN,
        data_actions=(f"{_AKS}/*/read",),
    ),
    Role(
        id="a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb",
        name="Azure Kubernetes Service RBAC Writer",
        actions=_READ_OWN,
        data_actions=(
            f"{_AKS}/*/read",
            *(
                f"{_AKS}/{kind}/*"
                for kind in (
                    "apps/daemonsets",
                    "apps/deployments",
                    "apps/replicasets",
                    "apps/statefulsets",
                    "autoscaling/horizontalpodautoscalers",
                    "batch/cronjobs",
                    "batch/jobs",
                    "configmaps",
                    "endpoints",
                    "networking.k8s.io/ingresses",
                    "networking.k8s.io/networkpolicies",
                    "persistentvolumeclaims",
                    "pods",
                    "policy/poddisruptionbudgets",
                    "secrets",
                    "serviceaccounts",
                    "services",
                )
            ),
        ),
    ),
)
