from typing import Any

from bascule.checks.azure.network_facts import NetworkFacts, SecurityGroup, SubnetFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.inventory.azure.asking import Asker
from bascule.inventory.azure.surroundings import fetch_surroundings
from tests.support.azure_documents import Documents
from tests.support.azure_facts import GATEWAY_SUBNET, GROUP, NETWORK, NODE_SUBNET

NSG = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
TABLE = f"{GROUP}/providers/Microsoft.Network/routeTables/rt"


def network(**aks: Any) -> dict[str, Any]:
    subnets = [
        {"id": GATEWAY_SUBNET, "name": "appgw", "properties": {"addressPrefix": "10.0.0.0/24"}},
        {"id": NODE_SUBNET, "name": "aks", "properties": {"addressPrefix": "10.1.0.0/16", **aks}},
    ]
    return {"id": NETWORK, "name": "vnet", "properties": {"subnets": subnets}}


async def test_a_network_is_asked_for_once_for_all_its_subnets() -> None:
    arm = Documents(network())

    found = await fetch_surroundings(Asker(arm), [GATEWAY_SUBNET, NODE_SUBNET.upper(), ""])

    assert len(arm.asked) == 1
    assert found.networks == {NETWORK.lower(): NetworkFacts(id=NETWORK, name="vnet")}
    subnet = found.subnets[NODE_SUBNET.lower()]
    assert isinstance(subnet, SubnetFacts)
    assert (subnet.prefixes, subnet.network_id) == (("10.1.0.0/16",), NETWORK)


async def test_rules_and_routes_of_a_subnet_come_with_it() -> None:
    arm = Documents(
        network(networkSecurityGroup={"id": NSG}, routeTable={"id": TABLE}),
        {"id": NSG, "name": "nsg", "properties": {}},
        forbidden=(TABLE,),
    )

    found = await fetch_surroundings(Asker(arm), [GATEWAY_SUBNET, NODE_SUBNET])

    aks, home = found.subnets[NODE_SUBNET.lower()], found.subnets[GATEWAY_SUBNET.lower()]
    assert isinstance(aks, SubnetFacts)
    assert isinstance(home, SubnetFacts)
    assert aks.security_group == SecurityGroup(name="nsg")
    assert isinstance(aks.route_table, Unreadable)
    assert (home.security_group, home.route_table) == (None, None)


async def test_a_network_that_cannot_be_read_hides_its_subnets() -> None:
    found = await fetch_surroundings(Asker(Documents(forbidden=(NETWORK,))), [NODE_SUBNET])

    hidden = found.subnets[NODE_SUBNET.lower()]
    assert isinstance(hidden, Unreadable)
    assert hidden.what == "the subnet aks"


async def test_a_subnet_that_does_not_exist_cannot_be_read() -> None:
    other = f"{NETWORK}/subnets/other"

    found = await fetch_surroundings(Asker(Documents(network())), [other])

    hidden = found.subnets[other.lower()]
    assert isinstance(hidden, Unreadable)
    assert hidden.reason == "its network vnet has no such subnet"
