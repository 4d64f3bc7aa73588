"""A cluster's document in the words of a platform's file, defaults left out."""

from collections.abc import Iterator, Mapping

from bascule.azure.document import (
    Document,
    list_at,
    number_at,
    object_at,
    text_at,
    texts_at,
    truth_at,
)
from bascule.azure.resource_id import ResourceId
from bascule.platform.green.upgrades import PROFILE, find_noted

Written = dict[str, object]
_NETWORK = ("properties", "networkProfile")
_API = ("properties", "apiServerAccessProfile")


def describe_cluster(cluster: Document) -> Written:
    """Return a cluster as `clusters.blue` of a platform's file says it."""
    pools = list_at(cluster, "properties", "agentPoolProfiles")
    subnet = _subnet(pools[0], "vnetSubnetID") if pools else ""
    version = text_at(cluster, "properties", "currentKubernetesVersion")
    said: Written = {
        "name": text_at(cluster, "name"),
        "version": version or text_at(cluster, "properties", "kubernetesVersion"),
        "tier": text_at(cluster, "sku", "tier"),
        "subnet": subnet,
        "network": _network(cluster),
        "identity": next(iter(object_at(cluster, "identity", "userAssignedIdentities")), None),
        "kubeletIdentity": _kubelet_identity(cluster),
        **_switches(cluster),
        "autoUpgrade": _auto_upgrade(cluster),
        "addons": _addons(cluster),
        "nodeResourceGroup": _own_node_group(cluster),
        "pools": [_pool(pool, subnet) for pool in pools],
    }
    return drop_empty(said)


def drop_empty(said: Mapping[str, object]) -> Written:
    """Return what is said without what is empty: its default says the same."""
    return {key: value for key, value in said.items() if value not in (None, "", [], {}, ())}


def _switches(cluster: Document) -> Written:
    issuer = truth_at(cluster, "properties", "oidcIssuerProfile", "enabled") or False
    workload = (
        truth_at(cluster, "properties", "securityProfile", "workloadIdentity", "enabled") or False
    )
    private = truth_at(cluster, *_API, "enablePrivateCluster") or False
    locked = truth_at(cluster, "properties", "disableLocalAccounts") or False
    entra = object_at(cluster, "properties", "aadProfile")
    return {
        "oidcIssuer": None if issuer else False,
        "workloadIdentity": None if workload else False,
        "authorizedRanges": list(texts_at(cluster, *_API, "authorizedIPRanges")),
        "private": private or None,
        "privateDnsZone": text_at(cluster, *_API, "privateDNSZone") if private else None,
        "localAccounts": False if locked else None,
        "entra": None
        if not entra
        else drop_empty(
            {
                "adminGroups": list(texts_at(entra, "adminGroupObjectIDs")),
                "azureRbac": truth_at(entra, "enableAzureRBAC") or False,
            }
        ),
    }


def _network(cluster: Document) -> Written:
    plugin = text_at(cluster, *_NETWORK, "networkPlugin")
    mode = text_at(cluster, *_NETWORK, "networkPluginMode")
    is_own = mode.lower() == "overlay" or plugin == "kubenet"
    return drop_empty(
        {
            "plugin": _unless(plugin, "azure"),
            "mode": "overlay" if mode.lower() == "overlay" else None,
            "dataplane": _unless(text_at(cluster, *_NETWORK, "networkDataplane"), "azure"),
            "policy": _unless(text_at(cluster, *_NETWORK, "networkPolicy"), "none"),
            "podCidr": text_at(cluster, *_NETWORK, "podCidr") if is_own else None,
            "serviceCidr": text_at(cluster, *_NETWORK, "serviceCidr"),
            "dnsServiceIp": text_at(cluster, *_NETWORK, "dnsServiceIP"),
            "outbound": _unless(text_at(cluster, *_NETWORK, "outboundType"), "loadBalancer"),
        }
    )


def _pool(pool: Document, subnet: str) -> Written:
    scales = truth_at(pool, "enableAutoScaling") is True
    own = _subnet(pool, "vnetSubnetID")
    limits = {"min": number_at(pool, "minCount"), "max": number_at(pool, "maxCount")}
    return drop_empty(
        {
            "name": text_at(pool, "name"),
            "mode": _unless(text_at(pool, "mode"), "System"),
            "vmSize": text_at(pool, "vmSize"),
            "autoscale": limits if scales else None,
            "zones": list(texts_at(pool, "availabilityZones")),
            "maxPods": number_at(pool, "maxPods"),
            "osType": _unless(text_at(pool, "osType"), "Linux"),
            "osSku": text_at(pool, "osSKU"),
            "osDiskGb": number_at(pool, "osDiskSizeGB") or None,
            "labels": dict(object_at(pool, "nodeLabels")),
            "taints": list(texts_at(pool, "nodeTaints")),
            "subnet": own if own != subnet else None,
            "podSubnet": _subnet(pool, "podSubnetID"),
            "maxSurge": text_at(pool, "upgradeSettings", "maxSurge"),
        }
    ) | ({} if scales else {"count": number_at(pool, "count") or 0})


def _auto_upgrade(cluster: Document) -> Written:
    """Return what Azure upgrades; of a green, whose upgrades are off, what it was for blue."""
    profile = find_noted(cluster) or object_at(cluster, *PROFILE)
    if not profile:
        return {}
    channel = text_at(profile, "upgradeChannel") or "none"
    return drop_empty({"channel": channel, "nodeOs": text_at(profile, "nodeOSUpgradeChannel")})


def _addons(cluster: Document) -> Written:
    return {name: said for name, said in _each_addon(cluster) if said}


def _each_addon(cluster: Document) -> Iterator[tuple[str, Written]]:
    profiles = object_at(cluster, "properties", "addonProfiles")
    for name in sorted(profiles):
        profile = object_at(profiles, name)
        if profile.get("enabled") is True:
            config = {key: str(value) for key, value in object_at(profile, "config").items()}
            yield name, {"enabled": True, **({"config": config} if config else {})}


def _kubelet_identity(cluster: Document) -> str | None:
    """Return the nodes' identity unless AKS made it: that one lies in the node resource group."""
    own = ResourceId(
        text_at(cluster, "properties", "identityProfile", "kubeletidentity", "resourceId")
    )
    group = text_at(cluster, "properties", "nodeResourceGroup").lower()
    return own.text if own.text and own.group.lower() != group else None


def _own_node_group(cluster: Document) -> str | None:
    """Return the node resource group unless Azure named it."""
    name = text_at(cluster, "properties", "nodeResourceGroup")
    return None if name.upper().startswith("MC_") else name


def _subnet(pool: Document, key: str) -> str:
    found = text_at(pool, key)
    return ResourceId(found).name if found else ""


def _unless(value: str, default: str) -> str | None:
    return None if value.lower() == default.lower() else value
