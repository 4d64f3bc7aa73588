import pytest

from bascule.inventory.azure.agic_names import is_agic_name, split_names
from tests.support.agic_document import build_agic_gateway

DIGEST = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "name",
    [
        "pool-default-shop-80-bp-8080",
        "team1pool-default-shop-http-bp-8080",
        f"fl-{DIGEST}",
        f"rr-{DIGEST}",
        f"team1-rr-{DIGEST}",
        "defaultaddresspool",
        "team1defaultaddresspool",
        f"{'pool-a-very-long-namespace-and-a-service-of-it-80'[:47]}-{DIGEST}",
    ],
)
def test_names_that_agic_makes_are_known(name: str) -> None:
    assert is_agic_name(name)


@pytest.mark.parametrize(
    "name",
    ["appGatewayBackendPool", "appGatewayHttpListener", "rule1", "pool-blue", "fl-shop", "rr-1"],
)
def test_names_that_others_make_are_not(name: str) -> None:
    assert not is_agic_name(name)


def test_names_are_split_in_order() -> None:
    assert split_names(["rule1", f"rr-{DIGEST}", "a", "defaultaddresspool"]) == (
        ("defaultaddresspool", f"rr-{DIGEST}"),
        ("a", "rule1"),
    )


def test_all_of_agics_own_document_is_known() -> None:
    document = build_agic_gateway("/g", subnet_id="/s", address_id="/a", cluster_id="/c")
    kinds = ("backendAddressPools", "httpListeners", "requestRoutingRules")
    names = [part["name"] for kind in kinds for part in document["properties"][kind]]

    assert split_names(names)[1] == ()
