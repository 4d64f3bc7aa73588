"""Versioned xDS resources, and what differs between two sets of them.

A version is the hash of the content, so it means the same after a restart of this process: an
Envoy that kept its state is sent only what differs.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from bascule.gateway.envoy.protos import TYPE_URL_PREFIX


class Kind(StrEnum):
    """The kinds of resources, by their type URL, in the order in which they are pushed."""

    RUNTIME = TYPE_URL_PREFIX + "envoy.service.runtime.v3.Runtime"
    CLUSTER = TYPE_URL_PREFIX + "envoy.config.cluster.v3.Cluster"
    ENDPOINTS = TYPE_URL_PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment"
    SECRET = TYPE_URL_PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret"
    LISTENER = TYPE_URL_PREFIX + "envoy.config.listener.v3.Listener"
    ROUTES = TYPE_URL_PREFIX + "envoy.config.route.v3.RouteConfiguration"


@dataclass(frozen=True, slots=True)
class Resource:
    """One serialised resource. `body` may hold a private key and never shows in `repr`."""

    name: str
    version: str
    body: bytes = field(repr=False, compare=False)


def build_resource(name: str, body: bytes) -> Resource:
    """Return `body` under a version made from its content."""
    return Resource(name, hashlib.sha256(body).hexdigest()[:20], body)


def pack_resource(name: str, value: Any) -> Resource:
    """Return a message as a resource."""
    return build_resource(name, value.SerializeToString(deterministic=True))


def _nothing() -> Mapping[Kind, Mapping[str, Resource]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that an Envoy is to have, by kind and name."""

    by_kind: Mapping[Kind, Mapping[str, Resource]] = field(default_factory=_nothing)

    def of(self, kind: Kind) -> Mapping[str, Resource]:
        """Return the resources of one kind, by name."""
        return self.by_kind.get(kind, {})

    def replacing(self, parts: Mapping[Kind, Mapping[str, Resource]]) -> "Snapshot":
        """Return a snapshot with these kinds replaced."""
        return Snapshot(MappingProxyType({**self.by_kind, **parts}))


EMPTY_SNAPSHOT = Snapshot()


@dataclass(frozen=True, slots=True)
class Delta:
    """What differs in one kind: resources that are new or changed, and names that are gone."""

    changed: tuple[Resource, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not self.changed and not self.removed


def diff_versions(
    known: Mapping[str, str], wanted: Mapping[str, Resource], names: Iterable[str]
) -> Delta:
    """Return what brings a client that knows `known` to `wanted`, as far as `names` go, sorted."""
    changed: list[Resource] = []
    removed: list[str] = []
    for name in names:
        resource = wanted.get(name)
        if resource is None:
            removed.append(name)
        elif known.get(name) != resource.version:
            changed.append(resource)
    changed.sort(key=lambda resource: resource.name)
    return Delta(tuple(changed), tuple(sorted(removed)))


def diff_kind(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> Delta:
    """Return what leads from `old` to `new`; O(1) when they are the same object."""
    if old is new:
        return Delta()
    changed = (
        new_one
        for name, new_one in new.items()
        if (old_one := old.get(name)) is not new_one
        and (old_one is None or old_one.version != new_one.version)
    )
    return Delta(tuple(changed), tuple(name for name in old if name not in new))


def is_empty_assignment(resource: Resource) -> bool:
    """Whether a load assignment names no endpoint: it is nothing but its cluster's name."""
    return len(resource.body) <= len(resource.name.encode()) + 3
