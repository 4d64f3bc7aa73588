from dataclasses import replace
from typing import Any

from bascule.checks.azure.facts import NodeGroupFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.inventory.azure.asking import Asker
from bascule.inventory.azure.node_groups import (
    USING_KINDS,
    fetch_internal_addresses,
    fetch_node_group,
    group_path,
)
from tests.support.azure_documents import Documents
from tests.support.azure_facts import GATEWAY, SUBSCRIPTION, blue, in_node_group

GROUP = group_path(blue())
ADDRESS = in_node_group("Microsoft.Network/publicIPAddresses", "out")
NODES = in_node_group("Microsoft.Compute/virtualMachineScaleSets", "nodes")
MEMBERS = [
    {"id": ADDRESS, "name": "out", "type": "Microsoft.Network/publicIPAddresses"},
    {"id": NODES, "name": "nodes", "type": "Microsoft.Compute/virtualMachineScaleSets"},
]


def azure(
    address: dict[str, Any], *gateways: dict[str, Any], forbidden: tuple[str, ...] = ()
) -> Documents:
    lists = {
        f"{GROUP}/resources": MEMBERS,
        f"{SUBSCRIPTION}/providers/Microsoft.Network/applicationGateways": gateways,
    }
    return Documents({"id": ADDRESS, **address}, lists=lists, forbidden=forbidden)


async def fetch(arm: Documents) -> NodeGroupFacts:
    found = await fetch_node_group(Asker(arm), blue())
    assert isinstance(found, NodeGroupFacts)
    return found


async def test_all_of_the_group_is_listed_and_what_must_last_is_read_whole() -> None:
    arm = azure({})

    found = await fetch(arm)

    assert [each.name for each in found.resources] == ["out", "nodes"]
    assert found.unseen == ()
    assert ADDRESS in arm.asked
    assert NODES not in arm.asked
    assert sum("/providers/" in each for each in arm.asked) == len(USING_KINDS) + 1


async def test_who_uses_a_part_from_outside_is_found_by_its_own_document() -> None:
    gateway = {"id": GATEWAY, "properties": {"frontend": {"publicIPAddress": {"id": ADDRESS}}}}

    found = await fetch(azure({}, gateway))

    assert found.resources[0].users == (GATEWAY,)


async def test_who_uses_a_part_from_outside_is_found_by_what_the_part_says() -> None:
    told = {"properties": {"ipConfiguration": {"id": f"{GATEWAY}/frontendIPConfigurations/x"}}}

    found = await fetch(azure(told))

    assert found.resources[0].users == (GATEWAY,)


async def test_a_part_that_cannot_be_read_whole_is_not_known() -> None:
    found = await fetch(azure({}, forbidden=(ADDRESS,)))

    assert [each.what for each in found.unseen] == ["Microsoft.Network/publicIPAddresses out"]
    assert len(found.resources) == 2


async def test_users_that_may_not_be_listed_are_not_known() -> None:
    path = f"{SUBSCRIPTION}/providers/Microsoft.Compute/disks"

    found = await fetch(azure({}, forbidden=(path,)))

    assert [each.what for each in found.unseen] == ["the list of Microsoft.Compute/disks"]


async def test_a_group_that_cannot_be_listed_is_unreadable() -> None:
    found = await fetch_node_group(Asker(azure({}, forbidden=(f"{GROUP}/resources",))), blue())

    assert isinstance(found, Unreadable)
    assert found.reason == "AuthorizationFailed"


async def test_a_cluster_that_names_no_group_has_none_that_can_be_read() -> None:
    bare = replace(blue(), node_group="")

    assert isinstance(await fetch_node_group(Asker(azure({})), bare), Unreadable)
    assert await fetch_internal_addresses(Asker(azure({})), bare) == 0


async def test_internal_load_balancers_are_those_with_an_address_in_a_subnet() -> None:
    path = f"{GROUP}/providers/Microsoft.Network/loadBalancers"
    frontends = [
        {"properties": {"subnet": {"id": "/subnet"}}},
        {"properties": {"publicIPAddress": {"id": ADDRESS}}},
    ]
    balancer = {"id": "/lb", "properties": {"frontendIPConfigurations": frontends}}

    assert await fetch_internal_addresses(Asker(Documents(lists={path: [balancer]})), blue()) == 1
    assert await fetch_internal_addresses(Asker(Documents(forbidden=(path,))), blue()) == 0
