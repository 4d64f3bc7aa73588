import pytest

from bascule.azure.document import object_at, text_at, value_at
from bascule.platform.green.derive import derive_green
from bascule.platform.green.model import BlueFacts, Derived, Difference, Treatment
from bascule.platform.green.upgrades import RETIRE_TAG
from bascule.spec.azure.cluster import GreenCluster
from tests.support.blue_cluster import build_blue_document
from tests.support.platforms import read_ids

NETWORK = "properties__networkProfile"


def _derive(blue: dict[str, object] | None = None, **said: object) -> Derived:
    fields = {"name": "new", "egress": {"acknowledged": True}, **said}
    green = GreenCluster.model_validate(fields)
    return derive_green(read_ids(), green, BlueFacts(cluster=blue or build_blue_document()))


def _difference(derived: Derived, field: str) -> Difference:
    (found,) = (each for each in derived.differences if each.field == field)
    return found


def _codes(derived: Derived) -> list[str]:
    return [finding.code for finding in derived.findings]


def test_green_is_like_blue_but_for_its_name() -> None:
    derived = _derive()

    assert [d.field for d in derived.differences] == ["name", "egress", "autoUpgrade"]
    assert text_at(derived.document, "properties", "dnsPrefix") == "new"
    assert derived.document["tags"] == {"team": "shop", "bascule-platform": "shop"}
    assert derived.findings == ()


def test_the_version_is_blues_own_patch_if_nothing_is_said() -> None:
    derived = _derive()

    assert text_at(derived.document, "properties", "kubernetesVersion") == "1.34.2"
    assert value_at(derived.said, "properties", "kubernetesVersion") is None


def test_minor_versions_may_be_skipped() -> None:
    derived = _derive(version="1.36")

    assert _difference(derived, "version").blue == "1.34.2"
    assert text_at(derived.said, "properties", "kubernetesVersion") == "1.36"
    assert _codes(derived) == []


def test_a_step_back_is_refused() -> None:
    assert _codes(_derive(version="1.33")) == ["ClusterVersionLower"]


def test_a_blue_that_is_not_there_may_leave_the_version_to_azure() -> None:
    derived = _derive({"name": "old", "properties": {}})

    assert "kubernetesVersion" not in object_at(derived.document, "properties")


def test_what_the_spec_says_changes() -> None:
    derived = _derive(
        tier="Standard", authorizedRanges=["1.2.3.0/24"], nodeResourceGroup="nodes", tags={"a": "b"}
    )

    assert _difference(derived, "sku.tier").green == "Standard"
    assert _difference(derived, "apiServerAccessProfile.authorizedIPRanges").blue is None
    assert text_at(derived.said, "properties", "nodeResourceGroup") == "nodes"
    assert text_at(derived.document, "tags", "a") == "b"


def test_what_the_spec_says_as_blue_has_it_is_no_difference() -> None:
    derived = _derive(tier="Free")

    assert all(each.field != "sku.tier" for each in derived.differences)
    assert text_at(derived.said, "sku", "tier") == "Free"


def test_pools_are_blues_with_their_changes() -> None:
    derived = _derive(pools=[{"name": "nodepool1", "count": 5}], version="1.36")

    (pool,) = derived.document["properties"]["agentPoolProfiles"]  # type: ignore[index]  # a document
    assert pool["count"] == 5
    assert pool["orchestratorVersion"] == "1.36"


def test_the_gateways_add_on_is_never_copied() -> None:
    blue = build_blue_document(
        properties__addonProfiles={"ingressApplicationGateway": {"enabled": True}}
    )

    derived = _derive(blue)

    found = _difference(derived, "addons.ingressApplicationGateway")
    assert found.treatment is Treatment.DECIDED
    assert object_at(derived.document, "properties", "addonProfiles") == {}


def test_a_green_that_would_write_the_gateway_is_refused() -> None:
    derived = _derive(addons={"IngressApplicationGateway": {"enabled": True}})

    assert _codes(derived) == ["GatewayWriterOnGreen"]


def test_add_ons_may_differ() -> None:
    derived = _derive(
        addons={"azurepolicy": {"enabled": True}, "ingressApplicationGateway": {"enabled": False}}
    )

    assert value_at(derived.document, "properties", "addonProfiles", "azurepolicy", "enabled")
    assert _codes(derived) == []


def _overlay(**more: object) -> dict[str, object]:
    said = {"networkPluginMode": "overlay", "podCidr": "10.244.0.0/16", **more}
    return build_blue_document(**{f"{NETWORK}__{key}": value for key, value in said.items()})


def test_pods_of_an_overlay_get_the_next_free_range() -> None:
    derived = _derive(_overlay(podCidrs=["10.244.0.0/16"]))

    assert _difference(derived, "podCidr").green == "10.245.0.0/16"
    profile = object_at(derived.document, "properties", "networkProfile")
    assert profile["podCidr"] == "10.245.0.0/16"
    assert profile["podCidrs"] == ["10.245.0.0/16"]


def test_the_range_of_pods_may_be_said() -> None:
    derived = _derive(_overlay(), podCidr="172.20.0.0/16")

    assert _difference(derived, "podCidr").treatment is Treatment.CHANGED


@pytest.mark.parametrize("text", ["10.244.128.0/17", "10.240.0.0/24"])
def test_a_range_of_pods_that_overlaps_is_refused(text: str) -> None:
    assert _codes(_derive(_overlay(), podCidr=text)) == ["PodRangesOverlap"]


def test_a_range_that_is_free_nowhere_is_refused() -> None:
    assert _codes(_derive(_overlay(podCidr="10.0.0.0/8"))) == ["PodRangesOverlap"]


def test_pods_of_a_subnet_have_no_range_of_their_own() -> None:
    assert _codes(_derive(podCidr="172.20.0.0/16")) == ["PodRangeNotOwn"]


def test_new_addresses_to_the_world_are_a_blocker_until_acknowledged() -> None:
    derived = _derive(egress={})

    assert _codes(derived) == ["EgressNotAcknowledged"]
    assert _difference(derived, "egress").treatment is Treatment.DECIDED


def test_addresses_of_blue_are_not_greens_too() -> None:
    path = f"{NETWORK}__loadBalancerProfile"
    blue = build_blue_document(**{path: {"outboundIPs": {"publicIPs": [{"id": "/blue"}]}}})
    own = "/subscriptions/s/resourceGroups/g/providers/p/t/green"

    derived = _derive(blue, egress={"acknowledged": True, "outboundIps": [own]})

    profile = object_at(derived.document, "properties", "networkProfile", "loadBalancerProfile")
    assert profile == {"outboundIPs": {"publicIPs": [{"id": own}]}}
    assert _difference(derived, "egress").green == [own]


def test_addresses_of_the_network_stay_the_same() -> None:
    blue = build_blue_document(**{f"{NETWORK}__outboundType": "userDefinedRouting"})

    assert _codes(_derive(blue, egress={})) == []
    assert _codes(_derive(blue, egress={}, subnet="front")) == ["EgressNotAcknowledged"]


def test_what_azure_upgrades_by_itself_is_kept_for_after_the_retire() -> None:
    blue = build_blue_document(properties__autoUpgradeProfile={"upgradeChannel": "stable"})

    derived = _derive(blue)

    assert text_at(derived.said, "properties", "autoUpgradeProfile", "upgradeChannel") == "none"
    assert text_at(derived.document, "tags", RETIRE_TAG) == "upgradeChannel=stable"


def test_a_tag_of_the_last_retire_is_not_copied() -> None:
    derived = _derive(build_blue_document(tags={RETIRE_TAG: "x"}))

    assert RETIRE_TAG not in object_at(derived.document, "tags")


def _private(**more: object) -> dict[str, object]:
    access = "properties__apiServerAccessProfile"
    return build_blue_document(**{f"{access}__enablePrivateCluster": True}, **more)


def test_a_private_cluster_keeps_the_way_of_its_zone() -> None:
    derived = _derive(_private())

    path = ("properties", "apiServerAccessProfile", "privateDNSZone")
    assert text_at(derived.document, *path) == "system"


def test_the_zone_of_a_private_cluster_may_be_said() -> None:
    derived = _derive(_private(), privateDnsZone="none")

    assert _difference(derived, "privateDnsZone").treatment is Treatment.CHANGED
