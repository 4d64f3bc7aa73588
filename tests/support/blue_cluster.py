"""The old cluster as Azure shows it, with all that belongs to it alone."""

from typing import Any

from bascule.azure.document import with_value
from tests.support.fake_arm import SUBSCRIPTION

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
BLUE_ID = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/old"
NODES = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/nodes"
NODE_GROUP = "MC_rg_old_chinanorth2"
ISSUER = "https://issuer/old/"


def build_blue_document(**more: object) -> dict[str, Any]:
    """Return blue; `more` are values by path, with `__` between its parts."""
    pool = {
        "name": "nodepool1",
        "mode": "System",
        "count": 3,
        "vmSize": "Standard_D2s_v5",
        "osType": "Linux",
        "type": "VirtualMachineScaleSets",
        "vnetSubnetID": NODES,
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "orchestratorVersion": "1.34",
        "currentOrchestratorVersion": "1.34.2",
        "nodeImageVersion": "AKSUbuntu-1",
        "eTag": "x",
        "minCount": None,
    }
    document: dict[str, Any] = {
        "id": BLUE_ID.replace("/resourceGroups/", "/resourcegroups/"),
        "name": "old",
        "type": "Microsoft.ContainerService/ManagedClusters",
        "location": "chinanorth2",
        "tags": {"team": "shop", "bascule-platform": "shop"},
        "sku": {"name": "Base", "tier": "Free"},
        "eTag": "y",
        "identity": {"type": "SystemAssigned", "principalId": "blue-principal", "tenantId": "t"},
        "properties": {
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "kubernetesVersion": "1.34",
            "currentKubernetesVersion": "1.34.2",
            "dnsPrefix": "old",
            "fqdn": "old-1.hcp",
            "nodeResourceGroup": NODE_GROUP,
            "agentPoolProfiles": [pool],
            "networkProfile": {
                "networkPlugin": "azure",
                "outboundType": "loadBalancer",
                "loadBalancerProfile": {
                    "managedOutboundIPs": {"count": 1},
                    "effectiveOutboundIPs": [{"id": "x"}],
                },
            },
            "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
            "servicePrincipalProfile": {"clientId": "msi"},
            "identityProfile": {
                "kubeletidentity": {
                    "resourceId": f"/subscriptions/{SUBSCRIPTION}/resourcegroups/{NODE_GROUP}"
                    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/old-agentpool",
                    "objectId": "blue-nodes",
                }
            },
            "somethingNew": {"mode": "on"},
        },
    }
    for path, value in more.items():
        document = with_value(document, tuple(path.split("__")), value)
    return document
