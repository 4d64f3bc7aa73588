import pytest

from bascule.spec.azure.cluster import BlueCluster, GreenCluster
from tests.support.platforms import GREEN, SMALL, mistakes_of, read_platform


def _blue(more: str) -> list[str]:
    return mistakes_of(f"{SMALL}    {more}\n")


def test_what_is_not_written_has_a_default() -> None:
    blue = read_platform().clusters.blue

    assert blue.tier is None
    assert blue.authorized_ranges is None
    assert blue.oidc_issuer
    assert blue.workload_identity
    assert blue.network.plugin == "azure"
    assert blue.pools[0].mode == "System"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("oidcIssuer: false", "needs the OIDC issuer"),
        ("privateDnsZone: system", "only a private cluster has one"),
        ("{private: true, authorizedRanges: [1.2.3.0/24]}", "a private cluster has none"),
        (
            "kubeletIdentity: /subscriptions/s/resourceGroups/g/providers/p/t/n",
            "needs an identity of the cluster that is named too",
        ),
        ("localAccounts: false", "nobody could sign in"),
        ("network: {plugin: kubenet, mode: overlay}", "overlay is a mode of plugin: azure"),
        ("network: {plugin: kubenet, dataplane: cilium}", "cilium goes with plugin: azure"),
        ("network: {podCidr: 172.16.0.0/16}", "pods have addresses of the subnet here"),
        ("version: 1.30", "write it in quotes"),
    ],
)
def test_what_does_not_fit_together_is_told(more: str, said: str) -> None:
    lines = more.strip("{}").replace(", authorized", "\n    authorized") if more[0] == "{" else more

    assert said in _blue(lines)[0]


def test_a_good_cluster_may_say_all_of_it() -> None:
    more = (
        "entra: {adminGroups: [], azureRbac: true}\n    localAccounts: false\n"
        "    network: {mode: overlay, podCidr: 172.16.0.0/16}"
    )

    assert _blue(more) == []


def test_a_pool_counts_in_one_way() -> None:
    text = SMALL.replace("{name: nodepool1}", "{name: a, count: 1, autoscale: {min: 1, max: 2}}")

    assert "count and autoscale exclude each other" in mistakes_of(text)[0]


def test_one_pool_is_a_system_pool_and_names_differ() -> None:
    assert (
        "none of them is a System pool"
        in mistakes_of(SMALL.replace("{name: nodepool1}", "{name: a, mode: User}"))[0]
    )
    assert (
        "two pools have the name 'a'"
        in mistakes_of(SMALL.replace("[{name: nodepool1}]", "[{name: a}, {name: a}]"))[0]
    )


@pytest.mark.parametrize(
    ("pools", "said"),
    [
        ("[{name: a, count: 1, autoscale: {min: 1, max: 2}}]", "count and autoscale exclude"),
        ("[{name: a, remove: true, count: 1}]", "is removed, so nothing else can be said of it"),
        ("[{name: a}, {name: a}]", "two pools have the name 'a'"),
    ],
)
def test_a_change_of_a_pool_is_one_thing(pools: str, said: str) -> None:
    assert said in mistakes_of(f"{SMALL}{GREEN}    pools: {pools}\n")[0]


def test_only_what_is_said_of_green_is_set() -> None:
    green = GreenCluster.model_validate({"name": "new", "pools": [{"name": "a", "count": 4}]})

    assert green.pools[0].model_fields_set == {"name", "count"}
    assert green.version is None


def test_pools_of_blue_are_needed() -> None:
    told = mistakes_of(SMALL.replace("    pools: [{name: nodepool1}]\n", ""))

    assert told == ["dir/platform.yaml:13:3: clusters.blue.pools: is required | add it"]
    assert BlueCluster.model_fields["pools"].is_required()
