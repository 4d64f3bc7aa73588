"""Checks a finished table for what can only be our own mistake."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from bascule.errors import InvariantError
from bascule.ids import Cluster
from bascule.routing.cluster.hosts import match_order
from bascule.routing.incremental import host_order
from bascule.routing.model import Backend, Endpoint, Host, Route, RouteSet

Key = TypeVar("Key", str, tuple[int, str], tuple[int, bool, str], Endpoint)


def validate_routes(routes: RouteSet) -> None:
    """Raise InvariantError when `routes` is unsorted, holds something twice, or dangles."""
    _require_sorted([listener.name for listener in routes.listeners], "listeners")
    _require_sorted([host_order(host.name) for host in routes.hosts], "hosts")
    backends: dict[str, Backend] = {}
    for host in routes.hosts:
        validate_host(host)
        for route in host.routes:
            for backend in (route.blue, route.green):
                if backend and backends.setdefault(backend.name, backend) != backend:
                    raise InvariantError(f"two different backends are called {backend.name}")


def validate_host(host: Host) -> None:
    """Raise InvariantError when `host` contradicts itself."""
    if host.name != host.name.lower():
        raise InvariantError(f"host {host.name} is not in lower case")
    if host.certificate is not None and not host.is_tls:
        raise InvariantError(f"host {host.name} has a certificate and no TLS")
    _require_sorted([match_order(route.match) for route in host.routes], f"routes of {host.name}")
    for route in host.routes:
        _validate_route(host, route)


def _validate_route(host: Host, route: Route) -> None:
    where = f"{host.name}{route.match.path}"
    present = [backend for backend in (route.blue, route.green) if backend is not None]
    if not present:
        raise InvariantError(f"route {where} has no backend")
    if route.blue and route.blue.cluster is not Cluster.BLUE:
        raise InvariantError(f"route {where} has a backend of green as blue's")
    if route.green and route.green.cluster is not Cluster.GREEN:
        raise InvariantError(f"route {where} has a backend of blue as green's")
    if {ref.cluster for ref in route.sources} != {backend.cluster for backend in present}:
        raise InvariantError(f"route {where} does not come from the clusters that answer it")
    for backend in present:
        _require_sorted(backend.endpoints, f"endpoints of {backend.name}")


def _require_sorted(keys: Sequence[Key], what: str) -> None:
    if any(not before < after for before, after in pairwise(keys)):
        raise InvariantError(f"the {what} are not sorted, or one is there twice")
