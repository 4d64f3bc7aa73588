"""The subscription itself: what it is, its tenant, its regions and its resource providers."""

from collections.abc import Mapping
from typing import Any, Final

from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.world import ArmWorld

REGIONS: Final[Mapping[str, str]] = {
    "chinaeast2": "China East 2",
    "chinaeast3": "China East 3",
    "chinanorth2": "China North 2",
    "chinanorth3": "China North 3",
    "eastus": "East US",
    "eastus2": "East US 2",
    "northeurope": "North Europe",
    "southeastasia": "Southeast Asia",
    "usgovvirginia": "USGov Virginia",
    "westeurope": "West Europe",
    "westus2": "West US 2",
}
NAMESPACES: Final[Mapping[str, tuple[str, ...]]] = {
    "Microsoft.Authorization": ("locks", "permissions", "roleAssignments", "roleDefinitions"),
    "Microsoft.Compute": ("disks", "locations/usages", "skus", "virtualMachineScaleSets"),
    "Microsoft.ContainerService": (
        "locations/kubernetesVersions",
        "locations/operations",
        "managedClusters",
        "managedClusters/agentPools",
    ),
    "Microsoft.Insights": ("diagnosticSettings", "eventtypes", "metrics"),
    "Microsoft.ManagedIdentity": ("userAssignedIdentities",),
    "Microsoft.Network": (
        "applicationGateways",
        "networkSecurityGroups",
        "publicIPAddresses",
        "routeTables",
        "virtualNetworks",
        "virtualNetworks/subnets",
    ),
    "Microsoft.OperationalInsights": ("workspaces",),
    "Microsoft.Resources": ("deployments", "resourceGroups", "subscriptions"),
}
API_VERSIONS: Final = ("2025-07-01", "2024-11-01", "2023-11-01")


def region_of(text: str) -> str:
    """Return a region's name: `China North 2` and `chinanorth2` are the same."""
    return text.replace(" ", "").lower()


class SubscriptionPages:
    """Answers below `/subscriptions`, `/tenants` and `/subscriptions/S/providers`."""

    def __init__(self, world: ArmWorld) -> None:
        self._settings = world.settings
        self._registered = {name.lower() for name in NAMESPACES}

    def answer(self, request: ArmRequest) -> ArmReply | None:
        """Answer, or return None for a path that is not of these."""
        path = request.path
        parts = tuple(part.lower() for part in path.parts)
        if path.namespace:
            return self._provider(path.namespace, request.method)
        if path.subscription:
            return self._below(parts)
        if parts == ("subscriptions",):
            return ArmReply(body={"value": [self._subscription()], "count": self._count()})
        if parts == ("tenants",):
            return ArmReply(body={"value": [self._tenant()]})
        if parts == ("providers",):
            return self._providers()
        return None

    def _below(self, parts: tuple[str, ...]) -> ArmReply | None:
        if not parts:
            return ArmReply(body=self._subscription())
        if parts == ("locations",):
            return ArmReply(body={"value": [self._location(name) for name in REGIONS]})
        if parts == ("providers",):
            return self._providers()
        return None

    def _subscription(self) -> dict[str, Any]:
        subscription = self._settings.subscription_id
        return {
            "id": f"/subscriptions/{subscription}",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionId": subscription,
            "tenantId": self._settings.tenant_id,
            "displayName": "Bascule lab",
            "state": "Enabled",
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
        }

    def _count(self) -> dict[str, Any]:
        return {"type": "Total", "value": 1}

    def _tenant(self) -> dict[str, Any]:
        tenant = self._settings.tenant_id
        return {
            "id": f"/tenants/{tenant}",
            "tenantId": tenant,
            "displayName": "Bascule lab",
            "defaultDomain": "lab.invalid",
            "domains": ["lab.invalid"],
            "tenantCategory": "Home",
        }

    def _location(self, name: str) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/{self._settings.subscription_id}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": REGIONS[name],
            "regionalDisplayName": REGIONS[name],
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }

    def _providers(self) -> ArmReply:
        return ArmReply(body={"value": [self._described(name) for name in NAMESPACES]})

    def _provider(self, namespace: str, method: str) -> ArmReply:
        found = next((name for name in NAMESPACES if name.lower() == namespace.lower()), None)
        if found is None:
            raise ArmRefusal(
                404,
                "InvalidResourceNamespace",
                f"The resource namespace '{namespace}' is invalid.",
            )
        if method == "POST":
            self._registered.add(found.lower())
        return ArmReply(body=self._described(found))

    def _described(self, namespace: str) -> dict[str, Any]:
        is_registered = namespace.lower() in self._registered
        return {
            "id": f"/subscriptions/{self._settings.subscription_id}/providers/{namespace}",
            "namespace": namespace,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": "Registered" if is_registered else "NotRegistered",
            "resourceTypes": [
                {
                    "resourceType": name,
                    "locations": list(REGIONS.values()),
                    "apiVersions": list(API_VERSIONS),
                    "capabilities": "None",
                }
                for name in NAMESPACES[namespace]
            ],
        }
