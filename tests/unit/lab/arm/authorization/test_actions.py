import pytest

from bascule.lab.arm.authorization.actions import Wanted, wanted_of
from bascule.lab.arm.paths import parse_path
from tests.support.arm_world import RG, S

NET = f"{RG}/providers/Microsoft.Network"
AKS = f"{RG}/providers/Microsoft.ContainerService/managedClusters"
SUBNET = f"{NET}/virtualNetworks/v/subnets/aks"
JOIN_SUBNET = "Microsoft.Network/virtualNetworks/subnets/join/action"


def wanted(method: str, path: str, body: object = None) -> Wanted | None:
    return wanted_of(method, parse_path(path), body)


@pytest.mark.parametrize(
    ("method", "path", "action", "scope"),
    [
        ("GET", f"{AKS}/old", "Microsoft.ContainerService/managedClusters/read", f"{AKS}/old"),
        ("GET", AKS, "Microsoft.ContainerService/managedClusters/read", RG),
        (
            "PUT",
            f"{AKS}/old/agentPools/p",
            "Microsoft.ContainerService/managedClusters/agentPools/write",
            f"{AKS}/old/agentPools/p",
        ),
        (
            "GET",
            f"{AKS}/old/agentPools",
            "Microsoft.ContainerService/managedClusters/agentPools/read",
            f"{AKS}/old",
        ),
        (
            "POST",
            f"{AKS}/old/listClusterUserCredential",
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            f"{AKS}/old",
        ),
        (
            "POST",
            f"{NET}/applicationGateways/g/backendhealth",
            "Microsoft.Network/applicationGateways/backendhealth/action",
            f"{NET}/applicationGateways/g",
        ),
        ("DELETE", SUBNET, "Microsoft.Network/virtualNetworks/subnets/delete", SUBNET),
        (
            "PUT",
            f"{SUBNET}/providers/Microsoft.Authorization/roleAssignments/g",
            "Microsoft.Authorization/roleAssignments/write",
            SUBNET,
        ),
        (
            "GET",
            "/providers/Microsoft.Authorization/roleDefinitions",
            "Microsoft.Authorization/roleDefinitions/read",
            "/",
        ),
        ("GET", S, "Microsoft.Resources/subscriptions/read", S),
        ("GET", f"{S}/resources", "Microsoft.Resources/subscriptions/resources/read", S),
        ("PUT", RG.lower(), "Microsoft.Resources/subscriptions/resourceGroups/write", RG.lower()),
        (
            "GET",
            f"{S}/resourcegroups",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            S,
        ),
        (
            "GET",
            f"{RG}/resources",
            "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
            RG,
        ),
    ],
)
def test_a_request_needs_one_action_on_one_scope(
    method: str, path: str, action: str, scope: str
) -> None:
    assert wanted(method, path) == Wanted(action=action, scope=scope)


@pytest.mark.parametrize(
    "path",
    [
        "/subscriptions",
        "/tenants",
        f"{S}/providers",
        f"{S}/locations",
        f"{S}/providers/Microsoft.ContainerService/locations/l/operations/1",
        f"{S}/operationresults/1",
        f"{RG}/providers/Microsoft.Resources/deployments/d/operationStatuses/1",
        f"{RG}/providers/Microsoft.Authorization/permissions",
        f"{S}/providers/Microsoft.Network",
    ],
)
def test_some_pages_are_free_for_whoever_is_signed_in(path: str) -> None:
    assert wanted("GET", path) is None


def test_a_cluster_links_to_its_subnets_addresses_and_identities() -> None:
    identity = f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
    address = f"{NET}/publicIPAddresses/out"
    body = {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        "properties": {
            "agentPoolProfiles": [
                {"name": "a", "vnetSubnetID": SUBNET},
                {"name": "b", "vnetSubnetID": SUBNET.upper(), "podSubnetID": f"{SUBNET}2"},
            ],
            "identityProfile": {"kubeletidentity": {"resourceId": identity}},
            "networkProfile": {
                "loadBalancerProfile": {"outboundIPs": {"publicIPs": [{"id": address}]}}
            },
        },
    }

    found = wanted("PUT", f"{AKS}/old", body)

    assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
    assert found is not None
    assert found.links == (
        (assign, identity),
        (JOIN_SUBNET, SUBNET),
        (JOIN_SUBNET, f"{SUBNET}2"),
        ("Microsoft.Network/publicIPAddresses/join/action", address),
    )


def test_a_resource_does_not_link_to_its_own_parts_nor_by_what_uses_it() -> None:
    group = f"{NET}/networkSecurityGroups/n"

    vnet = wanted(
        "PUT",
        f"{NET}/virtualNetworks/v",
        {"properties": {"subnets": [{"id": SUBNET, "x": {"networkSecurityGroup": {"id": group}}}]}},
    )
    security = wanted("PUT", group, {"properties": {"subnets": [{"id": SUBNET}]}})
    read = wanted("GET", f"{AKS}/old", {"vnetSubnetID": SUBNET})

    assert vnet is not None
    assert vnet.links == (("Microsoft.Network/networkSecurityGroups/join/action", group),)
    assert security is not None
    assert security.links == ()
    assert read is not None
    assert read.links == ()
