from bascule.azure.document import list_at, text_at, value_at
from bascule.platform.desired.cluster import PAUSED
from bascule.platform.desired.model import Kind, Resource
from bascule.platform.green.model import BlueFacts, Federated
from bascule.platform.plan.gathering import Desired, build_desired
from tests.support.blue_cluster import GROUP, ISSUER, build_blue_document
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids

IDENTITY = f"{GROUP}/providers/p/t/named"
APPS = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"


def _build(text: str, facts: BlueFacts | None = None) -> Desired:
    return build_desired(read_ids(text), facts)


def _names(desired: Desired) -> list[str]:
    return [resource.name for resource in desired.resources]


def _find(desired: Desired, name: str) -> Resource:
    (found,) = (each for each in desired.resources if each.name == name)
    return found


def test_a_platform_without_green_has_none() -> None:
    desired = _build(SMALL)

    assert desired.derived is None
    assert _names(desired)[-1] == "role assignment Network Contributor on nodes for old"


def test_each_comes_after_what_it_needs() -> None:
    resources = _build(SMALL + GREEN + CONTROLLER).resources

    keys = [resource.id.key for resource in resources]
    for place, resource in enumerate(resources):
        before = [need.key for need in resource.needs if need.key in keys]
        assert all(keys.index(need) < place for need in before), resource.name


def test_an_identity_that_is_named_has_its_rights_from_elsewhere() -> None:
    assert not any("assignment" in n for n in _names(_build(f"{SMALL}    identity: {IDENTITY}\n")))


def test_green_is_made_like_the_spec_of_a_blue_that_is_not_there() -> None:
    green = _find(_build(SMALL + GREEN), "cluster new")

    (pool,) = list_at(green.document, "properties", "agentPoolProfiles")
    assert pool["orchestratorVersion"] == "1.36"
    assert "green" not in green.reason
    assert green.reason == "the new cluster, in the likeness of old"


def test_green_is_made_like_the_blue_that_is_there() -> None:
    facts = BlueFacts(cluster=build_blue_document(properties__addonProfiles={"x": {"on": 1}}))

    green = _find(_build(SMALL + GREEN, facts), "cluster new")

    assert value_at(green.document, "properties", "addonProfiles") == {"x": {"on": 1}}
    assert value_at(green.document, "properties", "somethingNew") == {"mode": "on"}


def test_of_green_only_what_is_said_is_kept() -> None:
    green = _find(_build(SMALL + GREEN), "cluster new")

    assert value_at(green.kept, "properties", "kubernetesVersion") == "1.36"
    assert value_at(green.kept, "properties", "networkProfile") is None


def test_a_pool_of_green_is_kept_by_what_is_said_of_it() -> None:
    pools = "    pools: [{name: nodepool1, autoscale: {min: 1, max: 4}}]\n"

    pool = _find(_build(SMALL + GREEN + pools), "node pool nodepool1 of new")

    assert pool.kept == {"properties": {"enableAutoScaling": True, "minCount": 1, "maxCount": 4}}
    assert text_at(pool.document, "properties", "osType") == "Linux"


def test_a_named_identity_of_green_needs_no_rights_of_its_own() -> None:
    desired = _build(f"{SMALL}    identity: {IDENTITY}\n{GREEN}")

    assert not any(resource.kind is Kind.ASSIGNMENT for resource in desired.resources)


def test_one_right_for_two_reasons_is_given_once() -> None:
    role = "/x/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7"
    ids = read_ids()
    assignment = {
        "properties": {
            "scope": str(ids.subnet("nodes")),
            "principalId": "blue-principal",
            "roleDefinitionId": ids.role("Network Contributor"),
        }
    }
    facts = BlueFacts(cluster=build_blue_document(), assignments=(assignment,))

    names = _names(_build(SMALL + GREEN, facts))

    assert names.count("role assignment Network Contributor on nodes for new") == 1
    assert not any(role in name for name in names)


def test_federated_credentials_of_one_identity_wait_for_each_other() -> None:
    credential = Federated(
        id=f"{APPS}/federatedIdentityCredentials/a",
        principal="app",
        issuer=ISSUER,
        subject="system:serviceaccount:a:a",
        audiences=("x",),
    )
    facts = BlueFacts(cluster=build_blue_document(), credentials=(credential,))

    desired = _build(SMALL + GREEN + CONTROLLER, facts)

    first = _find(desired, "federated credential old-bascule-bascule")
    second = _find(desired, "federated credential new-bascule-bascule")
    other = _find(desired, "federated credential new-a")
    assert first.id in second.needs
    assert not any(need.name.startswith("old-bascule") for need in other.needs)


def test_a_key_for_the_nodes_reaches_blue() -> None:
    desired = build_desired(read_ids(), None, ssh_public_key="ssh-ed25519 A")

    assert value_at(_find(desired, "cluster old").document, "properties", "linuxProfile")


def test_green_is_made_like_blue_as_it_will_be() -> None:
    blue = build_blue_document(
        properties__oidcIssuerProfile={"enabled": False},
        properties__autoUpgradeProfile={"upgradeChannel": "stable"},
    )

    desired = _build(SMALL + GREEN, BlueFacts(cluster=blue))

    green = _find(desired, "cluster new").document
    assert value_at(green, "properties", "oidcIssuerProfile", "enabled") is True
    assert text_at(green, "tags", "bascule-after-retire") == "upgradeChannel=stable"


def test_a_green_beside_its_blue_is_to_have_upgrades_off() -> None:
    blue = build_blue_document(properties__autoUpgradeProfile={"upgradeChannel": "stable"})

    kept = _find(_build(SMALL + GREEN, BlueFacts(cluster=blue)), "cluster new").kept

    assert value_at(kept, "properties", "autoUpgradeProfile") == PAUSED


def test_windows_of_blue_are_greens_too() -> None:
    window = {"name": "default", "id": "/x", "properties": {"timeInWeek": [{"day": "Sunday"}]}}

    desired = _build(SMALL + GREEN, BlueFacts(cluster=build_blue_document(), windows=(window,)))

    found = _find(desired, "maintenance window default of new")
    assert found.id.text.endswith("/managedClusters/new/maintenanceConfigurations/default")
    assert found.document == {"properties": {"timeInWeek": [{"day": "Sunday"}]}}


def test_nothing_of_a_blue_that_was_retired_is_wanted_again() -> None:
    green = build_blue_document(name="new")

    desired = build_desired(read_ids(SMALL + GREEN + CONTROLLER), None, survivor=green)

    assert not [name for name in _names(desired) if "old" in name.split()]
    assert [resource.name for resource in desired.retired] == [
        "cluster old",
        "node pool nodepool1 of old",
        "role assignment Network Contributor on nodes for old",
        "federated credential old-bascule-bascule",
        "role assignment Azure Kubernetes Service Cluster User Role on old for bascule-controller",
    ]


def test_a_green_that_is_alone_is_to_have_blues_upgrades_on_again() -> None:
    green = build_blue_document(
        name="new",
        tags={"bascule-after-retire": "upgradeChannel=stable"},
        properties__autoUpgradeProfile={"upgradeChannel": "none", "nodeOSUpgradeChannel": "None"},
    )

    kept = _find(build_desired(read_ids(SMALL + GREEN), None, survivor=green), "cluster new").kept

    assert value_at(kept, "properties", "autoUpgradeProfile") == {"upgradeChannel": "stable"}
    assert value_at(kept, "tags") == {"bascule-after-retire": None}


def test_a_green_that_is_alone_and_has_no_note_keeps_the_upgrades_that_it_has() -> None:
    green = build_blue_document(name="new")

    kept = _find(build_desired(read_ids(SMALL + GREEN), None, survivor=green), "cluster new").kept

    assert value_at(kept, "properties", "autoUpgradeProfile") is None
