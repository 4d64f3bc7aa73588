from bascule.platform.describe.cluster import describe_cluster
from bascule.spec.azure.cluster import BlueCluster
from tests.support.blue_cluster import build_blue_document

IDENTITY = "/subscriptions/s/resourceGroups/ids/providers/p/t/n"


def test_what_is_the_default_is_left_out() -> None:
    assert describe_cluster(build_blue_document()) == {
        "name": "old",
        "version": "1.34.2",
        "tier": "Free",
        "subnet": "nodes",
        "workloadIdentity": False,
        "pools": [{"name": "nodepool1", "vmSize": "Standard_D2s_v5", "count": 3}],
    }


def test_all_that_can_be_said_is_said() -> None:
    properties = {
        "kubernetesVersion": "1.34",
        "nodeResourceGroup": "nodes",
        "networkProfile": {
            "networkPlugin": "azure",
            "networkPluginMode": "overlay",
            "networkDataplane": "cilium",
            "networkPolicy": "cilium",
            "podCidr": "10.244.0.0/16",
            "outboundType": "userDefinedRouting",
        },
        "apiServerAccessProfile": {"enablePrivateCluster": True, "privateDNSZone": "system"},
        "disableLocalAccounts": True,
        "aadProfile": {"managed": True, "enableAzureRBAC": True},
        "securityProfile": {"workloadIdentity": {"enabled": True}},
        "identityProfile": {"kubeletidentity": {"resourceId": IDENTITY}},
        "autoUpgradeProfile": {"upgradeChannel": "stable", "nodeOSUpgradeChannel": "NodeImage"},
        "addonProfiles": {
            "azurepolicy": {"enabled": True, "config": {"version": 2}},
            "monitoring": {"enabled": True},
            "off": {"enabled": False},
        },
        "agentPoolProfiles": [
            {"name": "a", "mode": "System", "vnetSubnetID": "/v/subnets/x", "count": 0},
            {
                "name": "b",
                "mode": "User",
                "osType": "Windows",
                "vnetSubnetID": "/v/subnets/y",
                "podSubnetID": "/v/subnets/z",
                "enableAutoScaling": True,
                "minCount": 1,
                "maxCount": 4,
                "upgradeSettings": {"maxSurge": "10%"},
            },
        ],
    }
    identity = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}

    said = describe_cluster(build_blue_document(properties=properties, identity=identity))

    assert said["version"] == "1.34"
    assert said["network"] == {
        "mode": "overlay",
        "dataplane": "cilium",
        "policy": "cilium",
        "podCidr": "10.244.0.0/16",
        "outbound": "userDefinedRouting",
    }
    assert said["identity"] == said["kubeletIdentity"] == IDENTITY
    assert said["oidcIssuer"] is False
    assert said["private"] is True
    assert said["privateDnsZone"] == "system"
    assert said["localAccounts"] is False
    assert said["entra"] == {"azureRbac": True}
    assert said["autoUpgrade"] == {"channel": "stable", "nodeOs": "NodeImage"}
    assert said["addons"] == {
        "azurepolicy": {"enabled": True, "config": {"version": "2"}},
        "monitoring": {"enabled": True},
    }
    assert said["nodeResourceGroup"] == "nodes"
    assert said["pools"] == [
        {"name": "a", "count": 0},
        {
            "name": "b",
            "mode": "User",
            "osType": "Windows",
            "autoscale": {"min": 1, "max": 4},
            "subnet": "y",
            "podSubnet": "z",
            "maxSurge": "10%",
        },
    ]


def test_a_cluster_without_pools_is_no_file_but_no_crash() -> None:
    assert "pools" not in describe_cluster({"properties": {}})


def test_what_is_written_is_read_again() -> None:
    BlueCluster.model_validate(describe_cluster(build_blue_document()))


def test_a_green_that_was_left_gets_the_upgrades_that_blue_had() -> None:
    paused = {"upgradeChannel": "none", "nodeOSUpgradeChannel": "None"}
    tags = {"bascule-after-retire": "nodeOSUpgradeChannel=NodeImage,upgradeChannel=stable"}

    left = build_blue_document(tags=tags, properties__autoUpgradeProfile=paused)
    chosen = build_blue_document(
        tags=tags, properties__autoUpgradeProfile={"upgradeChannel": "patch"}
    )

    assert describe_cluster(left)["autoUpgrade"] == {"channel": "stable", "nodeOs": "NodeImage"}
    assert describe_cluster(chosen)["autoUpgrade"] == {"channel": "patch"}
