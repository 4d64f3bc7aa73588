import base64
from typing import Any

import pytest
import yaml

from bascule.lab.arm.network.attachments import find_subnet
from tests.support.aks_world import AKS, SUBNET, Aks, body_of, running_aks
from tests.support.arm_world import LOCATION, RG, S


async def test_a_new_cluster_has_the_defaults_of_aks_and_its_identity_at_once() -> None:
    async with running_aks() as aks:
        reply = await aks.ask("PUT", "old", body_of())
        document = reply.body

        assert reply.status == 201
        operation = reply.headers["Azure-AsyncOperation"]
        assert f"{S}/providers/Microsoft.ContainerService/locations/{LOCATION}/operations/" in (
            operation
        )
        assert "Retry-After" not in reply.headers
        assert document["id"] == f"{AKS}/old".replace("/resourceGroups/", "/resourcegroups/")
        assert document["type"] == "Microsoft.ContainerService/ManagedClusters"
        assert document["identity"]["principalId"]
        properties = document["properties"]
        assert properties["provisioningState"] == "Creating"
        assert properties["kubernetesVersion"] == "1.35"
        assert properties["currentKubernetesVersion"] == "1.35.3"
        assert properties["nodeResourceGroup"] == f"MC_AKS_Upgrade_old_{LOCATION}"
        assert properties["networkProfile"]["networkPlugin"] == "azure"
        assert "networkPluginMode" not in properties["networkProfile"]
        assert "podCidr" not in properties["networkProfile"]
        [pool] = properties["agentPoolProfiles"]
        assert (pool["vmSize"], pool["maxPods"]) == ("Standard_D8ds_v4", 30)
        assert (pool["orchestratorVersion"], pool["provisioningState"]) == ("1.35", "Creating")


async def test_without_a_plugin_pods_get_an_overlay_network() -> None:
    async with running_aks() as aks:
        body = body_of("", networkProfile={"outboundType": "loadBalancer"})

        properties = (await aks.made("old", body))["properties"]

        assert properties["networkProfile"]["networkPluginMode"] == "overlay"
        assert properties["networkProfile"]["podCidr"] == "10.244.0.0/16"
        assert properties["agentPoolProfiles"][0]["maxPods"] == 250
        assert aks.clusters.plan.pods.bound_to == ""
        assert aks.clusters.plan.pods.first == "10.244.0.1"


async def test_a_cluster_that_is_made_runs_and_fills_its_node_resource_group() -> None:
    async with running_aks() as aks:
        document = await aks.made()
        group = f"{S}/resourceGroups/MC_AKS_Upgrade_old_{LOCATION}"

        assert document["properties"]["provisioningState"] == "Succeeded"
        plan = aks.clusters.plan
        assert [node.address for node in plan.pools[0].nodes] == [
            "10.240.0.4",
            "10.240.0.5",
            "10.240.0.6",
        ]
        assert plan.pools[0].nodes[0].name.startswith("aks-nodepool1-")
        assert plan.pools[0].nodes[0].name.endswith("-vmss000000")
        assert (plan.pods.first, plan.pods.bound_to) == ("10.240.1.0", "127")
        assert aks.world.resources.find(group) is not None
        kinds = {each["type"].rpartition("/")[2] for each in aks.world.resources.below(group)}
        assert kinds == {
            "loadBalancers",
            "networkSecurityGroups",
            "publicIPAddresses",
            "userAssignedIdentities",
            "virtualMachineScaleSets",
        }
        kubelet = document["properties"]["identityProfile"]["kubeletidentity"]
        assert aks.principals.find(kubelet["objectId"]) is not None
        assert aks.world.resources.find(kubelet["resourceId"]) is not None


async def test_machines_take_addresses_of_their_subnet_for_as_long_as_they_are_there() -> None:
    async with running_aks() as aks:
        document = await aks.made()
        full = len(used(aks))
        document["properties"]["agentPoolProfiles"][0]["count"] = 1
        await aks.changed("old", document)
        scaled = len(used(aks))
        await aks.ask("DELETE", "old")
        await aks.clock.advance(1_000)

        assert (full, scaled) == (3 * 31, 31)
        assert used(aks) == []


def used(aks: Aks) -> list[str]:
    subnet = find_subnet(aks.world.resources, SUBNET)
    assert subnet is not None
    return [each["id"] for each in subnet["properties"].get("ipConfigurations", ())]


async def test_clusters_in_one_subnet_have_addresses_of_their_own() -> None:
    async with running_aks() as aks:
        await aks.made("old")
        await aks.made("new")

        first, second = aks.clusters.plans.values()
        assert first.pods.last < second.pods.first
        assert second.pools[0].nodes[0].address == "10.240.16.4"


async def test_what_is_being_changed_refuses_another_change() -> None:
    async with running_aks() as aks:
        await aks.ask("PUT", "old", body_of())

        refusal = await aks.refused("PUT", "old", body_of())

        assert (refusal.status, refusal.code) == (409, "OperationNotAllowed")
        assert "Another operation (old - Creating) is in progress" in refusal.message
        body = refusal.render().body
        assert body.keys() == {"code", "details", "message", "subcode"}


async def test_an_upgrade_shows_the_target_at_once() -> None:
    async with running_aks() as aks:
        document = await aks.made()
        document["properties"]["kubernetesVersion"] = "1.36.1"
        document["properties"]["agentPoolProfiles"][0]["orchestratorVersion"] = "1.36.1"

        shown = (await aks.ask("PUT", "old", document)).body["properties"]
        await aks.clock.advance(1)
        plan = aks.clusters.plan
        await aks.clock.advance(1_000)

        assert shown["provisioningState"] == "Upgrading"
        assert shown["currentKubernetesVersion"] == "1.36.1"
        assert shown["agentPoolProfiles"][0]["currentOrchestratorVersion"] == "1.36.1"
        assert (plan.version, plan.pools[0].version) == ("1.36.1", "1.36.1")
        assert plan.pools[0].spare is not None
        assert (await aks.document())["properties"]["provisioningState"] == "Succeeded"


@pytest.mark.parametrize(
    ("version", "code", "words"),
    [
        ("1.37.0", "OperationNotAllowed", "Upgrading Kubernetes version 1.35.3 to 1.37.0"),
        ("1.34.6", "OperationNotAllowed", "Downgrading Kubernetes version 1.35.3 to 1.34.6"),
        ("1.35.9", "K8sVersionNotSupported", "is on version 1.35.9"),
        ("1.99", "K8sVersionNotSupported", "is on version 1.99"),
    ],
)
async def test_minors_are_neither_skipped_nor_taken_back(
    version: str, code: str, words: str
) -> None:
    async with running_aks() as aks:
        document = await aks.made()
        document["properties"]["kubernetesVersion"] = version

        refusal = await aks.refused("PUT", "old", document)

        assert (refusal.status, refusal.code) == (400, code)
        assert words in refusal.message


async def test_a_pool_may_not_be_newer_than_the_control_plane() -> None:
    async with running_aks() as aks:
        await aks.made()

        refusal = await aks.refused(
            "PUT",
            "old/agentPools/more",
            {"properties": {"count": 1, "orchestratorVersion": "1.36.0", "vnetSubnetID": SUBNET}},
        )

        assert refusal.code == "NodePoolMcVersionIncompatible"


async def test_scaling_keeps_the_oldest_machines() -> None:
    async with running_aks() as aks:
        document = await aks.made()
        before = aks.clusters.plan.pools[0].nodes
        document["properties"]["agentPoolProfiles"][0]["count"] = 5

        shown = (await aks.ask("PUT", "old", document)).body
        await aks.clock.advance(1_000)
        grown = aks.clusters.plan.pools[0].nodes
        document["properties"]["agentPoolProfiles"][0]["count"] = 1
        await aks.changed("old", document)

        assert shown["properties"]["provisioningState"] == "Scaling"
        assert grown[:3] == before
        assert len(grown) == 5
        assert aks.clusters.plan.pools[0].nodes == before[:1]


async def test_pools_are_added_listed_changed_and_deleted() -> None:
    async with running_aks() as aks:
        await aks.made()
        body = {"properties": {"count": 2, "mode": "User", "vnetSubnetID": SUBNET}}

        added = await aks.ask("PUT", "old/agentPools/more", body)
        await aks.clock.advance(1_000)
        tag = (await aks.document())["eTag"]
        scaled = await aks.ask("PUT", "old/agentPools/more", {"properties": {"count": 3}})
        await aks.clock.advance(1_000)
        listed = (await aks.ask("GET", "old/agentPools")).body["value"]
        deleted = await aks.ask("DELETE", "old/agentPools/more")
        await aks.clock.advance(1_000)

        assert (added.status, scaled.status, deleted.status) == (201, 200, 202)
        assert added.body["properties"]["provisioningState"] == "Creating"
        assert scaled.body["properties"]["provisioningState"] == "Scaling"
        assert added.body["properties"]["eTag"] != scaled.body["properties"]["eTag"]
        assert (await aks.document())["eTag"] == tag
        assert [each["name"] for each in listed] == ["nodepool1", "more"]
        assert listed[1]["properties"]["provisioningState"] == "Succeeded"
        assert [pool.name for pool in aks.clusters.plan.pools] == ["nodepool1"]
        assert (await aks.ask("DELETE", "old/agentPools/more")).status == 204
        assert (await aks.refused("GET", "old/agentPools/more")).status == 404


async def test_the_last_system_pool_stays() -> None:
    async with running_aks() as aks:
        await aks.made()

        refusal = await aks.refused("DELETE", "old/agentPools/nodepool1")

        assert refusal.status == 400


async def test_etags_guard_clusters_and_pools() -> None:
    async with running_aks() as aks:
        document = await aks.made()
        pool = document["properties"]["agentPoolProfiles"][0]

        stale = await aks.refused("PUT", "old", document, if_match='"other"')
        pool_stale = await aks.refused(
            "PUT", "old/agentPools/nodepool1", {"properties": {"count": 2}}, if_match="x"
        )
        new = await aks.refused("PUT", "old", document, if_none_match="*")
        fresh = await aks.ask(
            "PUT", "old/agentPools/nodepool1", {"properties": {"count": 2}}, if_match=pool["eTag"]
        )
        await aks.clock.advance(1_000)
        taken = await aks.ask("PUT", "old", document, if_match=f'"{document["eTag"]}"')

        for refusal in (stale, pool_stale, new):
            assert (refusal.status, refusal.code) == (409, "EtagMismatch")
        assert fresh.status == 200
        assert taken.body["eTag"] != document["eTag"]


async def test_credentials_dial_the_cluster_itself() -> None:
    async with running_aks() as aks:
        await aks.made()

        reply = await aks.ask("POST", "old/listClusterUserCredential")
        admin = await aks.ask("POST", "old/listClusterAdminCredential")

        config = kubeconfig(reply.body)
        assert config["current-context"] == "old"
        assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:4711"
        assert config["users"][0]["name"] == "clusterUser_AKS_Upgrade_old"
        assert config["users"][0]["user"]["client-key-data"] == "S0VZ"
        assert kubeconfig(admin.body)["current-context"] == "old-admin"
        assert reply.body["kubeconfigs"][0]["name"] == "clusterUser"


async def test_a_cluster_without_local_accounts_gives_no_admin_credential() -> None:
    async with running_aks() as aks:
        body = body_of(disableLocalAccounts=True, aadProfile={"managed": True})
        document = await aks.made("old", body)

        refusal = await aks.refused("POST", "old/listClusterAdminCredential")
        user = kubeconfig((await aks.ask("POST", "old/listClusterUserCredential")).body)

        assert document["properties"]["aadProfile"]["tenantID"]
        assert (refusal.status, refusal.code) == (400, "BadRequest")
        assert "disable local accounts" in refusal.message
        assert user["users"][0]["user"]["exec"]["command"] == "kubelogin"
        bare = await aks.refused("PUT", "other", body_of(disableLocalAccounts=True))
        assert bare.status == 400


async def test_a_stopped_cluster_keeps_its_plan_and_takes_no_changes() -> None:
    async with running_aks() as aks:
        await aks.made()

        stopped = await aks.ask("POST", "old/stop")
        stopping = (await aks.document())["properties"]["provisioningState"]
        await aks.clock.advance(1_000)
        document = await aks.document()
        refusal = await aks.refused("PUT", "old", body_of())
        is_running = bool(aks.clusters.running)
        started = await aks.ask("POST", "old/start")
        await aks.clock.advance(1_000)

        assert (stopped.status, started.status) == (202, 202)
        assert stopping == "Stopping"
        assert document["properties"]["powerState"] == {"code": "Stopped"}
        assert document["properties"]["agentPoolProfiles"][0]["powerState"] == {"code": "Stopped"}
        assert refusal.code == "OperationNotAllowed"
        assert not is_running
        assert aks.clusters.running
        assert (await aks.document())["properties"]["powerState"] == {"code": "Running"}


async def test_deleting_takes_the_node_resource_group_along() -> None:
    async with running_aks() as aks:
        await aks.made()

        reply = await aks.ask("DELETE", "old")
        again = await aks.refused("DELETE", "old")
        await aks.clock.advance(1_000)

        assert reply.status == 202
        assert "Location" in reply.headers
        assert again.code == "OperationNotAllowed"
        assert aks.clusters.plans == {}
        assert (await aks.refused("GET", "old")).code == "ResourceNotFound"
        assert [each["id"] for each in aks.world.resources.below(S) if "MC_" in each["id"]] == []
        assert (await aks.ask("DELETE", "old")).status == 204


async def test_a_deletion_preempts_what_runs() -> None:
    async with running_aks() as aks:
        await aks.ask("PUT", "old", body_of())
        [creation] = aks.world.operations.all()

        await aks.ask("DELETE", "old")
        await aks.clock.advance(1_000)

        assert creation.status == "Canceled"
        assert (await aks.refused("GET", "old")).status == 404


async def test_an_operation_can_be_aborted() -> None:
    async with running_aks() as aks:
        document = await aks.made()
        await aks.ask("PUT", "old", document)

        reply = await aks.ask("POST", "old/abort")
        await aks.clock.advance(1_000)

        assert reply.status == 202
        assert (await aks.document())["properties"]["provisioningState"] == "Canceled"
        assert (await aks.refused("POST", "old/abort")).status == 400


async def test_a_change_that_fails_leaves_the_cluster_failed() -> None:
    async with running_aks() as aks:
        document = await aks.made()
        aks.clusters.failure = "a pod cannot be evicted"

        await aks.ask("PUT", "old", document)
        await aks.clock.advance(1_000)

        assert (await aks.document())["properties"]["provisioningState"] == "Failed"
        assert aks.world.operations.all()[-1].error == {
            "code": "UpgradeFailed",
            "message": "a pod cannot be evicted",
        }


async def test_operations_say_what_is_being_done() -> None:
    async with running_aks() as aks:
        await aks.ask("PUT", "old", body_of())
        [operation] = aks.world.operations.all()
        seen = []

        for _ in range(12):
            seen.append(operation.status)
            await aks.clock.advance(10)

        assert list(dict.fromkeys(seen)) == [
            "InProgress",
            "ProvisioningControlPlane",
            "ProvisioningNetworkResources",
            "CreatingAgentPools",
            "Succeeded",
        ]


async def test_versions_and_upgrades_are_offered() -> None:
    async with running_aks() as aks:
        await aks.made()
        offered = await aks.ask(
            "GET",
            f"{S}/providers/Microsoft.ContainerService/locations/{LOCATION}/kubernetesVersions",
        )
        profile = (await aks.ask("GET", "old/upgradeProfiles/default")).body["properties"]
        pool = (await aks.ask("GET", "old/agentPools/nodepool1/upgradeProfiles/default")).body
        pools = (await aks.ask("GET", "old/availableAgentPoolVersions")).body["properties"]

        by_name = {each["version"]: each for each in offered.body["values"]}
        assert by_name["1.35"]["isDefault"] is True
        assert by_name["1.33"]["capabilities"]["supportPlan"] == ["AKSLongTermSupport"]
        assert profile["controlPlaneProfile"]["kubernetesVersion"] == "1.35.3"
        assert [
            each["kubernetesVersion"] for each in profile["controlPlaneProfile"]["upgrades"]
        ] == [
            "1.36.1",
            "1.36.0",
        ]
        assert pool["properties"]["upgrades"] == []
        assert {"default": True, "kubernetesVersion": "1.35.3"} in pools["agentPoolVersions"]


async def test_tags_are_patched_and_profiles_are_kept() -> None:
    async with running_aks() as aks:
        addons = {"ingressApplicationGateway": {"enabled": True, "config": {"subnetCIDR": "x"}}}
        profiles: dict[str, Any] = {
            "addonProfiles": addons,
            "oidcIssuerProfile": {"enabled": True},
            "securityProfile": {"workloadIdentity": {"enabled": True}},
            "apiServerAccessProfile": {"authorizedIPRanges": ["1.2.3.4/32"]},
            "autoUpgradeProfile": {"upgradeChannel": "none"},
        }
        document = await aks.made("old", body_of(**profiles))

        patched = (await aks.ask("PATCH", "old", {"tags": {"a": "b"}})).body

        properties = document["properties"]
        assert properties["addonProfiles"] == addons
        assert properties["oidcIssuerProfile"]["issuerURL"].startswith("https://")
        assert properties["apiServerAccessProfile"] == profiles["apiServerAccessProfile"]
        assert properties["autoUpgradeProfile"]["upgradeChannel"] == "none"
        assert patched["tags"] == {"a": "b"}
        assert patched["eTag"] != document["eTag"]
        kept = await aks.changed("old", {"properties": {}, "location": LOCATION})
        assert kept["properties"]["addonProfiles"] == addons
        assert kept["tags"] == {"a": "b"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nodeResourceGroup": "other"}, "nodeResourceGroup"),
        ({"dnsPrefix": "other"}, "dnsPrefix"),
        ({"networkProfile": {"serviceCidr": "10.9.0.0/16"}}, "networkProfile.serviceCidr"),
        ({"agentPoolProfiles": [{"name": "nodepool1", "vmSize": "Standard_D2s_v5"}]}, "vmSize"),
    ],
)
async def test_some_properties_are_fixed(change: dict[str, Any], field: str) -> None:
    async with running_aks() as aks:
        await aks.made()

        refusal = await aks.refused("PUT", "old", {"properties": change})

        assert (refusal.status, refusal.code) == (409, "PropertyChangeNotAllowed")
        assert field in refusal.message


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (body_of(f"{SUBNET}x"), "InvalidResourceReference"),
        (body_of(kubernetesVersion="1.33"), "K8sVersionNotSupported"),
        (body_of(agentPoolProfiles=[]), "BadRequest"),
        (body_of(agentPoolProfiles=[{"name": "A-b", "mode": "System"}]), "InvalidParameter"),
        (
            body_of(agentPoolProfiles=[{"name": "a", "vmSize": "Standard_Q1"}]),
            "InvalidParameter",
        ),
        (body_of(agentPoolProfiles=[{"name": "a", "mode": "User"}]), "BadRequest"),
        (
            body_of(agentPoolProfiles=[{"name": "a", "count": 900, "vnetSubnetID": SUBNET}]),
            "ErrCode_InsufficientVCPUQuota",
        ),
        (
            body_of(
                agentPoolProfiles=[
                    {
                        "name": "a",
                        "count": 9,
                        "maxPods": 250,
                        "maxCount": 900,
                        "minCount": 1,
                        "vnetSubnetID": SUBNET,
                        "enableAutoScaling": True,
                    }
                ]
            ),
            "InsufficientSubnetSize",
        ),
        (
            body_of(networkProfile={"networkPlugin": "azure", "serviceCidr": "10.240.0.0/20"}),
            "ServiceCidrOverlapExistingSubnetsCidr",
        ),
        (body_of(supportPlan="AKSLongTermSupport"), "BadRequest"),
        (body_of(securityProfile={"workloadIdentity": {"enabled": True}}), "BadRequest"),
    ],
)
async def test_what_aks_refuses_is_refused_at_once(body: dict[str, Any], code: str) -> None:
    async with running_aks() as aks:
        refusal = await aks.refused("PUT", "old", body)

        assert (refusal.status, refusal.code) == (400, code)
        assert (await aks.refused("GET", "old")).status == 404
        assert list(aks.world.resources.of_type("Lab/clusters")) == []


async def test_maintenance_windows_are_kept_with_the_cluster() -> None:
    async with running_aks() as aks:
        await aks.made()
        path = "old/maintenanceConfigurations/default"

        made = await aks.ask("PUT", path, {"properties": {"x": 1}})

        assert made.status == 201
        assert (await aks.ask("GET", path)).body == made.body
        assert len((await aks.ask("GET", "old/maintenanceConfigurations")).body["value"]) == 1
        assert (await aks.ask("DELETE", path)).status == 200
        assert (await aks.refused("GET", path)).status == 404


async def test_identities_of_ones_own_show_their_ids() -> None:
    async with running_aks() as aks:
        identity = f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/own"
        aks.world.resources.put(
            {
                "id": identity,
                "name": "own",
                "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
                "properties": {"clientId": "c", "principalId": "p", "tenantId": "t"},
            }
        )
        body = body_of(identityProfile={"kubeletidentity": {"resourceId": identity}})
        body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}

        document = await aks.made("old", body)

        assert document["identity"]["userAssignedIdentities"][identity] == {
            "clientId": "c",
            "principalId": "p",
        }
        kubelet = document["properties"]["identityProfile"]["kubeletidentity"]
        assert (kubelet["clientId"], kubelet["objectId"]) == ("c", "p")
        body["identity"]["userAssignedIdentities"] = {f"{identity}x": {}}
        assert (await aks.refused("PUT", "new", body)).code == "FailedIdentityOperation"


async def test_clusters_run_again_after_the_lab_was_started_again() -> None:
    async with running_aks() as aks:
        await aks.made("old")
        await aks.made("stopped")
        await aks.ask("POST", "stopped/stop")
        await aks.clock.advance(1_000)
        await aks.provider.stop()

        await aks.provider.start()

        assert len(aks.clusters.running) == 1


async def test_what_was_under_way_when_the_lab_ended_has_failed() -> None:
    async with running_aks() as aks:
        document = await aks.made()
        document["properties"]["agentPoolProfiles"][0]["provisioningState"] = "Scaling"
        aks.world.resources.put(document)

        await aks.provider.start()

        properties = (await aks.document())["properties"]
        assert properties["provisioningState"] == "Succeeded"
        assert properties["agentPoolProfiles"][0]["provisioningState"] == "Failed"


async def test_what_aks_does_not_have_is_not_found() -> None:
    async with running_aks() as aks:
        assert (
            await aks.refused("GET", f"{S}/providers/{'Microsoft.ContainerService'}/x")
        ).status == 404
        assert (await aks.refused("GET", "none")).code == "ResourceNotFound"
        assert (await aks.refused("POST", "none")).status == 405
        assert (await aks.ask("GET", "")).body == {"value": []}
        assert (
            await aks.ask("GET", f"{S}/providers/Microsoft.ContainerService/managedClusters")
        ).body == {"value": []}


async def test_the_nodes_image_can_be_renewed() -> None:
    async with running_aks() as aks:
        await aks.made()

        reply = await aks.ask("POST", "old/agentPools/nodepool1/upgradeNodeImageVersion")
        await aks.clock.advance(1)
        spare = aks.clusters.plan.pools[0].spare
        await aks.ask("POST", "old/agentPools/nodepool1/abort")

        assert reply.status == 202
        assert spare is not None


def kubeconfig(body: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(base64.b64decode(body["kubeconfigs"][0]["value"]))
    return config
