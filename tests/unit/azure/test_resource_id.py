"""Ids of resources, groups and subscriptions: their parts, parents, children and comparison."""

import pytest

from bascule.azure.resource_id import (
    GROUP_TYPE,
    SUBSCRIPTION_TYPE,
    ResourceId,
    group_id,
    parse_id,
    subscription_id,
    type_of_path,
)
from bascule.errors import SpecError

GROUP = "/subscriptions/s1/resourceGroups/RG"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
SUBNET = f"{NETWORK}/subnets/nodes"
GRANT = f"{SUBNET}/providers/Microsoft.Authorization/roleAssignments/g1"


def test_a_resource_has_all_its_parts() -> None:
    found = parse_id(SUBNET + "/")

    assert str(found) == SUBNET
    assert (found.subscription, found.group, found.namespace) == ("s1", "RG", "Microsoft.Network")
    assert (found.types, found.names) == (("virtualNetworks", "subnets"), ("vnet", "nodes"))
    assert found.type == "Microsoft.Network/virtualNetworks/subnets"
    assert (found.name, found.scope) == ("nodes", GROUP)


def test_what_extends_a_resource_has_it_as_scope_and_parent() -> None:
    found = parse_id(GRANT)

    assert found.type == "Microsoft.Authorization/roleAssignments"
    assert (found.scope, found.name, found.group) == (SUBNET, "g1", "RG")
    assert found.parent == parse_id(SUBNET)


def test_parents_lead_up_to_the_subscription() -> None:
    climbed = []
    at: ResourceId | None = parse_id(SUBNET)
    while at is not None:
        climbed.append((at.text, at.type))
        at = at.parent

    assert climbed == [
        (SUBNET, "Microsoft.Network/virtualNetworks/subnets"),
        (NETWORK, "Microsoft.Network/virtualNetworks"),
        (GROUP, GROUP_TYPE),
        ("/subscriptions/s1", SUBSCRIPTION_TYPE),
    ]


def test_a_definition_of_the_tenant_has_no_group_and_no_parent() -> None:
    found = parse_id("/providers/Microsoft.Authorization/roleDefinitions/d1")

    assert (found.subscription, found.group, found.name) == ("", "", "d1")
    assert found.type == "Microsoft.Authorization/roleDefinitions"
    assert found.parent is None


def test_ids_are_equal_without_case() -> None:
    other = ResourceId(SUBNET.replace("resourceGroups", "resourcegroups").upper())

    assert other == parse_id(SUBNET)
    assert {other: 1}[parse_id(SUBNET)] == 1
    assert other != parse_id(NETWORK)
    assert other != SUBNET
    assert (other.group, other.subscription) == ("RG", "S1")


def test_children_and_containment() -> None:
    network = parse_id(NETWORK)

    assert network.child("subnets", "nodes") == parse_id(SUBNET)
    grant = parse_id(SUBNET).child("Microsoft.Authorization/roleAssignments", "g1")
    assert grant == parse_id(GRANT)
    assert network.contains(grant)
    assert network.contains(network)
    assert not network.contains(ResourceId(NETWORK + "2"))


def test_groups_and_subscriptions_are_built_from_names() -> None:
    assert str(group_id("s1", "RG")) == GROUP
    assert group_id("s1", "RG").parent == subscription_id("s1")


@pytest.mark.parametrize(
    "text",
    ["", "/", "vnet", "subscriptions/s1", "/subscriptions", "/subscriptions//x/y", "/tenants/t"],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="no id of an Azure resource") as caught:
        parse_id(text)

    assert "az resource show" in caught.value.remedy


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (SUBNET, "Microsoft.Network/virtualNetworks/subnets"),
        (f"{GROUP}/providers/Microsoft.Network/routeTables", "Microsoft.Network/routeTables"),
        (f"{NETWORK}/stop", "Microsoft.Network/virtualNetworks/stop"),
        (GROUP, GROUP_TYPE),
        ("/subscriptions/s1/resourcegroups", GROUP_TYPE),
        ("/subscriptions/s1", SUBSCRIPTION_TYPE),
        ("/subscriptions", SUBSCRIPTION_TYPE),
        ("/subscriptions/s1/resources", "Microsoft.Resources/resources"),
        (f"{GROUP}/resources/", "Microsoft.Resources/resources"),
        ("/subscriptions/s1/providers/Microsoft.Network", "Microsoft.Resources/providers"),
        ("/subscriptions/s1/providers", "Microsoft.Resources/providers"),
    ],
)
def test_a_path_asks_for_a_type(path: str, kind: str) -> None:
    assert type_of_path(path) == kind
