"""Refuses a snapshot that names what it does not hold, before any Envoy sees it."""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from bascule.errors import InvariantError
from bascule.gateway.envoy import protos
from bascule.gateway.envoy.snapshot import Kind, Resource, Snapshot

CHUNK_HOSTS = 200
"""So many virtual hosts are read at most before others may run."""
NAMED_MAX = 5
"""So many dangling references are named in the error."""


class ConsistencyCheck:
    """Checks snapshots; remembers what a resource refers to, so an unchanged one costs nothing."""

    def __init__(self) -> None:
        self._references: dict[tuple[Kind, str], tuple[str, dict[Kind, frozenset[str]]]] = {}
        self._passed: Mapping[Kind, Mapping[str, Resource]] = {}

    def check(self, snapshot: Snapshot) -> None:
        """Raise InvariantError when a resource refers to one that is not there."""
        for _ in self.check_in_steps(snapshot):
            pass

    def check_in_steps(self, snapshot: Snapshot) -> Generator[None, None, None]:
        """As `check`, but yields now and then, so that others may run in between."""
        kinds = (Kind.CLUSTER, Kind.ENDPOINTS, Kind.SECRET, Kind.LISTENER, Kind.ROUTES)
        if all(snapshot.of(kind) is self._passed.get(kind) for kind in kinds):
            return
        for kind in (Kind.LISTENER, Kind.ROUTES):
            for resource in snapshot.of(kind).values():
                yield from self._read_references(kind, resource)
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
        for kind in (Kind.LISTENER, Kind.ROUTES):
            for resource in snapshot.of(kind).values():
                for target, names in self._references[kind, resource.name][1].items():
                    for name in sorted(names - snapshot.of(target).keys()):
                        yield f"{resource.name} names {name}, which is not there"

    def _read_references(self, kind: Kind, resource: Resource) -> Generator[None, None, None]:
        known = self._references.get((kind, resource.name))
        if known is not None and known[0] == resource.version:
            return
        if kind is Kind.LISTENER:
            found = _listener_references(resource.body)
        else:
            found = yield from _route_references(resource.body)
        self._references[kind, resource.name] = (resource.version, found)


def check_consistency(snapshot: Snapshot) -> None:
    """Raise InvariantError when a resource of `snapshot` refers to one that is not there."""
    ConsistencyCheck().check(snapshot)


def _route_references(body: bytes) -> Generator[None, None, dict[Kind, frozenset[str]]]:
    routes = protos.message("envoy.config.route.v3.RouteConfiguration").FromString(body)
    names: set[str] = set()
    for number, host in enumerate(routes.virtual_hosts, 1):
        if number % CHUNK_HOSTS == 0:
            yield
        for route in host.routes:
            if not route.HasField("route"):
                continue
            if route.route.cluster:
                names.add(route.route.cluster)
            names.update(c.name for c in route.route.weighted_clusters.clusters)
            names.update(policy.cluster for policy in route.route.request_mirror_policies)
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
