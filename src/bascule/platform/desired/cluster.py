"""The documents of a cluster that is made as its spec says, and of its node pools."""

from collections.abc import Iterator, Mapping
from typing import cast

from bascule.azure.document import Document
from bascule.azure.resource_id import ResourceId
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import Kind, Resource, drop_absent
from bascule.spec.azure.cluster import Addon, BlueCluster, ClusterNetwork, Pool

DEFAULT_COUNT = 3
DEFAULT_NETWORK = {"networkPlugin": "azure", "outboundType": "loadBalancer"}
"""What a cluster is made with where the file does not say it."""
_WORDS: Mapping[str, tuple[str, ...]] = {
    "mode": ("mode",),
    "vm_size": ("vmSize",),
    "count": ("count", "enableAutoScaling"),
    "autoscale": ("enableAutoScaling", "minCount", "maxCount"),
    "zones": ("availabilityZones",),
    "max_pods": ("maxPods",),
    "os_type": ("osType",),
    "os_sku": ("osSKU",),
    "os_disk_gb": ("osDiskSizeGB",),
    "labels": ("nodeLabels",),
    "taints": ("nodeTaints",),
    "pod_subnet": ("podSubnetID",),
    "max_surge": ("upgradeSettings",),
}
"""What AKS calls the fields of a pool that are compared if the file says them."""
_ALWAYS_SAID = ("vnetSubnetID",)
PAUSED = {"upgradeChannel": "none", "nodeOSUpgradeChannel": "None"}
"""What Azure upgrades by itself while there are two clusters: nothing."""


def build_blue(ids: Ids, *, ssh_public_key: str = "") -> Iterator[Resource]:
    """Yield the old cluster and its pools; `ssh_public_key` is the text of the file it names."""
    blue = ids.spec.clusters.blue
    kept = _kept(ids, blue)
    pools = [{"name": pool.name, **_pool_properties(ids, blue, pool)} for pool in blue.pools]
    more: dict[str, object] = {
        "dnsPrefix": blue.name,
        "enableRBAC": True,
        "agentPoolProfiles": pools,
    }
    if ssh_public_key:
        keys = [{"keyData": ssh_public_key.strip()}]
        more["linuxProfile"] = {"adminUsername": "azureuser", "ssh": {"publicKeys": keys}}
    made = {"sku": {"name": "Base", "tier": "Free"}, **drop_absent(kept)}
    properties = cast("Document", made["properties"])
    network = cast("Document", properties["networkProfile"])
    properties = {**properties, "networkProfile": {**DEFAULT_NETWORK, **network}, **more}
    yield Resource(
        kind=Kind.CLUSTER,
        id=ids.cluster(blue.name),
        document={**made, "tags": ids.tags(blue.tags), "properties": properties},
        kept={**kept, "tags": {**ids.spec.tags, **blue.tags}},
        needs=(ids.group, *_subnets(ids, blue)),
        reason="the old cluster, which has the traffic",
    )
    for pool in blue.pools:
        yield _pool(ids, blue, pool)


def build_addons(addons: Mapping[str, Addon]) -> Document:
    """Return the add-ons as AKS takes them."""
    return {
        name: {"enabled": addon.enabled, **({"config": addon.config} if addon.config else {})}
        for name, addon in addons.items()
    }


def _kept(ids: Ids, blue: BlueCluster) -> dict[str, object]:
    """Return what is compared: what the file says, not what it leaves to a default."""
    properties: dict[str, object] = {
        "networkProfile": _network(blue.network),
        "oidcIssuerProfile": {"enabled": blue.oidc_issuer},
        "securityProfile": {"workloadIdentity": {"enabled": blue.workload_identity}},
        "apiServerAccessProfile": _api_server(blue),
        "addonProfiles": build_addons(blue.addons),
        **_auto_upgrade(ids),
    }
    said = {"kubernetesVersion": blue.version, "nodeResourceGroup": blue.node_resource_group}
    properties.update({key: value for key, value in said.items() if value is not None})
    if blue.local_accounts is not None:
        properties["disableLocalAccounts"] = not blue.local_accounts
    if blue.entra is not None:
        properties["aadProfile"] = {
            "managed": True,
            "enableAzureRBAC": blue.entra.azure_rbac,
            "adminGroupObjectIDs": list(blue.entra.admin_groups),
        }
    if blue.kubelet_identity is not None:
        kubelet = {"resourceId": blue.kubelet_identity}
        properties["identityProfile"] = {"kubeletidentity": kubelet}
    return {
        "location": ids.spec.location,
        **({} if blue.tier is None else {"sku": {"name": "Base", "tier": blue.tier}}),
        "identity": _identity(blue.identity),
        "properties": properties,
    }


def _auto_upgrade(ids: Ids) -> Document:
    """Both clusters stay as they are while there are two of them."""
    if ids.spec.clusters.green is not None:
        return {"autoUpgradeProfile": dict(PAUSED)}
    wanted = ids.spec.clusters.blue.auto_upgrade
    if wanted is None:
        return {}
    profile: dict[str, object] = {"upgradeChannel": wanted.channel}
    if wanted.node_os is not None:
        profile["nodeOSUpgradeChannel"] = wanted.node_os
    return {"autoUpgradeProfile": profile}


def _identity(identity: str | None) -> Document:
    if identity is None:
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}


def _network(network: ClusterNetwork) -> Document:
    """Return how pods get their addresses, as far as the file says it."""
    words = {
        "plugin": ("networkPlugin", network.plugin),
        "mode": ("networkPluginMode", "overlay" if network.mode == "overlay" else None),
        "dataplane": ("networkDataplane", network.dataplane),
        "policy": ("networkPolicy", None if network.policy == "none" else network.policy),
        "outbound": ("outboundType", network.outbound),
        "pod_cidr": ("podCidr", network.pod_cidr),
        "service_cidr": ("serviceCidr", network.service_cidr),
        "dns_service_ip": ("dnsServiceIP", network.dns_service_ip),
    }
    return {key: value for name, (key, value) in words.items() if name in network.model_fields_set}


def _api_server(blue: BlueCluster) -> Document:
    profile: dict[str, object] = {}
    if "private" in blue.model_fields_set:
        profile["enablePrivateCluster"] = blue.private
    if blue.authorized_ranges is not None:
        profile["authorizedIPRanges"] = list(blue.authorized_ranges) or None
    if blue.private_dns_zone is not None:
        profile["privateDNSZone"] = blue.private_dns_zone
    return profile


def _pool(ids: Ids, blue: BlueCluster, pool: Pool) -> Resource:
    cluster = ids.cluster(blue.name)
    properties = _pool_properties(ids, blue, pool)
    said = {*_ALWAYS_SAID, *(k for name in pool.model_fields_set for k in _WORDS.get(name, ()))}
    kept = {key: value for key, value in properties.items() if key in said}
    return Resource(
        kind=Kind.POOL,
        id=cluster.child("agentPools", pool.name),
        document={"properties": properties},
        kept={"properties": kept},
        needs=(cluster,),
        parent=cluster,
        title=f"{pool.name} of {blue.name}",
        reason="carries the cluster itself" if pool.mode == "System" else "carries workloads",
    )


def _pool_properties(ids: Ids, blue: BlueCluster, pool: Pool) -> dict[str, object]:
    said: dict[str, object] = {
        "vmSize": pool.vm_size,
        "maxPods": pool.max_pods,
        "osSKU": pool.os_sku,
        "osDiskSizeGB": pool.os_disk_gb,
        "availabilityZones": list(pool.zones) or None,
        "nodeLabels": dict(pool.labels) or None,
        "nodeTaints": list(pool.taints) or None,
        "podSubnetID": None if pool.pod_subnet is None else str(ids.subnet(pool.pod_subnet)),
        "upgradeSettings": None if pool.max_surge is None else {"maxSurge": pool.max_surge},
        "orchestratorVersion": blue.version,
    }
    return {
        "mode": pool.mode,
        "type": "VirtualMachineScaleSets",
        "osType": pool.os_type,
        "vnetSubnetID": str(ids.subnet(pool.subnet or blue.subnet)),
        **_count(pool),
        **{key: value for key, value in said.items() if value is not None},
    }


def _count(pool: Pool) -> Document:
    if pool.autoscale is None:
        count = DEFAULT_COUNT if pool.count is None else pool.count
        return {"count": count, "enableAutoScaling": False}
    return {
        "enableAutoScaling": True,
        "minCount": pool.autoscale.min,
        "maxCount": pool.autoscale.max,
    }


def _subnets(ids: Ids, blue: BlueCluster) -> tuple[ResourceId, ...]:
    names = [blue.subnet]
    for pool in blue.pools:
        names += [name for name in (pool.subnet, pool.pod_subnet) if name is not None]
    return tuple(dict.fromkeys(ids.subnet(name) for name in names))
