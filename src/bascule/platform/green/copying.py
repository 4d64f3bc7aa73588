"""A cluster's document without what belongs to that one cluster alone.

What this version does not know is copied, so that a feature of tomorrow is not lost in green. What
AKS itself fills in is left out by name.
"""

from collections.abc import Mapping
from typing import cast

from bascule.azure.document import Document, list_at, object_at, text_at, with_value, without

_OWN_TOP = ("id", "name", "type", "etag", "eTag", "systemData", "tags")
_OWN_PROPERTIES: tuple[tuple[str, ...], ...] = (
    ("provisioningState",),
    ("powerState",),
    ("status",),
    ("maxAgentPools",),
    ("fqdn",),
    ("privateFQDN",),
    ("azurePortalFQDN",),
    ("fqdnSubdomain",),
    ("dnsPrefix",),
    ("nodeResourceGroup",),
    ("currentKubernetesVersion",),
    ("kubernetesVersion",),
    ("resourceUID",),
    ("oidcIssuerProfile", "issuerURL"),
    ("networkProfile", "loadBalancerProfile", "effectiveOutboundIPs"),
    ("networkProfile", "natGatewayProfile", "effectiveOutboundIPs"),
    ("windowsProfile",),
    ("httpProxyConfig", "effectiveNoProxy"),
    ("addonProfiles", "ingressApplicationGateway"),
)
_OWN_POOL = (
    "provisioningState",
    "powerState",
    "currentOrchestratorVersion",
    "orchestratorVersion",
    "nodeImageVersion",
    "eTag",
    "creationData",
    "status",
)


def copy_cluster(blue: Document) -> dict[str, object]:
    """Return what of blue's document is green's too."""
    properties = dict(object_at(blue, "properties"))
    for path in _OWN_PROPERTIES:
        properties = without(properties, path)
    properties["agentPoolProfiles"] = [
        copy_pool(pool) for pool in list_at(blue, "properties", "agentPoolProfiles")
    ]
    addons = object_at(properties, "addonProfiles")
    if addons:
        properties["addonProfiles"] = {
            name: without(cast("Document", addon), ("identity",))
            for name, addon in addons.items()
            if isinstance(addon, Mapping)
        }
    properties = _without_own_identities(
        properties, text_at(blue, "properties", "nodeResourceGroup")
    )
    top = {key: value for key, value in blue.items() if key not in _OWN_TOP}
    return {**top, "identity": _copy_identity(blue), "properties": properties}


def copy_pool(pool: Document) -> dict[str, object]:
    """Return what of a pool of blue is green's too."""
    kept = {key: value for key, value in pool.items() if key not in _OWN_POOL}
    if kept.get("enableAutoScaling") is not True:
        kept = {key: value for key, value in kept.items() if key not in {"minCount", "maxCount"}}
    return kept


def _copy_identity(blue: Document) -> Document:
    """Return the identity: named ones are shared, one of blue's own becomes one of green's own."""
    named = object_at(blue, "identity", "userAssignedIdentities")
    if named:
        return {"type": "UserAssigned", "userAssignedIdentities": {key: {} for key in named}}
    return {"type": "SystemAssigned"}


def _without_own_identities(properties: dict[str, object], group: str) -> dict[str, object]:
    """Leave out a service principal, whose secret nobody can read, and what AKS made for nodes."""
    properties = without(properties, ("servicePrincipalProfile",))
    kubelet = text_at(properties, "identityProfile", "kubeletidentity", "resourceId")
    is_own = not kubelet or f"/resourcegroups/{group.lower()}/" in kubelet.lower()
    properties = without(properties, ("identityProfile",))
    if is_own:
        return properties
    return with_value(properties, ("identityProfile", "kubeletidentity", "resourceId"), kubelet)
