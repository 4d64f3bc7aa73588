from typing import Any, cast

from bascule.app.gateways.agic import AgicFound, find_agic, tell_obstacles
from bascule.azure.client import ArmClient
from bascule.checks.azure.facts import ControllerFacts, ControllerKind
from bascule.ids import Cluster
from tests.support.azure_documents import Documents

GATEWAY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
CLUSTERS = "/subscriptions/s/providers/Microsoft.ContainerService/managedClusters"


def cluster(name: str, gateway_id: str, *, is_enabled: bool = True) -> dict[str, Any]:
    add_on = {
        "enabled": is_enabled,
        "config": {"effectiveApplicationGatewayId": gateway_id},
        "identity": {"resourceId": f"/identities/{name}"},
    }
    properties = {"addonProfiles": {"ingressApplicationGateway": add_on}, "nodeResourceGroup": "n"}
    return {"id": f"{CLUSTERS}/{name}", "name": name, "properties": properties}


async def find(azure: Documents, **gateway: Any) -> AgicFound:
    return await find_agic(cast("ArmClient", azure), {}, {"id": GATEWAY, **gateway})


def sign(kind: ControllerKind, *, is_idle: bool = False, **at: str) -> ControllerFacts:
    return ControllerFacts(
        kind=kind, **{"namespace": "agic", "name": "agic", **at}, is_idle=is_idle
    )


async def test_only_an_add_on_that_writes_this_gateway_counts() -> None:
    azure = Documents(
        lists={
            CLUSTERS: [
                cluster("old", GATEWAY.upper()),
                cluster("blog", GATEWAY.replace("/gw", "/other")),
                cluster("off", GATEWAY, is_enabled=False),
            ]
        }
    )

    found = await find(azure)

    assert [(each.name, each.identity_id) for each in found.add_ons] == [("old", "/identities/old")]
    assert not found.add_ons[0].is_identity_used


async def test_an_identity_that_the_gateway_uses_would_go_with_the_add_on() -> None:
    azure = Documents(lists={CLUSTERS: [cluster("old", GATEWAY)]})

    found = await find(azure, identity={"userAssignedIdentities": {"/Identities/OLD": {}}})

    assert found.add_ons[0].is_identity_used


async def test_clusters_that_are_not_shown_are_told_as_not_seen() -> None:
    found = await find(Documents(forbidden=(CLUSTERS,)))

    assert (found.add_ons, found.unseen) == (
        (),
        ("the clusters of the subscription: AuthorizationFailed",),
    )


def test_what_would_wake_agic_up_or_has_no_replicas_is_for_people() -> None:
    gitops, pod = ControllerKind.GITOPS, ControllerKind.POD
    signs = [
        sign(gitops, name="flux"),
        sign(gitops, name="held", is_idle=True),
        sign(pod, name="bare"),
        sign(pod, namespace="kube-system", name="ingress-appgw-deployment-1"),
        sign(ControllerKind.DEPLOYMENT),
    ]

    assert [*tell_obstacles(Cluster.BLUE, signs)] == [
        "the GitOps object agic/flux of blue would wake AGIC up again: suspend it first",
        "the Pod agic/bare of blue runs AGIC and belongs to no Deployment: delete it first",
    ]
