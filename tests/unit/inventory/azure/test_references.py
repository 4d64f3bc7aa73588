from typing import Any

import pytest

from bascule.inventory.azure.references import find_users
from tests.support.azure_facts import GATEWAY, GROUP, NETWORK, NODE_GROUP, cluster_id, in_node_group

DISK = in_node_group("Microsoft.Compute/disks", "data")
MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/db"


def users(resource: dict[str, Any], *others: dict[str, Any]) -> tuple[str, ...]:
    return find_users(resource, others, group=NODE_GROUP, cluster_id=cluster_id("old"))


def test_a_resource_that_nobody_names_has_no_users() -> None:
    assert users({"id": DISK}, {"id": MACHINE, "properties": {}}) == ()


@pytest.mark.parametrize(
    "value", [DISK, DISK.upper(), {"id": DISK}, [{"managedDisk": {"id": DISK}}], {DISK: {}}]
)
def test_who_names_a_resource_anywhere_uses_it(value: object) -> None:
    assert users({"id": DISK}, {"id": MACHINE, "properties": {"x": value}}) == (MACHINE,)


def test_who_names_a_part_of_it_uses_it() -> None:
    network = in_node_group("Microsoft.Network/virtualNetworks", "v")
    other = {"id": MACHINE, "properties": {"subnet": {"id": f"{network}/subnets/s"}}}

    assert users({"id": network}, other) == (MACHINE,)


def test_the_cluster_itself_and_its_own_group_are_no_users() -> None:
    scale_set = in_node_group("Microsoft.Compute/virtualMachineScaleSets", "nodes")

    assert (
        users(
            {"id": DISK, "managedBy": scale_set},
            {"id": cluster_id("OLD"), "properties": {"disk": DISK}},
        )
        == ()
    )


@pytest.mark.parametrize(
    "properties",
    [
        {"ipConfiguration": {"id": f"{GATEWAY}/frontendIPConfigurations/public"}},
        {"subnets": [{"properties": {"ipConfigurations": [{"id": f"{GATEWAY}/x/y"}]}}]},
        {
            "subnets": [
                {"properties": {"applicationGatewayIPConfigurations": [{"id": f"{GATEWAY}/x/y"}]}}
            ]
        },
        {"managedBy": GATEWAY},
    ],
)
def test_a_resource_that_says_who_uses_it_is_believed(properties: dict[str, Any]) -> None:
    assert users({"id": DISK, "properties": properties}) == (GATEWAY,)


def test_what_a_resource_uses_itself_is_no_user() -> None:
    assert users({"id": DISK, "properties": {"encryption": {"diskEncryptionSetId": MACHINE}}}) == ()


def test_a_resource_does_not_use_itself() -> None:
    own = {"id": DISK, "properties": {"self": DISK}}

    assert users(own, own) == ()


def test_a_network_that_says_who_stands_in_it_does_not_use_them() -> None:
    scale_set = in_node_group("Microsoft.Compute/virtualMachineScaleSets", "nodes")
    standing = {"ipConfigurations": [{"id": f"{scale_set}/virtualMachines/0/x/y"}]}
    network = {"id": NETWORK, "properties": {"subnets": [{"properties": standing}]}}

    assert users({"id": scale_set}, network) == ()


def test_networks_that_are_peered_use_each_other() -> None:
    own = in_node_group("Microsoft.Network/virtualNetworks", "v")
    peered = {"virtualNetworkPeerings": [{"properties": {"remoteVirtualNetwork": {"id": own}}}]}
    back = {"virtualNetworkPeerings": [{"properties": {"remoteVirtualNetwork": {"id": NETWORK}}}]}

    assert users({"id": own}, {"id": NETWORK, "properties": peered}) == (NETWORK,)
    assert users({"id": own, "properties": back}) == (NETWORK,)
