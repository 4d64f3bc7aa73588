import pytest

from bascule.checks.azure.network_facts import Route
from bascule.inventory.azure.networks import (
    ALL_PORTS,
    read_network,
    read_route_table,
    read_security_group,
    read_subnet,
)
from tests.support.azure_facts import NETWORK, NODE_SUBNET


def test_only_a_connected_peering_is_a_way() -> None:
    peerings = [
        {"properties": {"peeringState": state, "remoteVirtualNetwork": {"id": f"/{state}"}}}
        for state in ("Connected", "Initiated", "Disconnected")
    ]
    document = {"id": NETWORK, "name": "vnet", "properties": {"virtualNetworkPeerings": peerings}}

    assert read_network(document).peer_ids == ("/Connected",)


def test_a_subnet_counts_what_holds_its_addresses() -> None:
    document = {
        "id": NODE_SUBNET,
        "name": "aks",
        "properties": {
            "addressPrefix": "10.240.4.0/22",
            "ipConfigurations": [{"id": "/a"}, {"id": "/b"}],
            "privateEndpoints": [{"id": "/c"}],
            "delegations": [{"properties": {"serviceName": "Microsoft.Web/serverFarms"}}],
        },
    }

    found = read_subnet(document, NETWORK)

    assert (found.prefixes, found.used) == (("10.240.4.0/22",), 3)
    assert found.delegations == ("Microsoft.Web/serverFarms",)


def test_a_subnet_may_have_several_prefixes() -> None:
    document = {"properties": {"addressPrefixes": ["10.0.0.0/24", "10.0.1.0/24"]}}

    assert read_subnet(document, NETWORK).prefixes == ("10.0.0.0/24", "10.0.1.0/24")
    assert read_subnet({}, NETWORK).prefixes == ()


def test_rules_are_read_with_azures_default_ones() -> None:
    own = {
        "name": "block",
        "properties": {
            "priority": 100,
            "direction": "Inbound",
            "access": "Deny",
            "protocol": "Tcp",
            "sourceAddressPrefixes": ["10.0.0.0/8", "10.9.0.0/16"],
            "destinationPortRanges": ["80", "8080-8090"],
        },
    }
    default = {
        "name": "AllowVnetInBound",
        "properties": {
            "priority": 65000,
            "direction": "Inbound",
            "access": "Allow",
            "sourceAddressPrefix": "VirtualNetwork",
            "destinationPortRange": "*",
        },
    }

    found = read_security_group(
        {"name": "nsg", "properties": {"securityRules": [own], "defaultSecurityRules": [default]}}
    )

    first, second = found.rules
    assert (first.sources, first.ports) == (("10.0.0.0/8", "10.9.0.0/16"), ((80, 80), (8080, 8090)))
    assert (first.is_denial, first.is_inbound, first.protocol) == (True, True, "Tcp")
    assert (second.sources, second.ports) == (("VirtualNetwork",), (ALL_PORTS,))
    assert not second.is_denial


@pytest.mark.parametrize("text", ["*", "", "odd"])
def test_ports_that_are_no_numbers_are_all_ports(text: str) -> None:
    rule = {"name": "r", "properties": {"destinationPortRanges": [text]}}

    (found,) = read_security_group({"properties": {"securityRules": [rule]}}).rules

    assert found.ports == (ALL_PORTS,)


def test_routes_are_read() -> None:
    route = {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance"}
    document = {"name": "rt", "properties": {"routes": [{"name": "out", "properties": route}]}}

    assert read_route_table(document).routes == (
        Route(name="out", prefix="0.0.0.0/0", next_hop="VirtualAppliance"),
    )
