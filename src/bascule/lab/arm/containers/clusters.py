"""The document of a managed cluster: as new with AKS's defaults, and as a body changes it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bascule.lab.arm.containers.merging import drop_nulls, lay_over, value_at
from bascule.lab.arm.containers.refusals import bad_request, change_not_allowed, invalid_parameter
from bascule.lab.arm.resources import Document

CLUSTER_TYPE: Final = "Microsoft.ContainerService/ManagedClusters"
_FIXED: Final = (
    "dnsPrefix",
    "nodeResourceGroup",
    "enableRBAC",
    "networkProfile.podCidr",
    "networkProfile.serviceCidr",
    "networkProfile.dnsServiceIP",
    "networkProfile.outboundType",
    "apiServerAccessProfile.enablePrivateCluster",
)
_READ_ONLY: Final = frozenset(
    {
        "provisioningState",
        "powerState",
        "currentKubernetesVersion",
        "fqdn",
        "azurePortalFQDN",
        "privateFQDN",
        "maxAgentPools",
        "resourceUID",
        "agentPoolProfiles",
        "kubernetesVersion",
        "eTag",
    }
)
_NAME: Final = re.compile(r"^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$")
_NODE_GROUP_MAX: Final = 80
OVERLAY_CIDR: Final = "10.244.0.0/16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What a new cluster is given that no body says."""

    subscription: str
    group: str
    name: str
    location: str
    tenant_id: str
    version: str
    principal_id: str
    suffix: str
    """Eight letters of its host name."""
    uid: str
    issuer_id: str
    e_tag: str


def new_cluster(birth: Birth, body: Mapping[str, Any]) -> Document:
    """Return the document of a cluster that is being made, still without pools.

    Raises ArmRefusal 400.
    """
    if not _NAME.match(birth.name):
        raise invalid_parameter("name", f"The value of parameter name is invalid: {birth.name}.")
    said = drop_nulls(body)
    properties = said.get("properties") or {}
    kept = {key: value for key, value in properties.items() if key not in _READ_ONLY}
    merged = lay_over(_defaults(birth, properties), kept)
    merged["networkProfile"] = _network(merged["networkProfile"])
    document = {
        "id": f"/subscriptions/{birth.subscription}/resourcegroups/{birth.group}/providers/"
        f"Microsoft.ContainerService/managedClusters/{birth.name}",
        "location": birth.location,
        "name": birth.name,
        "type": CLUSTER_TYPE,
        "kind": "Base",
        "eTag": birth.e_tag,
        "properties": _in_order(merged),
        "identity": _identity(said.get("identity") or {}, birth),
        "sku": lay_over({"name": "Base", "tier": "Free"}, said.get("sku") or {}),
    }
    if said.get("tags"):
        document["tags"] = said["tags"]
    _check(document)
    return derive(document, birth.tenant_id, birth.issuer_id)


def changed_cluster(existing: Document, body: Mapping[str, Any]) -> Document:
    """Return a cluster as a body changes it, its pools and version left as they are.

    Raises ArmRefusal for what cannot change.
    """
    said = drop_nulls(body)
    properties = said.get("properties") or {}
    for path in _FIXED:
        wanted, current = value_at(properties, path), value_at(existing["properties"], path)
        if wanted not in {None, ""} and wanted != current and not _is_case(wanted, current):
            raise change_not_allowed(path)
    kept = {key: value for key, value in properties.items() if key not in _READ_ONLY}
    changed = lay_over(existing, {"sku": said.get("sku") or {}})
    changed["properties"] = _in_order(lay_over(existing["properties"], kept))
    if "tags" in said:
        changed["tags"] = said["tags"]
    if said.get("identity"):
        changed["identity"] = _changed_identity(existing, said["identity"])
    _check(changed)
    return changed


def derive(document: Document, tenant_id: str, issuer_id: str) -> Document:
    """Return a cluster with what follows from its profiles: the issuer's address."""
    properties = document["properties"]
    issuer = properties.setdefault("oidcIssuerProfile", {"enabled": False})
    workload = value_at(properties, "securityProfile.workloadIdentity.enabled")
    if workload and not issuer.get("enabled"):
        raise bad_request(
            "Workload identity requires the OIDC issuer: set oidcIssuerProfile.enabled to true."
        )
    if issuer.get("enabled"):
        host = f"https://{document['location']}.oic.prod-aks.azure.com"
        issuer["issuerURL"] = f"{host}/{tenant_id}/{issuer_id}/"
    if document["properties"].get("aadProfile"):
        document["properties"]["aadProfile"].setdefault("tenantID", tenant_id)
    return document


def is_overlay(document: Document) -> bool:
    """Say whether pods have addresses that only the cluster itself knows."""
    network = document["properties"]["networkProfile"]
    return bool(
        network["networkPlugin"] != "azure" or network.get("networkPluginMode") == "overlay"
    )


def support_plan(document: Document) -> str:
    """Return the plan that decides which versions are allowed."""
    return str(document["properties"].get("supportPlan", "KubernetesOfficial"))


def _defaults(birth: Birth, properties: Mapping[str, Any]) -> dict[str, Any]:
    prefix = properties.get("dnsPrefix") or birth.name
    # Overlay is the default only while a body names no plugin at all.
    network = properties.get("networkProfile") or {}
    mode = {} if network.get("networkPlugin") else {"networkPluginMode": "overlay"}
    return {
        "provisioningState": "Creating",
        "powerState": {"code": "Running"},
        "currentKubernetesVersion": birth.version,
        "kubernetesVersion": properties.get("kubernetesVersion")
        or birth.version.rpartition(".")[0],
        "dnsPrefix": prefix,
        "fqdn": f"{prefix}-{birth.suffix}.hcp.{birth.location}.azmk8s.io",
        "azurePortalFQDN": f"{prefix}-{birth.suffix}.portal.hcp.{birth.location}.azmk8s.io",
        "servicePrincipalProfile": {"clientId": "msi"},
        "addonProfiles": {},
        "nodeResourceGroup": f"MC_{birth.group}_{birth.name}_{birth.location}"[:_NODE_GROUP_MAX],
        "enableRBAC": True,
        "supportPlan": "KubernetesOfficial",
        "networkProfile": {"networkPlugin": "azure", **mode},
        "maxAgentPools": 100,
        "autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"},
        "disableLocalAccounts": False,
        "securityProfile": {},
        "storageProfile": {
            "diskCSIDriver": {"enabled": True},
            "fileCSIDriver": {"enabled": True},
            "snapshotController": {"enabled": True},
        },
        "oidcIssuerProfile": {"enabled": False},
        "workloadAutoScalerProfile": {},
        "resourceUID": birth.uid,
        "metricsProfile": {"costAnalysis": {"enabled": False}},
        "nodeProvisioningProfile": {"mode": "Manual", "defaultNodePools": "Auto"},
        "bootstrapProfile": {"artifactSource": "Direct"},
    }


def _network(said: Mapping[str, Any]) -> dict[str, Any]:
    network: dict[str, Any] = {
        "networkPolicy": "none",
        "networkDataplane": "azure",
        "loadBalancerSku": "standard",
        "serviceCidr": "10.0.0.0/16",
        "dnsServiceIP": "10.0.0.10",
        "outboundType": "loadBalancer",
        "ipFamilies": ["IPv4"],
    }
    network = lay_over(network, {key: value for key, value in said.items() if value != ""})
    has_cidr = network["networkPlugin"] == "kubenet" or network.get("networkPluginMode")
    if has_cidr:
        network.setdefault("podCidr", OVERLAY_CIDR)
        network["podCidrs"] = [network["podCidr"]]
    else:
        network.pop("podCidr", None)
    network["serviceCidrs"] = [network["serviceCidr"]]
    network["loadBalancerSku"] = str(network["loadBalancerSku"]).lower()
    if network["outboundType"] == "loadBalancer":
        network["loadBalancerProfile"] = lay_over(
            {"backendPoolType": "nodeIPConfiguration"}, network.get("loadBalancerProfile") or {}
        )
        if not {"outboundIPs", "outboundIPPrefixes"} & network["loadBalancerProfile"].keys():
            network["loadBalancerProfile"].setdefault("managedOutboundIPs", {"count": 1})
    return network


def _identity(said: Mapping[str, Any], birth: Birth) -> dict[str, Any]:
    kind = said.get("type") or "SystemAssigned"
    if kind == "SystemAssigned":
        return {"type": kind, "principalId": birth.principal_id, "tenantId": birth.tenant_id}
    return {"type": kind, "userAssignedIdentities": dict(said.get("userAssignedIdentities") or {})}


def _changed_identity(existing: Document, said: Mapping[str, Any]) -> dict[str, Any]:
    before: dict[str, Any] = existing["identity"]
    if said.get("type", before["type"]) == before["type"] == "SystemAssigned":
        return before
    return {**before, **said}


def _check(document: Document) -> None:
    properties = document["properties"]
    if properties["supportPlan"] == "AKSLongTermSupport" and document["sku"]["tier"] != "Premium":
        raise bad_request(
            "Long-term support needs the Premium tier: set sku.tier to Premium as well."
        )
    if properties["disableLocalAccounts"] and not properties.get("aadProfile"):
        raise bad_request(
            "DisableLocalAccounts can only be used with clusters that have Microsoft Entra "
            "integration: set aadProfile as well."
        )


def _is_case(wanted: Any, current: Any) -> bool:
    both_text = isinstance(wanted, str) and isinstance(current, str)
    return both_text and wanted.lower() == current.lower()


_ORDER: Final[tuple[str, ...]] = (
    "provisioningState",
    "powerState",
    "kubernetesVersion",
    "currentKubernetesVersion",
    "dnsPrefix",
    "fqdn",
    "azurePortalFQDN",
    "agentPoolProfiles",
    "linuxProfile",
    "servicePrincipalProfile",
    "addonProfiles",
    "nodeResourceGroup",
)


def _in_order(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties in the order in which AKS shows them, without empty add-ons."""
    if not properties.get("addonProfiles"):
        properties = {key: each for key, each in properties.items() if key != "addonProfiles"}
    first = {key: properties[key] for key in _ORDER if key in properties}
    return {**first, **properties}
