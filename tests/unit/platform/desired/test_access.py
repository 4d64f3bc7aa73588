from bascule.azure.document import text_at, value_at
from bascule.platform.desired.access import (
    build_controller,
    build_subnet_grants,
    issuer_of,
    kubelet_principal,
)
from bascule.platform.desired.model import Kind, find_later
from bascule.spec.azure.access import Controller
from tests.support.platforms import read_ids


def _controller(**said: object) -> list[str]:
    controller = Controller.model_validate({"identity": "bascule", **said})
    return [each.name for each in build_controller(read_ids(), controller, ["old", "new"])]


def test_a_controller_has_an_identity_and_rights_on_both_clusters() -> None:
    assert _controller() == [
        "identity bascule",
        "federated credential old-bascule-bascule",
        "federated credential new-bascule-bascule",
        "role assignment Network Contributor on gw for bascule",
        "role assignment Network Contributor on front for bascule",
        "role assignment Network Contributor on ip for bascule",
        "role assignment Reader on rg for bascule",
        "role assignment Azure Kubernetes Service Cluster User Role on old for bascule",
        "role assignment Azure Kubernetes Service Cluster User Role on new for bascule",
    ]


def test_a_controller_may_sign_in_from_outside_only() -> None:
    assert not any("credential" in name for name in _controller(serviceAccounts=[]))


def test_a_role_of_ones_own_is_named_by_its_id() -> None:
    names = _controller(gatewayRole="/subscriptions/s/providers/x/roleDefinitions/guid")

    assert "role assignment guid on gw for bascule" in names


def test_a_credential_trusts_the_issuer_of_its_cluster() -> None:
    controller = Controller.model_validate({"identity": "bascule"})

    credential = list(build_controller(read_ids(), controller, ["old"]))[1]

    assert find_later(credential.document) == (issuer_of(read_ids().cluster("old")),)
    assert text_at(credential.document, "properties", "subject") == (
        "system:serviceaccount:bascule:bascule"
    )
    assert value_at(credential.document, "properties", "audiences") == [
        "api://AzureADTokenExchange"
    ]


def test_a_cluster_may_put_load_balancers_into_its_subnets() -> None:
    ids = read_ids()

    (grant,) = build_subnet_grants(ids, "old", [ids.subnet("nodes")])

    assert grant.kind is Kind.ASSIGNMENT
    assert grant.needs == (ids.subnet("nodes"), ids.cluster("old"))
    assert grant.id.scope == str(ids.subnet("nodes"))
    assert text_at(grant.document, "properties", "description") == "bascule-platform: shop"


def test_the_principal_of_nodes_is_told_later() -> None:
    assert kubelet_principal(read_ids().cluster("old")).what == "the principal of the nodes of old"
