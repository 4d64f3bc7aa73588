from typing import Any

from bascule.inventory.azure.regions import read_sizes, read_usages, read_versions


def sku(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "virtualMachines",
        "name": "Standard_D2s_v5",
        "family": "standardDSv5Family",
        "locations": ["ChinaNorth2"],
        "locationInfo": [{"location": "ChinaNorth2", "zones": ["2", "1"]}],
        "capabilities": [{"name": "vCPUs", "value": "2"}, {"name": "MemoryGB", "value": "8"}],
        "restrictions": [],
        **changes,
    }


def test_versions_are_read_with_their_patches_and_plans() -> None:
    document: dict[str, Any] = {
        "version": "1.33",
        "isPreview": None,
        "capabilities": {"supportPlan": ["KubernetesOfficial"]},
        "patchVersions": {"1.33.5": {"upgrades": []}},
    }

    (found,) = read_versions([document])

    assert (found.minor, found.patches, found.is_preview) == ("1.33", ("1.33.5",), False)
    assert found.plans == ("KubernetesOfficial",)


def test_quotas_are_read() -> None:
    document = {"name": {"value": "cores", "localizedValue": "x"}, "currentValue": 4, "limit": 10}

    (found,) = read_usages([document])

    assert (found.name, found.used, found.limit) == ("cores", 4, 10)


def test_a_size_is_read_with_its_zones() -> None:
    found = read_sizes([sku()], "chinanorth2")["standard_d2s_v5"]

    assert (found.family, found.vcpus, found.zones) == ("standardDSv5Family", 2, ("1", "2"))
    assert (found.refused_zones, found.refusal) == ((), "")


def test_sizes_of_other_things_and_places_are_left_out() -> None:
    assert read_sizes([sku(resourceType="disks"), sku(locations=["westus"])], "chinanorth2") == {}


def test_what_the_subscription_may_not_use_is_told() -> None:
    zone = {"type": "Zone", "restrictionInfo": {"zones": ["2"]}, "reasonCode": "x"}
    whole = {"type": "Location", "reasonCode": "NotAvailableForSubscription"}

    found = read_sizes([sku(restrictions=[zone, whole])], "chinanorth2")["standard_d2s_v5"]

    assert found.refused_zones == ("2",)
    assert found.refusal == "NotAvailableForSubscription"


def test_a_size_that_tells_no_number_of_vcpus_has_none() -> None:
    assert read_sizes([sku(capabilities=[])], "chinanorth2")["standard_d2s_v5"].vcpus == 0
