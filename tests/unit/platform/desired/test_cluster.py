from bascule.azure.document import list_at, object_at, text_at, value_at
from bascule.platform.desired.cluster import build_addons, build_blue
from bascule.platform.desired.model import Kind, Resource
from bascule.spec.azure.cluster import Addon
from tests.support.platforms import GREEN, SMALL, read_ids

IDENTITY = "/subscriptions/s/resourceGroups/g/providers/p/t/n"


def _blue(more: str = "", **options: str) -> Resource:
    cluster, *_ = build_blue(read_ids(SMALL + more), **options)
    return cluster


def _pool(more: str) -> Resource:
    text = SMALL.replace("{name: nodepool1}", f"{{name: nodepool1, {more}}}")
    _, pool = build_blue(read_ids(text))
    return pool


def test_a_cluster_is_made_with_its_pools_and_compared_without_them() -> None:
    blue = _blue()

    (pool,) = list_at(blue.document, "properties", "agentPoolProfiles")
    assert pool["name"] == "nodepool1"
    assert pool["count"] == 3
    assert value_at(blue.kept, "properties", "agentPoolProfiles") is None
    assert text_at(blue.document, "properties", "dnsPrefix") == "old"


def test_what_azure_chooses_is_neither_sent_nor_compared() -> None:
    blue = _blue()

    assert "kubernetesVersion" not in object_at(blue.document, "properties")
    assert "nodeResourceGroup" not in object_at(blue.kept, "properties")


def test_what_the_file_leaves_to_a_default_is_sent_and_not_compared() -> None:
    blue = _blue()

    assert text_at(blue.document, "sku", "tier") == "Free"
    assert text_at(blue.document, "properties", "networkProfile", "networkPlugin") == "azure"
    assert "sku" not in blue.kept
    assert object_at(blue.kept, "properties", "networkProfile") == {}
    assert object_at(blue.kept, "properties", "apiServerAccessProfile") == {}
    assert "disableLocalAccounts" not in object_at(blue.kept, "properties")


def test_what_must_be_absent_is_compared_and_not_sent() -> None:
    blue = _blue("    network: {mode: node-subnet, policy: none}\n    authorizedRanges: []\n")

    network = ("properties", "networkProfile")
    assert object_at(blue.kept, *network) == {"networkPluginMode": None, "networkPolicy": None}
    assert "networkPluginMode" not in object_at(blue.document, *network)
    access = object_at(blue.kept, "properties", "apiServerAccessProfile")
    assert access == {"authorizedIPRanges": None}


def test_a_cluster_says_all_that_its_file_says() -> None:
    blue = _blue(
        "    version: '1.34'\n    nodeResourceGroup: nodes\n    private: true\n"
        f"    privateDnsZone: system\n    localAccounts: false\n    tier: Standard\n"
        f"    identity: {IDENTITY}\n    kubeletIdentity: {IDENTITY}\n"
        "    entra: {azureRbac: true}\n    network: {mode: overlay, podCidr: 172.16.0.0/16}\n"
        "    autoUpgrade: {channel: stable, nodeOs: NodeImage}\n"
        "    addons: {azurepolicy: {config: {version: v2}}}\n"
    )

    properties = object_at(blue.document, "properties")
    assert text_at(properties, "kubernetesVersion") == "1.34"
    assert text_at(properties, "nodeResourceGroup") == "nodes"
    assert value_at(properties, "disableLocalAccounts") is True
    assert text_at(blue.kept, "sku", "tier") == "Standard"
    assert value_at(properties, "apiServerAccessProfile", "enablePrivateCluster") is True
    assert text_at(properties, "apiServerAccessProfile", "privateDNSZone") == "system"
    assert object_at(blue.document, "identity", "userAssignedIdentities") == {IDENTITY: {}}
    assert text_at(properties, "identityProfile", "kubeletidentity", "resourceId") == IDENTITY
    assert value_at(properties, "aadProfile", "enableAzureRBAC") is True
    assert text_at(properties, "networkProfile", "networkPluginMode") == "overlay"
    assert text_at(properties, "networkProfile", "podCidr") == "172.16.0.0/16"
    assert object_at(properties, "autoUpgradeProfile") == {
        "upgradeChannel": "stable",
        "nodeOSUpgradeChannel": "NodeImage",
    }
    assert text_at(properties, "addonProfiles", "azurepolicy", "config", "version") == "v2"


def test_the_channel_alone_may_be_said() -> None:
    blue = _blue("    autoUpgrade: {channel: patch}\n")

    assert object_at(blue.kept, "properties", "autoUpgradeProfile") == {"upgradeChannel": "patch"}


def test_azure_upgrades_nothing_while_there_are_two_clusters() -> None:
    blue = _blue(f"    autoUpgrade: {{channel: patch}}\n{GREEN}")

    assert text_at(blue.kept, "properties", "autoUpgradeProfile", "upgradeChannel") == "none"


def test_a_key_for_the_nodes_is_only_made_with() -> None:
    blue = _blue(ssh_public_key="ssh-ed25519 AAAA me\n")

    (key,) = list_at(blue.document, "properties", "linuxProfile", "ssh", "publicKeys")
    assert key == {"keyData": "ssh-ed25519 AAAA me"}
    assert value_at(blue.kept, "properties", "linuxProfile") is None


def test_a_pool_is_a_resource_of_its_own_made_with_its_cluster() -> None:
    pool = _pool(
        "count: 3, vmSize: Standard_D2s_v5, zones: ['1'], taints: ['a=b:NoSchedule'], maxPods: 50"
    )

    assert pool.kind is Kind.POOL
    assert pool.parent == read_ids().cluster("old")
    assert pool.name == "node pool nodepool1 of old"
    properties = object_at(pool.kept, "properties")
    assert properties["vmSize"] == "Standard_D2s_v5"
    assert properties["availabilityZones"] == ["1"]
    assert properties["nodeTaints"] == ["a=b:NoSchedule"]
    assert properties["maxPods"] == 50
    assert properties["enableAutoScaling"] is False


def test_a_pool_may_scale_by_itself() -> None:
    properties = object_at(_pool("autoscale: {min: 1, max: 9}, maxSurge: 10%").kept, "properties")

    assert (properties["minCount"], properties["maxCount"]) == (1, 9)
    assert "count" not in properties
    assert properties["upgradeSettings"] == {"maxSurge": "10%"}


def test_a_cluster_waits_for_the_subnets_of_its_pools() -> None:
    text = SMALL.replace("{name: nodepool1}", "{name: nodepool1, podSubnet: pods}").replace(
        "10.240.0.0/16}", "10.240.0.0/16}\n    - {name: pods, prefix: 10.241.0.0/16}"
    )
    ids = read_ids(text)

    cluster, pool = build_blue(ids)

    assert cluster.needs == (ids.group, ids.subnet("nodes"), ids.subnet("pods"))
    assert text_at(pool.document, "properties", "podSubnetID") == str(ids.subnet("pods"))


def test_a_user_pool_says_what_it_is_for() -> None:
    text = SMALL.replace("{name: nodepool1}", "{name: nodepool1}, {name: work, mode: User}")

    *_, work = build_blue(read_ids(text))

    assert work.reason == "carries workloads"


def test_an_add_on_may_be_off() -> None:
    assert build_addons({"x": Addon(enabled=False)}) == {"x": {"enabled": False}}


def test_nodes_that_the_file_does_not_count_are_not_taken_away() -> None:
    _, pool = build_blue(read_ids())

    assert set(object_at(pool.kept, "properties")) == {"vnetSubnetID"}
    assert value_at(pool.document, "properties", "count") == 3
