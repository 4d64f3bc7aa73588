"""Node pools: their profiles with AKS's defaults, and their own documents. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from bascule.lab.arm.containers.merging import drop_nulls, lay_over
from bascule.lab.arm.containers.refusals import change_not_allowed, invalid_parameter
from bascule.lab.arm.machine_sizes import DEFAULT_NAME, find_size
from bascule.lab.arm.resources import Document

Profile = dict[str, Any]

POOL_TYPE: Final = "Microsoft.ContainerService/managedClusters/agentPools"
NODE_IMAGE: Final = "AKSUbuntu-2204gen2containerd-202608.10.0"
_NAME: Final = re.compile(r"^[a-z][a-z0-9]{0,11}$")
_COUNT_MAX: Final = 1_000
_FIXED: Final = ("vmSize", "vnetSubnetID", "podSubnetID", "osType", "osDiskType", "maxPods")
_READ_ONLY: Final = frozenset(
    {
        "provisioningState",
        "currentOrchestratorVersion",
        "nodeImageVersion",
        "eTag",
        "powerState",
        "kubeletDiskType",
    }
)
_EMPTY_DROPPED: Final = frozenset({"nodeTaints", "availabilityZones", "nodeLabels", "tags"})
"""What is not shown when it is empty."""
_SPOT: Final = frozenset({"scaleSetPriority", "scaleSetEvictionPolicy", "spotMaxPrice"})
"""What is shown of pools of spot machines only."""


def new_profile(body: Mapping[str, Any], *, version: str, is_overlay: bool, e_tag: str) -> Profile:
    """Return the profile of a pool that is to be made. Raises ArmRefusal 400.

    `version` is the full version that it gets, as its wish or the control plane's was resolved.
    """
    said = {key: value for key, value in drop_nulls(body).items() if key not in _READ_ONLY}
    name = str(said.get("name", ""))
    if not _NAME.match(name):
        raise invalid_parameter(
            "agentPoolProfile.name",
            f"The value of parameter agentPoolProfile.name is invalid: '{name}'. Please see "
            "https://aka.ms/aks-naming-rules for more details.",
        )
    profile = lay_over(_defaults(is_overlay=is_overlay), said)
    profile["vmSize"] = _size(said.get("vmSize", ""))
    profile["orchestratorVersion"] = said.get("orchestratorVersion") or version
    profile |= {
        "provisioningState": "Creating",
        "powerState": {"code": "Running"},
        "currentOrchestratorVersion": version,
        "nodeImageVersion": NODE_IMAGE,
        "eTag": e_tag,
    }
    check_count(profile)
    return tidy(profile)


def changed_profile(existing: Profile, body: Mapping[str, Any]) -> Profile:
    """Return a profile as a body changes it. Raises ArmRefusal for what cannot change."""
    said = {key: value for key, value in drop_nulls(body).items() if key not in _READ_ONLY}
    for field in _FIXED:
        wanted = said.get(field)
        if wanted not in {None, "", 0} and not _same(wanted, existing.get(field)):
            raise change_not_allowed(f"properties.{field}")
    if not said.get("vmSize"):
        said.pop("vmSize", None)
    if not said.get("orchestratorVersion"):
        said.pop("orchestratorVersion", None)
    profile = lay_over(existing, said)
    check_count(profile)
    return tidy(profile)


def render_pool(cluster_id: str, profile: Profile) -> Document:
    """Return a pool as a resource of its own."""
    properties = {key: value for key, value in profile.items() if key != "name"}
    return {
        "id": f"{cluster_id}/agentPools/{profile['name']}",
        "name": profile["name"],
        "type": POOL_TYPE,
        "properties": properties,
    }


def check_count(profile: Profile) -> None:
    """Raise ArmRefusal 400 if a pool's number of nodes cannot be."""
    count = profile.get("count", 0)
    least = 1 if profile.get("mode") == "System" else 0
    if not isinstance(count, int) or not least <= count <= _COUNT_MAX:
        raise invalid_parameter(
            "agentPoolProfile.count",
            "The value of parameter agentPoolProfile.count is invalid. Error details: System node "
            f"pool {profile['name']} must have a node count between {least} and {_COUNT_MAX}, "
            f"but {count} was asked for. Please see https://aka.ms/aks-naming-rules for more "
            "details.",
        )
    if profile.get("enableAutoScaling"):
        low, high = profile.get("minCount") or 0, profile.get("maxCount") or 0
        if not low <= count <= high:
            raise invalid_parameter(
                "agentPoolProfile.count",
                f"The count {count} of agent pool {profile['name']} is not between its minCount "
                f"{low} and maxCount {high}.",
            )


def tidy(profile: Profile) -> Profile:
    """Return a profile without what AKS does not show."""
    is_spot = profile.get("scaleSetPriority") == "Spot"
    return {
        key: value
        for key, value in profile.items()
        if (value or key not in _EMPTY_DROPPED) and (is_spot or key not in _SPOT)
    }


def _defaults(*, is_overlay: bool) -> Profile:
    return {
        "count": 3,
        "osDiskSizeGB": 200,
        "osDiskType": "Ephemeral",
        "kubeletDiskType": "OS",
        "maxPods": 250 if is_overlay else 30,
        "type": "VirtualMachineScaleSets",
        "enableAutoScaling": False,
        "scaleDownMode": "Delete",
        "enableNodePublicIP": False,
        "mode": "User",
        "enableEncryptionAtHost": False,
        "enableUltraSSD": False,
        "osType": "Linux",
        "osSKU": "Ubuntu",
        "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
        "enableFIPS": False,
        "securityProfile": {"enableVTPM": False, "enableSecureBoot": False},
    }


def _size(name: str) -> str:
    if not name:
        return DEFAULT_NAME
    size = find_size(name)
    if size is None:
        raise invalid_parameter(
            "agentPoolProfile.vmSize",
            f"The VM size of {name} is not allowed in your subscription in this location. For "
            "more details, please visit https://aka.ms/cpu-quota",
        )
    return size.name


def _same(wanted: Any, current: Any) -> bool:
    if isinstance(wanted, str) and isinstance(current, str):
        return wanted.lower() == current.lower()
    return bool(wanted == current)
