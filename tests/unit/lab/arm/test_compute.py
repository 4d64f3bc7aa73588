import pytest

from bascule.lab.arm.compute import ComputeProvider
from bascule.lab.arm.quotas import Quotas
from bascule.lab.arm.requests import ArmRefusal
from tests.support.aks_world import running_aks
from tests.support.arm_world import LOCATION, RG, S, ask, make_world

COMPUTE = f"{S}/providers/Microsoft.Compute"
DISK = f"{RG}/providers/Microsoft.Compute/disks/d"


async def test_usages_count_the_cores_of_clusters_that_run() -> None:
    async with running_aks() as aks:
        provider = ComputeProvider(aks.world, aks.quotas)
        await aks.made()
        usages = f"{COMPUTE}/locations/{LOCATION}/usages"

        before = await ask(provider, "GET", usages)
        await aks.ask("POST", "old/stop")
        await aks.clock.advance(1_000)
        after = await ask(provider, "GET", usages)

        used = {each["name"]["value"]: each for each in before.body["value"]}
        assert used["cores"] == {
            "limit": 200,
            "unit": "Count",
            "currentValue": 24,
            "name": {"value": "cores", "localizedValue": "Total Regional vCPUs"},
        }
        assert used["standardDDSv4Family"]["currentValue"] == 24
        assert {each["currentValue"] for each in after.body["value"]} == {0}


async def test_a_size_tells_its_cores_zones_and_restrictions() -> None:
    world = make_world()
    provider = ComputeProvider(world, Quotas(world))
    provider.restrict({"cores": 4}, {"Standard_D2s_v5": ("2",), "Standard_D4s_v5": ()})

    reply = await ask(
        provider, "GET", f"{COMPUTE}/skus", query={"$filter": "location eq 'China North 2'"}
    )

    by_name = {each["name"]: each for each in reply.body["value"]}
    size = by_name["Standard_D2s_v5"]
    assert {"name": "vCPUs", "value": "2"} in size["capabilities"]
    assert size["locationInfo"][0]["zones"] == ["1", "2", "3"]
    assert size["restrictions"][0]["type"] == "Zone"
    assert size["restrictions"][0]["restrictionInfo"] == {"locations": [LOCATION], "zones": ["2"]}
    assert by_name["Standard_D4s_v5"]["restrictions"][0]["type"] == "Location"
    assert by_name["Standard_D8ds_v4"]["restrictions"] == []
    usages = await ask(provider, "GET", f"{COMPUTE}/locations/{LOCATION}/usages")
    assert usages.body["value"][0]["limit"] == 4
    sizes = await ask(provider, "GET", f"{COMPUTE}/locations/{LOCATION}/vmSizes")
    assert {"Standard_D8ds_v4"} <= {each["name"] for each in sizes.body["value"]}


async def test_machines_of_a_pool_are_listed_by_their_names() -> None:
    async with running_aks() as aks:
        provider = ComputeProvider(aks.world, aks.quotas)
        await aks.made()
        group = f"{S}/resourceGroups/MC_AKS_Upgrade_old_{LOCATION}"
        scale_sets = f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets"

        [scale_set] = (await ask(provider, "GET", scale_sets)).body["value"]
        machines = await ask(provider, "GET", f"{scale_set['id']}/virtualMachines")

        assert "instances" not in scale_set
        assert scale_set["sku"] == {
            "name": "Standard_D8ds_v4",
            "tier": "Standard",
            "capacity": 3,
        }
        names = [each["properties"]["osProfile"]["computerName"] for each in machines.body["value"]]
        assert names == [node.name for node in aks.clusters.plan.pools[0].nodes]


async def test_disks_are_kept_and_scale_sets_are_made_by_aks_only() -> None:
    world = make_world()
    provider = ComputeProvider(world, Quotas(world))

    made = await ask(provider, "PUT", DISK, {"properties": {"diskSizeGB": 8}})

    assert made.status == 201
    assert made.body["properties"]["diskState"] == "Unattached"
    assert (await ask(provider, "GET", DISK)).body == made.body
    assert (await ask(provider, "DELETE", DISK)).status == 200
    assert (await ask(provider, "DELETE", DISK)).status == 204
    scale_set = DISK.replace("disks", "virtualMachineScaleSets")
    for method, path in (
        ("GET", DISK),
        ("PUT", scale_set),
        ("GET", f"{scale_set}/virtualMachines"),
        ("GET", f"{COMPUTE}/wonders"),
    ):
        with pytest.raises(ArmRefusal):
            await ask(provider, method, path, {})
