from tests.support.azure_facts import NETWORK, NODE_SUBNET, subnet


def test_a_subnet_has_no_rules_and_no_routes_unless_told() -> None:
    found = subnet(NODE_SUBNET, "10.240.4.0/22")

    assert (found.security_group, found.route_table) == (None, None)
    assert found.network_id == NETWORK
