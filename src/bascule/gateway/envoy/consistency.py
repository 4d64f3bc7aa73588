"""Refuses a snapshot that names what it does not hold, before any Envoy sees it."""

from collections.abc import Iterator, Mapping
from typing import Any

from bascule.errors import InvariantError
from bascule.gateway.envoy import protos
from bascule.gateway.envoy.snapshot import Kind, Resource, Snapshot

NAMED_MAX = 5
"""So many dangling references are named in the error."""


class ConsistencyCheck:
    """Checks snapshots; remembers what a resource refers to, so an unchanged one costs nothing."""

    def __init__(self) -> None:
        self._references: dict[tuple[Kind, str], tuple[str, dict[Kind, frozenset[str]]]] = {}
        self._passed: Mapping[Kind, Mapping[str, Resource]] = {}

    def check(self, snapshot: Snapshot) -> None:
        """Raise InvariantError when a resource refers to one that is not there."""
        kinds = (Kind.CLUSTER, Kind.ENDPOINTS, Kind.SECRET, Kind.LISTENER, Kind.ROUTES)
        if all(snapshot.of(kind) is self._passed.get(kind) for kind in kinds):
            return
        dangling = [*self._dangling(snapshot)]
        if dangling:
            raise InvariantError(
                f"the configuration for Envoy is inconsistent: {'; '.join(dangling[:NAMED_MAX])}",
                remedy="nothing was sent; report this with the routing table",
            )
        self._passed = {kind: snapshot.of(kind) for kind in kinds}

    def _dangling(self, snapshot: Snapshot) -> Iterator[str]:
        if snapshot.of(Kind.CLUSTER).keys() != snapshot.of(Kind.ENDPOINTS).keys():
            both = snapshot.of(Kind.CLUSTER).keys() ^ snapshot.of(Kind.ENDPOINTS).keys()
            yield f"clusters and endpoints differ by {', '.join(sorted(both)[:NAMED_MAX])}"
        used_routes: set[str] = set()
        for kind in (Kind.LISTENER, Kind.ROUTES):
            for resource in snapshot.of(kind).values():
                references = self._references_of(kind, resource)
                used_routes |= references.get(Kind.ROUTES, frozenset())
                for target, names in references.items():
                    for name in sorted(names - snapshot.of(target).keys()):
                        yield f"{resource.name} names {name}, which is not there"

    def _references_of(self, kind: Kind, resource: Resource) -> dict[Kind, frozenset[str]]:
        known = self._references.get((kind, resource.name))
        if known is None or known[0] != resource.version:
            find = _listener_references if kind is Kind.LISTENER else _route_references
            known = (resource.version, find(resource.body))
            self._references[kind, resource.name] = known
        return known[1]


def check_consistency(snapshot: Snapshot) -> None:
    """Raise InvariantError when a resource of `snapshot` refers to one that is not there."""
    ConsistencyCheck().check(snapshot)


def _route_references(body: bytes) -> dict[Kind, frozenset[str]]:
    routes = protos.message("envoy.config.route.v3.RouteConfiguration").FromString(body)
    names: set[str] = set()
    for host in routes.virtual_hosts:
        for route in host.routes:
            if not route.HasField("route"):
                continue
            if route.route.cluster:
                names.add(route.route.cluster)
            names.update(c.name for c in route.route.weighted_clusters.clusters)
    return {Kind.CLUSTER: frozenset(names)}


def _listener_references(body: bytes) -> dict[Kind, frozenset[str]]:
    listener = protos.message("envoy.config.listener.v3.Listener").FromString(body)
    routes: set[str] = set()
    secrets: set[str] = set()
    for chain in listener.filter_chains:
        for item in chain.filters:
            routes.update(_route_set_name(item.typed_config))
        secrets.update(_secret_names(chain.transport_socket.typed_config))
    return {Kind.ROUTES: frozenset(routes), Kind.SECRET: frozenset(secrets)}


def _unpack(packed: Any, full_name: str) -> Any:
    if packed.type_url != protos.TYPE_URL_PREFIX + full_name:
        return None
    return protos.message(full_name).FromString(packed.value)


def _route_set_name(packed: Any) -> list[str]:
    name = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    manager = _unpack(packed, name)
    return [] if manager is None else [manager.rds.route_config_name]


def _secret_names(packed: Any) -> list[str]:
    name = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    context = _unpack(packed, name)
    if context is None:
        return []
    return [c.name for c in context.common_tls_context.tls_certificate_sds_secret_configs]
