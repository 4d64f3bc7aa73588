from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.checks.azure.facts import (
    AksFacts,
    AzureFacts,
    Backends,
    InsideFacts,
    Lock,
    NodeGroupFacts,
    Permission,
    Policy,
)
from bascule.checks.azure.gateway_facts import GatewayFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.inventory.azure.fetch import FLUX, AzureQuestion, LookInside, fetch_azure
from tests.support.agic_document import build_agic_gateway
from tests.support.azure_documents import Documents
from tests.support.azure_facts import (
    ADDRESS,
    GATEWAY,
    GATEWAY_SUBNET,
    GROUP,
    NETWORK,
    NODE_GROUP,
    NODE_SUBNET,
    SUBSCRIPTION,
    cluster_id,
)

AUTHORIZATION = "providers/Microsoft.Authorization"
REGION = f"{SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/chinanorth2"
COMPUTE = f"{SUBSCRIPTION}/providers/Microsoft.Compute"


def cluster(name: str, **properties: Any) -> dict[str, Any]:
    pool = {"name": "p", "vmSize": "Standard_D2s_v5", "count": 2, "vnetSubnetID": NODE_SUBNET}
    return {
        "id": cluster_id(name),
        "name": name,
        "location": "chinanorth2",
        "properties": {
            "currentKubernetesVersion": "1.33.5",
            "nodeResourceGroup": NODE_GROUP,
            "agentPoolProfiles": [pool],
            "networkProfile": {"networkPlugin": "azure"},
            **properties,
        },
    }


def azure(*forbidden: str, old: Mapping[str, Any] | None = None) -> Documents:
    gateway = build_agic_gateway(
        GATEWAY, subnet_id=GATEWAY_SUBNET, address_id=ADDRESS, cluster_id=cluster_id("old")
    )
    subnets = [
        {"id": each, "name": each.rpartition("/")[2], "properties": {"addressPrefix": prefix}}
        for each, prefix in ((GATEWAY_SUBNET, "10.0.0.0/24"), (NODE_SUBNET, "10.1.0.0/16"))
    ]
    return Documents(
        cluster("old", **(old or {})),
        cluster("new"),
        {"id": GATEWAY, "name": "AppGateway", "location": "chinanorth2", **gateway},
        {"id": NETWORK, "name": "vnet", "properties": {"subnets": subnets}},
        lists={
            f"{REGION}/kubernetesVersions": [{"version": "1.33"}],
            f"{COMPUTE}/locations/chinanorth2/usages": [{"name": {"value": "cores"}}],
            f"{SUBSCRIPTION}/{AUTHORIZATION}/locks": [
                {"id": f"{GROUP}/{AUTHORIZATION}/locks/l", "name": "l", "properties": {}}
            ],
            f"{GROUP}/{AUTHORIZATION}/policyAssignments": [{"name": "p", "properties": {}}],
            f"{GATEWAY}/{AUTHORIZATION}/permissions": [{"actions": ["*/read"]}],
            f"{cluster_id('old')}/providers/{FLUX}": [{"name": "shop"}],
        },
        forbidden=forbidden,
    )


def derive(blue: Document) -> Document:
    return {**blue, "id": cluster_id("green"), "name": "green"}


async def reach(host: str) -> str:
    return f"{host} is far away"


async def look() -> InsideFacts:
    return InsideFacts()


QUESTION = AzureQuestion(blue_id=cluster_id("old"), gateway_id=GATEWAY, derive=derive, reach=reach)


async def fetch(arm: Documents, question: AzureQuestion = QUESTION) -> AzureFacts:
    return await fetch_azure(arm, question)


async def test_everything_is_read_in_one_go() -> None:
    looks: dict[str, LookInside] = {"blue": look}

    found = await fetch(
        azure(),
        replace(QUESTION, inside=looks, backends=Backends.LOAD_BALANCER, approved=frozenset({"x"})),
    )

    assert isinstance(found.blue, AksFacts)
    assert isinstance(found.gateway, GatewayFacts)
    assert isinstance(found.node_group, NodeGroupFacts)
    assert set(found.subnets) == {GATEWAY_SUBNET.lower(), NODE_SUBNET.lower()}
    assert set(found.networks) == {NETWORK.lower()}
    assert found.locks == (Lock(name="l", level="", scope=GROUP),)
    assert found.policies == (Policy(name="p"),)
    assert found.permissions[GATEWAY.lower()] == (Permission(actions=("*/read",)),)
    assert found.inside == {"blue": InsideFacts()}
    assert found.gitops == {"blue": ("shop",)}
    assert (found.backends, found.approved) == (Backends.LOAD_BALANCER, frozenset({"x"}))


async def test_nothing_is_asked_for_twice() -> None:
    arm = azure()

    await fetch(arm)

    group = f"{SUBSCRIPTION}/resourceGroups/{NODE_GROUP}"
    once = [each for each in arm.asked if each != f"{group}/resources"]
    assert sorted(set(once)) == sorted(once)


async def test_a_green_that_does_not_exist_is_derived_from_blue() -> None:
    found = await fetch(azure())

    assert isinstance(found.green, AksFacts)
    assert (found.green.name, found.green.exists, found.green.node_group) == ("green", False, "")


async def test_a_green_that_exists_is_read() -> None:
    found = await fetch(azure(), replace(QUESTION, green_id=cluster_id("new")))

    assert isinstance(found.green, AksFacts)
    assert (found.green.name, found.green.exists) == ("new", True)


async def test_only_a_private_api_server_is_tried() -> None:
    private = {"apiServerAccessProfile": {"enablePrivateCluster": True}, "privateFQDN": "here"}

    found = await fetch(azure(old=private))
    other = await fetch(azure())

    assert isinstance(found.blue, AksFacts)
    assert isinstance(other.blue, AksFacts)
    assert (found.blue.unreached, other.blue.unreached) == ("here is far away", "")


async def test_a_blue_that_cannot_be_read_takes_green_and_its_group_along() -> None:
    found = await fetch(azure(cluster_id("old")))

    for part in (found.blue, found.green, found.node_group, found.versions, found.sizes):
        assert isinstance(part, Unreadable)
    assert isinstance(found.gateway, GatewayFacts)


async def test_each_part_that_cannot_be_read_says_so_and_hides_no_other() -> None:
    found = await fetch(azure(f"{SUBSCRIPTION}/{AUTHORIZATION}/locks", f"{COMPUTE}/skus", GATEWAY))

    for part in (found.locks, found.sizes, found.gateway):
        assert isinstance(part, Unreadable)
    assert isinstance(found.blue, AksFacts)
    assert not isinstance(found.usages, Unreadable)


async def test_sizes_are_asked_for_one_region_only() -> None:
    arm = azure()

    await fetch(arm)

    assert arm.queries[f"{COMPUTE}/skus"] == {"$filter": "location eq 'chinanorth2'"}
    assert ResourceId(GATEWAY).text in arm.asked
