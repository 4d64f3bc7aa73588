"""Whether a cluster may be given more traffic than it has: its lists, and its endpoints."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bascule.ids import Cluster
from bascule.routing.model import Host, Route, RouteSet
from bascule.routing.weights import Split

ROUTES_NAMED_MAX = 3
"""How many routes a message names before it only counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLists:
    """What is known of one cluster: `is_complete` once listed whole, `is_stale` when it is away."""

    is_complete: bool
    is_stale: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficView:
    """What the controller knows of both clusters now."""

    routes: RouteSet
    lists: Mapping[Cluster, ClusterLists]


def check_lists(view: TrafficView, target: Cluster) -> tuple[str, ...]:
    """Return what is wrong with the lists of `target`, as sentences."""
    lists = view.lists.get(target)
    if lists is None or not lists.is_complete:
        because = f": {lists.reason}" if lists is not None and lists.reason else ""
        return (f"{target} is not fully known yet{because}",)
    if lists.is_stale:
        return (f"the API of {target} is away, its endpoints are the last known ones",)
    return ()


def check_routes(view: TrafficView, before: Split, wanted: Split) -> tuple[str, ...]:
    """Return which routes would get more traffic in a cluster that cannot serve them.

    A route counts where the cluster that loses traffic serves it and the other one does not; such
    a route stays where it is served, whatever the weights.
    """
    names_by_target: dict[Cluster, list[str]] = {}
    for host, route in _routes(view.routes):
        target = rising_of(before, wanted, host.name)
        if target is not None and _serves(route, target.other) and not _serves(route, target):
            names_by_target.setdefault(target, []).append(f"{host.name}{route.match.path}")
    return tuple(
        f"{target} has no ready endpoint for {_render_names(names_by_target[target])}"
        for target in Cluster
        if target in names_by_target
    )


def has_any_endpoint(view: TrafficView, target: Cluster) -> bool:
    """Return whether `target` can serve at least one route, or there is nothing to serve."""
    routes = [route for _, route in _routes(view.routes)]
    return not routes or any(_serves(route, target) for route in routes)


def rising_clusters(before: Split, wanted: Split) -> tuple[Cluster, ...]:
    """Return the clusters that get more than before, of any host."""
    hosts = [*before.by_host, *wanted.by_host, "*"]
    rising = {rising_of(before, wanted, host) for host in hosts}
    return tuple(cluster for cluster in Cluster if cluster in rising)


def rising_of(before: Split, wanted: Split, host: str) -> Cluster | None:
    """Return the cluster that gets more of a host's requests than before; None: neither does."""
    old, new = before.for_host(host), wanted.for_host(host)
    if old == new:
        return None
    return Cluster.BLUE if new.blue_bp > old.blue_bp else Cluster.GREEN


def _routes(routes: RouteSet) -> Iterator[tuple[Host, Route]]:
    for host in routes.hosts:
        for route in host.routes:
            yield host, route


def _serves(route: Route, cluster: Cluster) -> bool:
    backend = route.backend(cluster)
    return backend is not None and backend.is_ready


def _render_names(names: list[str]) -> str:
    shown = ", ".join(names[:ROUTES_NAMED_MAX])
    more = len(names) - ROUTES_NAMED_MAX
    return f"{shown} and {more} more routes" if more > 0 else shown
