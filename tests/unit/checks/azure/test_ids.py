import pytest

from bascule.checks.azure.ids import (
    in_group,
    is_below,
    name_of,
    parent_id,
    resource_group_id,
    resource_group_of,
    same_id,
    subscription_id,
)
from tests.support.azure_facts import GATEWAY, GATEWAY_SUBNET, GROUP, NETWORK, SUBSCRIPTION


def test_ids_are_the_same_whatever_their_case() -> None:
    assert same_id(GATEWAY, GATEWAY.upper())
    assert same_id(GATEWAY + "/", GATEWAY)
    assert not same_id(GATEWAY, NETWORK)


def test_no_id_is_like_no_other() -> None:
    assert not same_id("", "")


@pytest.mark.parametrize("scope", ["/", SUBSCRIPTION, GROUP.lower(), NETWORK, GATEWAY_SUBNET])
def test_a_resource_is_below_its_scopes(scope: str) -> None:
    assert is_below(GATEWAY_SUBNET, scope)


def test_a_resource_is_not_below_one_whose_name_begins_alike() -> None:
    assert not is_below(f"{NETWORK}2", NETWORK)


def test_an_id_tells_its_parts() -> None:
    assert resource_group_of(GATEWAY) == "AKS_Upgrade"
    assert resource_group_id(GATEWAY) == GROUP
    assert subscription_id(GATEWAY) == SUBSCRIPTION
    assert name_of(GATEWAY) == "AppGateway"
    assert parent_id(GATEWAY_SUBNET) == NETWORK


@pytest.mark.parametrize("odd", ["", SUBSCRIPTION, f"{SUBSCRIPTION}/resourceGroups"])
def test_an_id_without_a_group_names_none(odd: str) -> None:
    assert resource_group_of(odd) == ""


def test_a_group_is_compared_by_its_whole_name() -> None:
    assert in_group(GATEWAY, "aks_upgrade")
    assert not in_group(GATEWAY, "AKS")
    assert not in_group("", "")
