"""Builds the table again and again from changing snapshots, at the cost of what changed.

A build here equals `build_routes` of the same snapshots with the last result as `previous`: the
property tests hold both to that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bascule.ids import Cluster
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.catalog import BackendCatalog
from bascule.routing.cluster.claims import CATCH_ALL
from bascule.routing.cluster.hosts import ClusterHost, ClusterRoute, GatewayDefault
from bascule.routing.cluster.part import ClusterPart
from bascule.routing.merge import Side, merge_host
from bascule.routing.model import Host, Problem, RouteSet, Severity
from bascule.routing.options import BuildOptions


class Builder:
    """Keeps the parts of both clusters and the hosts made of them."""

    def __init__(self, options: BuildOptions, previous: RouteSet | None = None) -> None:
        self._options = options
        self._previous = {host.name: host for host in previous.hosts} if previous else {}
        self._parts: dict[Cluster, ClusterPart | FrozenPart] = {}
        self._hosts: dict[str, Host] = {}
        self._names: list[str] = []
        self._is_sorted = True
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._catalog = BackendCatalog()
        self._judged: Mapping[Cluster, bool] = {}

    def follow(self, active: Cluster) -> None:
        """Let the settings of `active` win where the clusters differ, from the next build on."""
        if active is not self._options.active:
            self._options = replace(self._options, active=active)
            self._judged = {}  # judges every host anew

    def build(self, snapshots: Mapping[Cluster, ClusterSnapshot]) -> RouteSet:
        """Return the table of `snapshots`; a cluster that is not complete keeps its last part.

        A cluster that is left out takes no part and is not missed. A certificate of it that is the
        last good one of a host is served on: to end a host's TLS is not what leaving out is for.
        """
        touched: set[str] = set()
        for cluster in Cluster:
            default = self._default_of(cluster)
            touched |= self._update(cluster, snapshots.get(cluster))
            if self._default_of(cluster) != default:
                touched |= self._left_open(cluster)
        judged = {cluster: self._is_judged(cluster) for cluster in Cluster}
        if judged != self._judged:
            self._judged = judged
            touched |= self._hosts.keys()
        for name in touched:
            self._merge(name)
        self._previous = self._hosts
        routes = RouteSet(
            listeners=tuple(sorted(self._options.listeners, key=lambda item: item.name)),
            hosts=tuple([self._hosts[name] for name in self._sorted_names()]),
            problems=tuple(sorted(set(self._all_problems()))),
            stale=frozenset(
                cluster
                for cluster, snapshot in snapshots.items()
                if snapshot.is_stale or not snapshot.is_complete
            ),
        )
        vars(routes)["backends"] = self._catalog.all()  # fills the cached property
        return routes

    def _update(self, cluster: Cluster, snapshot: ClusterSnapshot | None) -> set[str]:
        part = self._parts.get(cluster)
        if snapshot is None:
            self._parts[cluster] = FrozenPart({})
            return set(part.hosts) if part else set()
        if not snapshot.is_complete:
            if isinstance(part, FrozenPart):
                return set()
            frozen = FrozenPart(project(self._previous, cluster))
            self._parts[cluster] = frozen
            return frozen.hosts.keys() | (part.hosts.keys() if part else set())
        if isinstance(part, ClusterPart):
            return part.update(snapshot)
        fresh = self._parts[cluster] = ClusterPart(cluster, self._options)
        return fresh.update(snapshot) | (part.hosts.keys() if part else set())

    def _default_of(self, cluster: Cluster) -> GatewayDefault | None:
        part = self._parts.get(cluster)
        return part.default if part else None

    def _left_open(self, cluster: Cluster) -> set[str]:
        """Return the hosts that the gateway-wide default of `cluster` serves a part of."""
        hosts = self._parts[cluster].hosts
        return {name for name in self._hosts if not _is_closed(hosts.get(name))}

    def _is_judged(self, cluster: Cluster) -> bool:
        part = self._parts[cluster]
        return isinstance(part, ClusterPart) and not part.is_empty

    def _side(self, cluster: Cluster, name: str) -> Side:
        part = self._parts[cluster]
        return Side(
            cluster=cluster,
            host=part.hosts.get(name),
            default=part.default,
            is_judged=self._judged[cluster],
        )

    def _merge(self, name: str) -> None:
        active = self._side(self._options.active, name)
        other = self._side(self._options.active.other, name)
        earlier = self._previous.get(name)
        if active.host is None and other.host is None:
            self._remove(name)
            return
        merged = merge_host(name, active, other, earlier.certificate if earlier else None)
        self._problems.pop(name, None)
        if merged.problems:
            self._problems[name] = merged.problems
        present = self._hosts.get(name)
        if present == merged.host:
            return
        if present is None:
            self._is_sorted = False
        else:
            self._catalog.drop(present)
        self._catalog.add(merged.host)
        self._hosts[name] = merged.host

    def _remove(self, name: str) -> None:
        present = self._hosts.pop(name, None)
        if present is not None:
            self._problems.pop(name, None)
            self._catalog.drop(present)
            self._is_sorted = False

    def _sorted_names(self) -> list[str]:
        if not self._is_sorted:
            self._names = sorted(self._hosts, key=host_order)
            self._is_sorted = True
        return self._names

    def _all_problems(self) -> Iterable[Problem]:
        for part in self._parts.values():
            yield from part.problems()
        for found in self._problems.values():
            yield from found
        live = [c for c in Cluster if isinstance(self._parts[c], ClusterPart)]
        if len(live) == len(Cluster) and any(self._judged.values()):
            for cluster in Cluster:
                if not self._judged[cluster]:
                    yield _no_routes(cluster)


class FrozenPart:
    """The last known part of a cluster whose objects are not all listed yet."""

    default: GatewayDefault | None = None

    def __init__(self, hosts: dict[str, ClusterHost]) -> None:
        self.hosts = hosts

    def problems(self) -> Iterable[Problem]:
        """Nothing is said of what cannot be seen."""
        return ()


def _is_closed(host: ClusterHost | None) -> bool:
    """Return whether a route of the host matches every path; it sorts last."""
    routes = host.routes if host else ()
    return bool(routes) and routes[-1].match == CATCH_ALL


def project(hosts: Mapping[str, Host], cluster: Cluster) -> dict[str, ClusterHost]:
    """Return what `cluster` contributed to `hosts`, as far as the merged table still says."""
    parts = {}
    for name, host in hosts.items():
        routes = tuple(
            ClusterRoute(
                match=route.match,
                backend=backend,
                settings=route.settings,
                extensions=tuple(route.extensions.items()),
                source=next(ref for ref in route.sources if ref.cluster is cluster),
            )
            for route in host.routes
            if (backend := route.backend(cluster)) is not None
        )
        if routes:
            parts[name] = ClusterHost(
                name=name, routes=routes, is_tls=host.is_tls, certificate=host.certificate
            )
    return parts


def host_order(name: str) -> tuple[int, str]:
    """Sort key of hosts: exact names, then wildcards, then the host for any name."""
    return (0 if not name.startswith("*") else 1 if name != "*" else 2, name)


def _no_routes(cluster: Cluster) -> Problem:
    return Problem(
        cluster=cluster,
        kind="Cluster",
        namespace="",
        name=cluster.value,
        code="NoRoutes",
        message=f"{cluster} has no Ingress of our class; every route is served from the other one",
        severity=Severity.WARNING,
    )
