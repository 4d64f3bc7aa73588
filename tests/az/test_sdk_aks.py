"""Azure's own Python SDKs make, change and delete a cluster of the lab."""

from collections.abc import Iterator

import pytest

from tests.support.real_az import CREDENTIAL, GROUPS, RealAz, azure_lab

CLIENTS = (
    CREDENTIAL
    + GROUPS
    + """
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.msi import ManagedServiceIdentityClient
def make(kind):
    return kind(credential, subscription, polling_interval=0.2, **given)
aks, groups = make(ContainerServiceClient), client.resource_groups
"""
)
WHOLE_LIFE = (
    CLIENTS
    + """
groups.create_or_update("by-sdk", {"location": "chinanorth2"})
pool = {"name": "a", "mode": "System", "count": 1, "vmSize": "Standard_D2s_v5"}
body = {
    "location": "chinanorth2",
    "identity": {"type": "SystemAssigned"},
    "properties": {"dnsPrefix": "sdk", "agentPoolProfiles": [pool]},
}
clusters = aks.managed_clusters
made = clusters.begin_create_or_update("by-sdk", "one", body).result()
made.agent_pool_profiles[0].count = 2
scaled = clusters.begin_create_or_update("by-sdk", "one", made).result()
try:
    clusters.begin_create_or_update(
        "by-sdk", "one", made, etag="stale", match_condition=MatchConditions.IfNotModified
    )
except HttpResponseError as error:
    refused = [error.status_code, error.error.code]
added = aks.agent_pools.begin_create_or_update(
    "by-sdk", "one", "more", {"properties": {"count": 1, "vmSize": "Standard_D2s_v5"}}
).result()
versions = aks.managed_clusters.list_kubernetes_versions("chinanorth2").values_property
upgrades = clusters.get_upgrade_profile("by-sdk", "one").control_plane_profile.upgrades
usages = make(ComputeManagementClient).usage.list("chinanorth2")
cores = next(each.current_value for each in usages if each.name.value == "cores")
clusters.begin_stop("by-sdk", "one").result()
stopped = clusters.get("by-sdk", "one").power_state.code
clusters.begin_start("by-sdk", "one").result()
credentials = clusters.list_cluster_user_credentials("by-sdk", "one").kubeconfigs
clusters.begin_delete("by-sdk", "one").result()
print(json.dumps({
    "state": made.provisioning_state,
    "scaled": scaled.agent_pool_profiles[0].count,
    "refused": refused,
    "added": added.count,
    "versions": sorted(each.version for each in versions),
    "upgrades": [each.kubernetes_version for each in upgrades],
    "cores": cores,
    "stopped": stopped,
    "credentials": [each.name for each in credentials],
    "left": [each.name for each in clusters.list()],
}))
"""
)
IDENTITIES = (
    CLIENTS
    + """
group = groups.create_or_update("ids", {"location": "chinanorth2"})
msi, roles = make(ManagedServiceIdentityClient), make(AuthorizationManagementClient)
identity = msi.user_assigned_identities.create_or_update("ids", "agic", {"location": "chinanorth2"})
credential = msi.federated_identity_credentials.create_or_update("ids", "agic", "old", {
    "properties": {"issuer": "https://issuer.test/", "subject": "s", "audiences": ["a"]},
})
reader = next(iter(roles.role_definitions.list(group.id, filter="roleName eq 'Reader'")))
roles.role_assignments.create(group.id, "77777777-7777-7777-7777-777777777777", {
    "properties": {
        "roleDefinitionId": reader.id,
        "principalId": identity.principal_id,
        "principalType": "ServicePrincipal",
    },
})
held = list(roles.role_assignments.list_for_scope(group.id, filter="atScope()"))
allowed = list(roles.permissions.list_for_resource_group("ids"))
print(json.dumps({
    "issuer": credential.issuer,
    "held": sorted(each.scope == group.id for each in held),
    "allowed": [each.actions for each in allowed],
}))
"""
)


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAz]:
    with azure_lab(tmp_path_factory.mktemp("lab")) as az:
        yield az


def test_a_cluster_lives_its_whole_life_through_the_sdk(az: RealAz) -> None:
    seen = az.python(WHOLE_LIFE)

    assert seen == {
        "state": "Succeeded",
        "scaled": 2,
        "refused": [409, "EtagMismatch"],
        "added": 1,
        "versions": ["1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"],
        "upgrades": ["1.36.1", "1.36.0"],
        "cores": 6,
        "stopped": "Stopped",
        "credentials": ["clusterUser"],
        "left": [],
    }


def test_identities_and_roles_are_given_through_the_sdk(az: RealAz) -> None:
    seen = az.python(IDENTITIES)

    assert seen == {
        "issuer": "https://issuer.test/",
        "held": [False, True],
        "allowed": [["*"]],
    }
