from typing import Any

import pytest

from bascule.checks.azure.facts import PodNetwork
from bascule.inventory.azure.clusters import api_host, read_cluster
from tests.support.azure_facts import GATEWAY, IDENTITY, NODE_GROUP, NODE_SUBNET, in_node_group


def cluster(**properties: Any) -> dict[str, Any]:
    pool = {
        "name": "nodepool1",
        "vmSize": "Standard_D2s_v5",
        "count": 3,
        "maxPods": 30,
        "upgradeSettings": {"maxSurge": "10%"},
        "availabilityZones": ["1", "2"],
        "vnetSubnetID": NODE_SUBNET,
    }
    return {
        "id": "/subscriptions/s/resourcegroups/g/providers/x/managedClusters/old",
        "name": "old",
        "location": "chinanorth2",
        "properties": {
            "kubernetesVersion": "1.33",
            "currentKubernetesVersion": "1.33.5",
            "nodeResourceGroup": NODE_GROUP,
            "agentPoolProfiles": [pool],
            "networkProfile": {"networkPlugin": "azure"},
            **properties,
        },
    }


def test_a_cluster_is_read_with_its_pools() -> None:
    found = read_cluster(cluster())

    (pool,) = found.pools
    assert (found.name, found.version, found.node_group) == ("old", "1.33.5", NODE_GROUP)
    assert (pool.size, pool.nodes, pool.nodes_max, pool.pods_max) == ("Standard_D2s_v5", 3, 3, 30)
    assert (pool.surge, pool.zones, pool.subnet_id) == ("10%", ("1", "2"), NODE_SUBNET)
    assert found.has_local_accounts
    assert found.is_running
    assert found.state == "Succeeded"
    assert not found.has_agic


def test_a_cluster_that_is_to_be_made_has_no_node_group_yet() -> None:
    planned = cluster(currentKubernetesVersion=None, kubernetesVersion="1.34")

    found = read_cluster(planned, exists=False)

    assert (found.exists, found.node_group, found.version) == (False, "", "1.34")


@pytest.mark.parametrize(
    ("profile", "pod_subnet", "mode"),
    [
        ({"networkPlugin": "azure"}, "", PodNetwork.NODE_SUBNET),
        ({"networkPlugin": "azure"}, "/pods", PodNetwork.POD_SUBNET),
        ({"networkPlugin": "azure", "networkPluginMode": "Overlay"}, "", PodNetwork.OVERLAY),
        ({"networkPlugin": "kubenet"}, "", PodNetwork.KUBENET),
        ({"networkPlugin": "none"}, "", PodNetwork.OTHER),
    ],
)
def test_it_says_how_pods_get_their_addresses(
    profile: dict[str, str], pod_subnet: str, mode: PodNetwork
) -> None:
    document = cluster(networkProfile=profile)
    document["properties"]["agentPoolProfiles"][0]["podSubnetID"] = pod_subnet

    assert read_cluster(document).pod_network is mode


@pytest.mark.parametrize(
    ("profile", "ranges"),
    [
        ({"podCidr": "10.244.0.0/16"}, ("10.244.0.0/16",)),
        (
            {"podCidr": "10.1.0.0/16", "podCidrs": ["10.1.0.0/16", "fd00::/64"]},
            ("10.1.0.0/16", "fd00::/64"),
        ),
        ({}, ()),
    ],
)
def test_ranges_of_pods_are_read(profile: dict[str, Any], ranges: tuple[str, ...]) -> None:
    assert read_cluster(cluster(networkProfile=profile)).pod_cidrs == ranges


def test_a_pool_that_grows_says_how_far() -> None:
    document = cluster()
    document["properties"]["agentPoolProfiles"][0] |= {
        "enableAutoScaling": True,
        "maxCount": 9,
        "scaleSetPriority": "Spot",
    }

    (pool,) = read_cluster(document).pools

    assert (pool.nodes, pool.nodes_max, pool.is_spot) == (3, 9, True)


def test_a_maximum_without_an_autoscaler_says_nothing() -> None:
    document = cluster()
    document["properties"]["agentPoolProfiles"][0]["maxCount"] = 9

    assert read_cluster(document).pools[0].nodes_max == 3


@pytest.mark.parametrize("key", ["ingressApplicationGateway", "IngressApplicationGateway"])
def test_the_add_on_says_which_gateway_it_writes(key: str) -> None:
    addon = {"enabled": True, "config": {"effectiveApplicationGatewayId": GATEWAY}}

    found = read_cluster(cluster(addonProfiles={key: addon}))

    assert (found.has_agic, found.agic_gateway_id) == (True, GATEWAY)


def test_an_add_on_that_is_off_is_none() -> None:
    addon = {"enabled": False, "config": {"applicationGatewayId": GATEWAY}}

    assert not read_cluster(cluster(addonProfiles={"ingressApplicationGateway": addon})).has_agic


def test_identities_of_akss_own_making_are_left_out() -> None:
    own = in_node_group("Microsoft.ManagedIdentity/userAssignedIdentities", "old-agentpool")
    document = cluster(identityProfile={"kubeletidentity": {"resourceId": own}})
    document["identity"] = {"userAssignedIdentities": {IDENTITY: {}}}

    assert read_cluster(document).identity_ids == (IDENTITY,)


def test_what_keeps_a_cluster_from_being_used_is_read() -> None:
    found = read_cluster(
        cluster(
            disableLocalAccounts=True,
            powerState={"code": "Stopped"},
            provisioningState="Upgrading",
            autoUpgradeProfile={"upgradeChannel": "stable", "nodeOSUpgradeChannel": "NodeImage"},
            apiServerAccessProfile={"enablePrivateCluster": True},
        )
    )

    assert not found.has_local_accounts
    assert not found.is_running
    assert found.is_private
    assert (found.upgrade_channel, found.node_os_channel) == ("stable", "NodeImage")
    assert found.state == "Upgrading"


def test_a_private_cluster_is_reached_by_its_private_name() -> None:
    assert api_host(cluster(fqdn="public", privateFQDN="private")) == "private"
    assert api_host(cluster(fqdn="public")) == "public"
