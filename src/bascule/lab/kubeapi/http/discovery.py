"""What the server serves, as clients ask for it: group and version lists, plain and aggregated."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bascule.lab.kubeapi.kinds import Kind, ServedVersion

AGGREGATED_SINCE: Final[Mapping[str, int]] = {"v2beta1": 27, "v2": 30}
"""The minor release of 1.x that first answers aggregated discovery in this version."""

_UPDATE_VERBS: Final = ("get", "patch", "update")
_GROUP_ORDER: Final = (
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "flowcontrol.apiserver.k8s.io",
)
_SUBRESOURCES: Final[Mapping[str, tuple[str, str, str, tuple[str, ...]]]] = {
    "scale": ("autoscaling", "v1", "Scale", _UPDATE_VERBS),
    "eviction": ("policy", "v1", "Eviction", ("create",)),
    "binding": ("", "v1", "Binding", ("create",)),
    "token": ("authentication.k8s.io", "v1", "TokenRequest", ("create",)),
}
_OWN_KIND_VERBS: Final[Mapping[str, tuple[str, ...]]] = {
    "log": ("get",),
    "finalize": ("update",),
    "ephemeralcontainers": _UPDATE_VERBS,
    "approval": _UPDATE_VERBS,
    "status": _UPDATE_VERBS,
}


def group_order(kinds: Iterable[Kind]) -> list[str]:
    """Return the groups in the order of the real server: the built-in ones, then by name."""
    present = {kind.group for kind in kinds}
    others = sorted(present - set(_GROUP_ORDER))
    return [group for group in _GROUP_ORDER if group in present] + others


def group_versions(kinds: Iterable[Kind], group: str) -> list[str]:
    """Return the versions of a group, the preferred one first."""
    versions = (version for kind in kinds if kind.group == group for version in kind.versions)
    return sorted({item.name for item in versions if item.is_served}, key=version_rank)


def version_rank(name: str) -> tuple[int, int, int, str]:
    """Return a key that sorts v2 before v1 before v1beta2 before v1alpha1 before other names."""
    for rank, stage in enumerate(("", "beta", "alpha")):
        major, found, minor = (
            name.removeprefix("v").partition(stage) if stage else (name[1:], "", "")
        )
        if major.isdigit() and (not stage or (found and minor.isdigit())):
            return (rank, -int(major), -int(minor or 0), name)
    return (3, 0, 0, name)


def core_versions(server_address: str) -> dict[str, Any]:
    """Return the answer at `/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [
            {"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}
        ],
    }


def group_list(kinds: Sequence[Kind]) -> dict[str, Any]:
    """Return the answer at `/apis`."""
    groups = [_group(kinds, group) for group in group_order(kinds) if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def one_group(kinds: Sequence[Kind], group: str) -> dict[str, Any] | None:
    """Return the answer at `/apis/GROUP`, or None for an unknown group."""
    if not group_versions(kinds, group):
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(kinds, group)}


def resource_list(kinds: Sequence[Kind], group: str, version: str) -> dict[str, Any] | None:
    """Return the answer at `/api/v1` and `/apis/GROUP/VERSION`, or None when it is not served."""
    resources: list[dict[str, Any]] = []
    for kind in _kinds_at(kinds, group, version):
        resources.append(_resource(kind))
        resources.extend(_subresource(kind, name) for name in sorted(kind.subresources))
    if not resources:
        return None
    group_version = f"{group}/{version}" if group else version
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": resources,
    }


def aggregated(kinds: Sequence[Kind], *, discovery_version: str, core: bool) -> dict[str, Any]:
    """Return the aggregated answer at `/api` (core) or `/apis`."""
    groups = [group for group in group_order(kinds) if (not group) == core]
    items = [
        {
            "metadata": {"name": group, "creationTimestamp": None},
            "versions": [
                {
                    "version": version,
                    "resources": [
                        _aggregated_resource(kind, version)
                        for kind in _kinds_at(kinds, group, version)
                    ],
                    "freshness": "Current",
                }
                for version in group_versions(kinds, group)
            ],
        }
        for group in groups
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{discovery_version}",
        "metadata": {},
        "items": items,
    }


def _kinds_at(kinds: Iterable[Kind], group: str, version: str) -> list[Kind]:
    found = (
        kind for kind in kinds if kind.group == group and kind.served_version(version) is not None
    )
    return sorted(found, key=lambda kind: kind.plural)


def _group(kinds: Sequence[Kind], group: str) -> dict[str, Any]:
    versions = [
        {"groupVersion": f"{group}/{name}", "version": name}
        for name in group_versions(kinds, group)
    ]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resource(kind: Kind) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular or kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        described["shortNames"] = list(kind.short_names)
    if kind.categories:
        described["categories"] = list(kind.categories)
    return described


def _subresource(kind: Kind, name: str) -> dict[str, Any]:
    group, version, own_kind, verbs = _response_of(kind, name)
    described: dict[str, Any] = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": own_kind,
        "verbs": list(verbs),
    }
    return {"group": group, "version": version, **described} if version else described


def _aggregated_resource(kind: Kind, version: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular or kind.kind.lower(),
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        described["shortNames"] = list(kind.short_names)
    if kind.categories:
        described["categories"] = list(kind.categories)
    if kind.subresources:
        described["subresources"] = [
            _aggregated_subresource(kind, version, name) for name in sorted(kind.subresources)
        ]
    return described


def _aggregated_subresource(kind: Kind, version: str, name: str) -> dict[str, Any]:
    group, own_version, own_kind, verbs = _response_of(kind, name)
    return {
        "subresource": name,
        "responseKind": {
            "group": group if own_version else kind.group,
            "version": own_version or version,
            "kind": own_kind,
        },
        "verbs": list(verbs),
    }


def _response_of(kind: Kind, name: str) -> tuple[str, str, str, tuple[str, ...]]:
    """Return group, version, kind and verbs; an empty version means the kind itself."""
    if name in _SUBRESOURCES:
        return _SUBRESOURCES[name]
    return ("", "", kind.kind, _OWN_KIND_VERBS[name])


def served(
    kinds: Iterable[Kind], group: str, version: str, plural: str
) -> tuple[Kind, ServedVersion] | None:
    """Return the kind at a path and the version asked for, or None when it is not served."""
    for kind in kinds:
        if kind.plural == plural and kind.group == group:
            found = kind.served_version(version)
            return (kind, found) if found else None
    return None
