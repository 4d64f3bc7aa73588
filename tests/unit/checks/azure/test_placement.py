from dataclasses import replace

import pytest

from bascule.checks.azure.placement import check_placement
from bascule.checks.azure.unreadable import Unreadable
from tests.support.azure_facts import facts, gateway, in_node_group


def test_a_gateway_in_a_group_of_its_own_is_fine() -> None:
    assert check_placement(facts()) == ()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (
            replace(gateway(), id=in_node_group("Microsoft.Network/applicationGateways", "g")),
            "GatewayInNodeGroup",
        ),
        (
            replace(
                gateway(),
                subnet_id=in_node_group("Microsoft.Network/virtualNetworks", "v/subnets/s").upper(),
            ),
            "NetworkInNodeGroup",
        ),
        (
            replace(
                gateway(),
                public_ip_ids=(in_node_group("Microsoft.Network/publicIPAddresses", "a"),),
            ),
            "AddressInNodeGroup",
        ),
        (
            replace(
                gateway(),
                identity_ids=(
                    in_node_group("Microsoft.ManagedIdentity/userAssignedIdentities", "i"),
                ),
            ),
            "IdentityInNodeGroup",
        ),
    ],
)
def test_what_goes_with_a_cluster_is_a_blocker(changed: object, code: str) -> None:
    (found,) = check_placement(replace(facts(), gateway=changed))  # type: ignore[arg-type]  # of the table

    assert found.code == code
    assert "the node resource group of blue (old)" in found.message


def test_a_gateway_without_a_subnet_or_that_is_not_known_is_left_out() -> None:
    assert check_placement(replace(facts(), gateway=replace(gateway(), subnet_id=""))) == ()

    unknown = Unreadable(what="it", reason="forbidden")

    assert check_placement(replace(facts(), gateway=unknown)) == ()
