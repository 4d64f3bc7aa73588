"""What the lab's AKS answers has the shape of recorded answers."""

from typing import Any

from bascule.lab.arm.operation_pages import answer_poll
from bascule.lab.arm.requests import ArmReply
from tests.support.aks_world import SUBNET, Aks, body_of, running_aks
from tests.support.arm_world import LOCATION, S, request
from tests.support.azure_shapes import differences, load_shape

VERSIONS = f"{S}/providers/Microsoft.ContainerService/locations/{LOCATION}/kubernetesVersions"


def recorded_body() -> dict[str, Any]:
    """Return the body of the recorded creation."""
    pool = {
        "count": 1,
        "vmSize": "",
        "osType": "Linux",
        "enableAutoScaling": False,
        "type": "VirtualMachineScaleSets",
        "mode": "System",
        "orchestratorVersion": "",
        "upgradeSettings": {},
        "enableNodePublicIP": False,
        "scaleSetPriority": "Regular",
        "scaleSetEvictionPolicy": "Delete",
        "spotMaxPrice": -1.0,
        "tags": {"tag1": "tv1"},
        "nodeLabels": {"label1": "value1"},
        "nodeTaints": [],
        "enableEncryptionAtHost": False,
        "enableUltraSSD": False,
        "enableFIPS": False,
        "name": "nodepool1",
    }
    keys = [{"keyData": "ssh-rsa AAAA"}]
    return {
        "tags": {"key1": "value1"},
        "location": LOCATION,
        "sku": {"name": "Base", "tier": "Free"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "kubernetesVersion": "",
            "dnsPrefix": "cliakstest-clitest-0e7454",
            "agentPoolProfiles": [pool],
            "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": keys}},
            "addonProfiles": {},
            "enableRBAC": True,
            "networkProfile": {
                "podCidr": "10.244.0.0/16",
                "serviceCidr": "10.0.0.0/16",
                "dnsServiceIP": "10.0.0.10",
                "outboundType": "loadBalancer",
                "loadBalancerSku": "standard",
            },
            "disableLocalAccounts": False,
            "storageProfile": {},
            "bootstrapProfile": {"artifactSource": "Direct"},
        },
    }


def assert_like(name: str, reply: ArmReply) -> None:
    assert differences(load_shape("clusters", name), reply) == []


async def assert_refused(aks: Aks, name: str, path: str, body: Any = None) -> None:
    method = "PUT" if body is not None else "GET"
    assert_like(name, (await aks.refused(method, path, body)).render())


def poll(aks: Aks, reply: ArmReply) -> ArmReply:
    path = reply.headers["Azure-AsyncOperation"].removeprefix(aks.world.settings.url)
    return answer_poll(aks.world, request("GET", path.partition("?")[0]))


async def test_a_cluster_is_made_shown_and_deleted_as_aks_does() -> None:
    async with running_aks() as aks:
        await assert_refused(aks, "notFound", "old")
        created = await aks.ask("PUT", "old", recorded_body())
        running = poll(aks, created)
        await assert_refused(aks, "busy", "old", recorded_body())
        await aks.clock.advance(1_000)

        assert_like("created", created)
        assert_like("running", running)
        assert_like("succeeded", poll(aks, created))
        assert_like("shown", await aks.ask("GET", "old"))
        assert_like("credentials", await aks.ask("POST", "old/listClusterUserCredential"))
        assert_like("deleted", await aks.ask("DELETE", "old"))


async def test_versions_and_upgrades_are_listed_as_aks_does() -> None:
    async with running_aks() as aks:
        document = await aks.made()

        assert_like("versions", await aks.ask("GET", VERSIONS))
        assert_like("upgrades", await aks.ask("GET", "old/upgradeProfiles/default"))
        document["properties"]["kubernetesVersion"] = "1.37.0"
        await assert_refused(aks, "upgradeNotAllowed", "old", document)
        document["properties"]["kubernetesVersion"] = "1.34.4"
        await assert_refused(aks, "upgradeNotAllowed", "old", document)
        await assert_refused(aks, "versionNotSupported", "new", body_of(kubernetesVersion="1.20.1"))
        newer = {"properties": {"orchestratorVersion": "1.36.1", "vnetSubnetID": SUBNET}}
        await assert_refused(aks, "poolVersionIncompatible", "old/agentPools/more", newer)


async def test_conflicts_and_missing_accounts_are_refused_as_aks_does() -> None:
    async with running_aks() as aks:
        entra = body_of(disableLocalAccounts=True, aadProfile={"managed": True})
        document = await aks.made("old", entra)

        stale = await aks.refused("PUT", "old", document, if_match="other")

        assert_like("etagMismatch", stale.render())
        secret = await aks.refused("POST", "old/listClusterAdminCredential")
        assert_like("noStaticCredential", secret.render())
