import pytest

from bascule.lab.kubeapi.http import discovery
from bascule.lab.kubeapi.kinds import Kind, ServedVersion, kinds_of_release

KINDS = kinds_of_release(36)
CRONTAB = Kind(
    group="example.com",
    plural="crontabs",
    kind="CronTab",
    versions=(ServedVersion(name="v1beta1"), ServedVersion(name="v1")),
    is_custom=True,
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["v1beta1", "v1"], ["v1", "v1beta1"]),
        (["v1", "v2", "v10"], ["v10", "v2", "v1"]),
        (["v1alpha2", "v1beta1", "v2alpha1"], ["v1beta1", "v2alpha1", "v1alpha2"]),
        (["foo", "v1"], ["v1", "foo"]),
    ],
)
def test_versions_are_sorted_by_stability_and_age(names: list[str], expected: list[str]) -> None:
    assert sorted(names, key=discovery.version_rank) == expected


def test_groups_come_in_the_order_of_the_server_and_custom_ones_last() -> None:
    groups = [group["name"] for group in discovery.group_list((*KINDS, CRONTAB))["groups"]]

    assert groups[:2] == ["apiregistration.k8s.io", "apps"]
    assert groups[-1] == "example.com"


def test_a_resource_list_names_subresources_after_their_resource() -> None:
    listed = discovery.resource_list(KINDS, "apps", "v1")
    assert listed is not None

    names = [item["name"] for item in listed["resources"]]
    scale = next(item for item in listed["resources"] if item["name"] == "deployments/scale")

    assert names[names.index("deployments") + 1] == "deployments/scale"
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")
    assert listed["groupVersion"] == "apps/v1"


def test_the_core_group_has_no_name() -> None:
    listed = discovery.resource_list(KINDS, "", "v1")

    assert listed is not None
    assert listed["groupVersion"] == "v1"


def test_what_is_not_served_has_no_list() -> None:
    assert discovery.resource_list(KINDS, "apps", "v1beta1") is None
    assert discovery.one_group(KINDS, "nonsense") is None
    assert discovery.served(KINDS, "apps", "v1beta1", "deployments") is None
    assert discovery.served(KINDS, "apps", "v1", "unicorns") is None


def test_the_preferred_version_is_the_first() -> None:
    group = discovery.one_group((*KINDS, CRONTAB), "example.com")

    assert group is not None
    assert group["preferredVersion"] == {"groupVersion": "example.com/v1", "version": "v1"}


def test_aggregated_discovery_says_the_same_in_one_answer() -> None:
    core = discovery.aggregated(KINDS, discovery_version="v2", core=True)
    others = discovery.aggregated(KINDS, discovery_version="v2", core=False)

    pods = next(
        item for item in core["items"][0]["versions"][0]["resources"] if item["resource"] == "pods"
    )
    assert [item["metadata"]["name"] for item in core["items"]] == [""]
    assert len(others["items"]) == len(discovery.group_list(KINDS)["groups"])
    assert pods["shortNames"] == ["po"]
    assert {item["subresource"] for item in pods["subresources"]} >= {"log", "eviction", "status"}
