"""The answers that say which versions a cluster and its pools may get next. Pure."""

from collections.abc import Mapping
from typing import Any

from bascule.lab.arm.containers import versions
from bascule.lab.arm.resources import Document

_TYPE = "Microsoft.ContainerService/managedClusters"


def render_profile(document: Document) -> dict[str, Any]:
    """Return the answer of `upgradeProfiles/default`."""
    properties = document["properties"]
    current = properties["currentKubernetesVersion"]
    return {
        "id": f"{document['id']}/upgradeprofiles/default",
        "name": "default",
        "type": f"{_TYPE}/upgradeprofiles",
        "properties": {
            "controlPlaneProfile": {
                "kubernetesVersion": current,
                "osType": "Linux",
                "upgrades": _upgrades(current),
            },
            "agentPoolProfiles": [
                _profile(document, profile) for profile in properties["agentPoolProfiles"]
            ],
        },
    }


def render_pool_profile(document: Document, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of a pool's `upgradeProfiles/default`."""
    return {
        "id": f"{document['id']}/agentPools/{profile['name']}/upgradeProfiles/default",
        "name": "default",
        "type": f"{_TYPE}/agentPools/upgradeProfiles",
        "properties": {
            **_profile(document, profile),
            "latestNodeImageVersion": profile["nodeImageVersion"],
        },
    }


def render_pool_versions(document: Document) -> dict[str, Any]:
    """Return the versions that a new pool of a cluster may have."""
    plane = document["properties"]["currentKubernetesVersion"]
    newest = versions.minor_of(plane)
    offered = [
        version
        for offer in versions.OFFERS
        if newest - versions.POOL_SKEW_MAX <= offer.minor <= newest
        for version in offer.versions()
        if not versions.is_older(plane, version)
    ]
    shown = [{"default": version == plane, "kubernetesVersion": version} for version in offered]
    return {
        "id": f"{document['id']}/availableAgentPoolVersions",
        "name": "default",
        "type": f"{_TYPE}/availableAgentPoolVersions",
        "properties": {"agentPoolVersions": shown},
    }


def _profile(document: Document, profile: Mapping[str, Any]) -> dict[str, Any]:
    current = profile["currentOrchestratorVersion"]
    plane = document["properties"]["currentKubernetesVersion"]
    return {
        "name": profile["name"],
        "kubernetesVersion": current,
        "osType": profile["osType"],
        "upgrades": [
            each
            for each in _upgrades(current)
            if not versions.is_older(plane, each["kubernetesVersion"])
        ],
    }


def _upgrades(current: str) -> list[dict[str, Any]]:
    return [{"kubernetesVersion": version} for version in reversed(versions.upgrades_of(current))]
