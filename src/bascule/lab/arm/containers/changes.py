"""What a PUT makes of a cluster: its pools, its version, and what kind of operation that is. Pure.

AKS shows the target at once: current versions change with the answer, long before the machines do.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bascule.lab.arm.containers import versions
from bascule.lab.arm.containers.clusters import is_overlay, support_plan
from bascule.lab.arm.containers.pools import Profile, changed_profile, new_profile
from bascule.lab.arm.containers.refusals import (
    bad_request,
    pool_version_incompatible,
    upgrade_not_allowed,
    version_not_supported,
)
from bascule.lab.arm.resources import Document

MakeTag = Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A kind of operation, by which its duration is drawn, and what is said meanwhile."""

    kind: str
    state: str
    name: str
    stages: tuple[str, ...] = ()


CREATE: Final = Change(
    kind="aks.create",
    state="Creating",
    name="PutManagedCluster",
    stages=("ProvisioningControlPlane", "ProvisioningNetworkResources", "CreatingAgentPools"),
)
UPDATE: Final = Change(
    kind="aks.update", state="Updating", name="PutManagedCluster", stages=("ReconcilingAddons",)
)
UPGRADE: Final = Change(
    kind="aks.upgrade",
    state="Upgrading",
    name="PutManagedCluster",
    stages=("ProvisioningControlPlane", "ReconcilingAddons"),
)
SCALE: Final = Change(kind="aks.scale", state="Scaling", name="PutManagedCluster")
POOL_ADD: Final = Change(
    kind="aks.pool.add", state="Creating", name="PutAgentPool", stages=("CreatingAgentPools",)
)
POOL_UPDATE: Final = Change(kind="aks.pool.scale", state="Updating", name="PutAgentPool")
POOL_SCALE: Final = Change(kind="aks.pool.scale", state="Scaling", name="PutAgentPool")
POOL_UPGRADE: Final = Change(kind="aks.pool.upgrade", state="Upgrading", name="PutAgentPool")
POOL_DELETE: Final = Change(kind="aks.pool.delete", state="Deleting", name="DeleteAgentPool")
DELETE: Final = Change(kind="aks.delete", state="Deleting", name="DeleteManagedCluster")
STOP: Final = Change(kind="aks.stop", state="Stopping", name="StopManagedCluster")
START: Final = Change(
    kind="aks.start",
    state="Starting",
    name="StartManagedCluster",
    stages=("ProvisioningControlPlane", "CreatingAgentPools"),
)
ABORT: Final = Change(kind="aks.abort", state="Canceling", name="AbortLatestOperation")


def resolve_new(name: str, properties: Mapping[str, Any]) -> str:
    """Return the full version of a new cluster. Raises ArmRefusal 400."""
    wish = str(properties.get("kubernetesVersion") or "")
    version = versions.resolve(wish, properties.get("supportPlan") or versions.OFFICIAL)
    if version is None:
        raise version_not_supported(name, wish)
    return version


def with_new_pools(document: Document, bodies: list[Mapping[str, Any]], tag: MakeTag) -> Document:
    """Return a new cluster with its pools. Raises ArmRefusal 400."""
    if not bodies:
        raise bad_request("At least one agent pool is needed: agentPoolProfiles is empty.")
    profiles = [pool_of(document, {"mode": "System", **body}, tag()) for body in bodies]
    if not any(profile["mode"] == "System" for profile in profiles):
        raise bad_request("There has to be at least one system agent pool.")
    return _with_profiles(document, profiles)


def pool_of(document: Document, body: Mapping[str, Any], e_tag: str) -> Profile:
    """Return the profile of a new pool of a cluster. Raises ArmRefusal 400."""
    properties = document["properties"]
    plane = properties["currentKubernetesVersion"]
    wish = body.get("orchestratorVersion") or properties["kubernetesVersion"]
    if versions.is_alias_of(wish, plane):
        version = plane
    else:
        found = versions.resolve(wish, support_plan(document))
        if found is None:
            raise version_not_supported(document["name"], wish)
        version = found
    check_skew(version, plane)
    filled = {**body, "orchestratorVersion": wish}
    return new_profile(filled, version=version, is_overlay=is_overlay(document), e_tag=e_tag)


def with_changed_pools(
    document: Document, bodies: list[Mapping[str, Any]], tag: MakeTag
) -> Document:
    """Return a cluster whose pools are as a body lists them; those that it leaves out stay."""
    known = {profile["name"]: profile for profile in document["properties"]["agentPoolProfiles"]}
    for body in bodies:
        name = str(body.get("name", ""))
        if name in known:
            known[name] = upgraded_pool(document, changed_profile(known[name], body), known[name])
        else:
            known[name] = pool_of(document, body, tag())
    return _with_profiles(document, list(known.values()))


def upgraded_pool(document: Document, profile: Profile, before: Profile) -> Profile:
    """Return a profile with the version that it asks for. Raises ArmRefusal 400."""
    wish, current = profile["orchestratorVersion"], before["currentOrchestratorVersion"]
    plane = document["properties"]["currentKubernetesVersion"]
    if wish == before["orchestratorVersion"] or versions.is_alias_of(wish, current):
        return profile
    version = plane if versions.is_alias_of(wish, plane) else versions.resolve(wish)
    if version is None:
        raise version_not_supported(document["name"], wish)
    if versions.is_older(version, current):
        raise upgrade_not_allowed(current, version, versions.upgrades_of(current))
    check_skew(version, plane)
    return {**profile, "currentOrchestratorVersion": version}


def with_version(document: Document, wish: str) -> Document:
    """Return a cluster whose control plane has the version that is asked for.

    Raises ArmRefusal 400: a minor may not be skipped, and nothing may be taken back.
    """
    properties = document["properties"]
    current = properties["currentKubernetesVersion"]
    if versions.is_alias_of(wish, current):
        return document
    version = versions.resolve(wish, support_plan(document))
    upgrades = versions.upgrades_of(current)
    if version is None and not versions.is_older(wish, current):
        raise version_not_supported(document["name"], wish)
    if version is None or version not in upgrades:
        raise upgrade_not_allowed(current, wish, upgrades)
    for profile in properties["agentPoolProfiles"]:
        check_skew(profile["currentOrchestratorVersion"], version)
    changed = copy.deepcopy(document)
    changed["properties"] |= {"kubernetesVersion": wish, "currentKubernetesVersion": version}
    return changed


def check_skew(pool: str, plane: str) -> None:
    """Raise ArmRefusal 400 if a pool's version and the control plane's do not go together."""
    ours, theirs = versions.minor_of(pool), versions.minor_of(plane)
    if versions.is_older(plane, pool):
        raise pool_version_incompatible(
            pool,
            plane,
            f"Minor version of node pool version {ours} is bigger than control plane version "
            f"{theirs}.",
        )
    if theirs - ours > versions.POOL_SKEW_MAX:
        raise pool_version_incompatible(
            pool,
            plane,
            f"Minor version of node pool version {ours} is more than {versions.POOL_SKEW_MAX} "
            f"behind control plane version {theirs}.",
        )


def change_between(before: Document, after: Document) -> Change:
    """Return what kind of operation leads from one document to another."""
    old, new = before["properties"], after["properties"]
    if old["currentKubernetesVersion"] != new["currentKubernetesVersion"]:
        return UPGRADE
    olds, news = _by_name(old), _by_name(new)
    pairs = [(olds[name], news[name]) for name in olds if name in news]
    if any(_version(old) != _version(new) for old, new in pairs):
        return UPGRADE
    return SCALE if any(old["count"] != new["count"] for old, new in pairs) else UPDATE


def pools_to_replace(before: Document, after: Document) -> tuple[str, ...]:
    """Return the pools whose machines get another version."""
    olds, news = _by_name(before["properties"]), _by_name(after["properties"])
    return tuple(
        name for name in olds if name in news and _version(olds[name]) != _version(news[name])
    )


def _with_profiles(document: Document, profiles: list[Profile]) -> Document:
    names = [profile["name"] for profile in profiles]
    if len(set(names)) != len(names):
        raise bad_request("The names of agent pools have to be unique.")
    changed = copy.deepcopy(document)
    changed["properties"]["agentPoolProfiles"] = profiles
    return changed


def _by_name(properties: Mapping[str, Any]) -> dict[str, Profile]:
    return {profile["name"]: profile for profile in properties["agentPoolProfiles"]}


def _version(profile: Profile) -> str:
    return str(profile["currentOrchestratorVersion"])
