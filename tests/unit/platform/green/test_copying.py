from bascule.azure.document import object_at, text_at, value_at
from bascule.platform.green.copying import copy_cluster, copy_pool
from tests.support.blue_cluster import build_blue_document


def test_what_belongs_to_blue_alone_is_left_out() -> None:
    copied = copy_cluster(build_blue_document())

    assert set(copied) == {"location", "sku", "identity", "properties"}
    assert set(object_at(copied, "properties")) == {
        "agentPoolProfiles",
        "networkProfile",
        "oidcIssuerProfile",
        "somethingNew",
    }
    assert object_at(copied, "properties", "oidcIssuerProfile") == {"enabled": True}


def test_what_azure_shows_of_windows_without_windows_is_left_out() -> None:
    copied = copy_cluster(build_blue_document(properties__windowsProfile={"adminUsername": "x"}))

    assert value_at(copied, "properties", "windowsProfile") is None


def test_what_this_version_does_not_know_is_copied() -> None:
    assert object_at(copy_cluster(build_blue_document()), "properties", "somethingNew") == {
        "mode": "on"
    }


def test_an_identity_of_its_own_becomes_one_of_greens_own() -> None:
    assert copy_cluster(build_blue_document())["identity"] == {"type": "SystemAssigned"}


def test_named_identities_are_shared() -> None:
    identity = {"type": "UserAssigned", "userAssignedIdentities": {"/i": {"principalId": "p"}}}

    copied = copy_cluster(build_blue_document(identity=identity))

    assert copied["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {"/i": {}}}


def test_a_named_identity_of_the_nodes_is_shared() -> None:
    own = "/subscriptions/s/resourceGroups/ids/providers/p/t/nodes"

    copied = copy_cluster(
        build_blue_document(properties__identityProfile__kubeletidentity__resourceId=own)
    )

    assert text_at(copied, "properties", "identityProfile", "kubeletidentity", "resourceId") == own


def test_add_ons_are_copied_without_their_identities_and_without_the_gateways() -> None:
    copied = copy_cluster(
        build_blue_document(
            properties__addonProfiles={
                "azurepolicy": {"enabled": True, "identity": {"objectId": "x"}},
                "ingressApplicationGateway": {"enabled": True},
                "odd": None,
            }
        )
    )

    assert value_at(copied, "properties", "addonProfiles") == {"azurepolicy": {"enabled": True}}


def test_a_pool_keeps_its_limits_only_if_it_scales() -> None:
    pool = {"name": "a", "enableAutoScaling": True, "minCount": 1, "maxCount": 2, "eTag": "x"}

    assert copy_pool(pool) == {k: v for k, v in pool.items() if k != "eTag"}
    assert copy_pool({"name": "a", "minCount": None}) == {"name": "a"}
