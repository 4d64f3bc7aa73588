"""From the document of a managed cluster to what checks look at. Pure."""

from typing import Final

from bascule.azure.document import (
    Document,
    list_at,
    number_at,
    object_at,
    text_at,
    texts_at,
    truth_at,
)
from bascule.checks.azure.facts import AksFacts, PodNetwork, PoolFacts
from bascule.checks.azure.ids import in_group

AGIC: Final = "ingressapplicationgateway"
DEFAULT_PODS: Final = 30


def read_cluster(document: Document, *, exists: bool = True) -> AksFacts:
    """Return what a cluster's document says; `exists` False is for one that is to be made."""
    properties = object_at(document, "properties")
    group = text_at(properties, "nodeResourceGroup")
    pools = tuple(_pool(each) for each in list_at(properties, "agentPoolProfiles"))
    addon = _addon(properties)
    return AksFacts(
        id=text_at(document, "id"),
        name=text_at(document, "name"),
        location=text_at(document, "location"),
        version=text_at(properties, "currentKubernetesVersion")
        or text_at(properties, "kubernetesVersion"),
        pools=pools,
        pod_network=_pod_network(properties, pools),
        exists=exists,
        node_group=group if exists else "",
        pod_cidrs=_pod_cidrs(properties),
        identity_ids=_identities(document, group),
        has_agic=truth_at(addon, "enabled") is True,
        agic_gateway_id=text_at(addon, "config", "effectiveApplicationGatewayId")
        or text_at(addon, "config", "applicationGatewayId"),
        upgrade_channel=text_at(properties, "autoUpgradeProfile", "upgradeChannel"),
        node_os_channel=text_at(properties, "autoUpgradeProfile", "nodeOSUpgradeChannel"),
        is_private=truth_at(properties, "apiServerAccessProfile", "enablePrivateCluster") is True,
        has_local_accounts=truth_at(properties, "disableLocalAccounts") is not True,
        is_running=text_at(properties, "powerState", "code").lower() != "stopped",
        state=text_at(properties, "provisioningState") or "Succeeded",
    )


def api_host(document: Document) -> str:
    """Return the name under which a private cluster's API server answers in its network."""
    properties = object_at(document, "properties")
    return text_at(properties, "privateFQDN") or text_at(properties, "fqdn")


def _pool(pool: Document) -> PoolFacts:
    nodes = number_at(pool, "count") or 0
    grows = truth_at(pool, "enableAutoScaling") is True
    return PoolFacts(
        name=text_at(pool, "name"),
        size=text_at(pool, "vmSize"),
        nodes=nodes,
        nodes_max=(number_at(pool, "maxCount") or nodes) if grows else nodes,
        pods_max=number_at(pool, "maxPods") or DEFAULT_PODS,
        surge=text_at(pool, "upgradeSettings", "maxSurge"),
        zones=texts_at(pool, "availabilityZones"),
        subnet_id=text_at(pool, "vnetSubnetID"),
        pod_subnet_id=text_at(pool, "podSubnetID"),
        is_spot=text_at(pool, "scaleSetPriority").lower() == "spot",
    )


def _pod_network(properties: Document, pools: tuple[PoolFacts, ...]) -> PodNetwork:
    plugin = text_at(properties, "networkProfile", "networkPlugin").lower()
    mode = text_at(properties, "networkProfile", "networkPluginMode").lower()
    if plugin == "kubenet":
        return PodNetwork.KUBENET
    if plugin != "azure":
        return PodNetwork.OTHER
    if mode == "overlay":
        return PodNetwork.OVERLAY
    has_pod_subnet = any(pool.pod_subnet_id for pool in pools)
    return PodNetwork.POD_SUBNET if has_pod_subnet else PodNetwork.NODE_SUBNET


def _pod_cidrs(properties: Document) -> tuple[str, ...]:
    one = text_at(properties, "networkProfile", "podCidr")
    return texts_at(properties, "networkProfile", "podCidrs") or ((one,) if one else ())


def _identities(document: Document, node_group: str) -> tuple[str, ...]:
    """Return the identities that are not of AKS's own making."""
    named = object_at(document, "identity", "userAssignedIdentities")
    kubelet = text_at(document, "properties", "identityProfile", "kubeletidentity", "resourceId")
    found = [*named, *([kubelet] if kubelet else [])]
    return tuple(sorted({each for each in found if not in_group(each, node_group)}))


def _addon(properties: Document) -> Document:
    addons = object_at(properties, "addonProfiles")
    return next((object_at(addons, key) for key in addons if key.lower() == AGIC), {})
