"""What changed between two tables, down to single routes and backends."""

from dataclasses import dataclass

from bascule.routing.model import Backend, Host, Match, Route, RouteSet


@dataclass(frozen=True, slots=True, order=True)
class RouteName:
    """One route of a table."""

    host: str
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesDiff:
    """Names of what is new, gone or different, each sorted. Endpoints count with their backend."""

    hosts_added: tuple[str, ...] = ()
    hosts_removed: tuple[str, ...] = ()
    hosts_changed: tuple[str, ...] = ()
    """Hosts whose TLS changed."""
    routes_added: tuple[RouteName, ...] = ()
    routes_removed: tuple[RouteName, ...] = ()
    routes_changed: tuple[RouteName, ...] = ()
    backends_added: tuple[str, ...] = ()
    backends_removed: tuple[str, ...] = ()
    backends_changed: tuple[str, ...] = ()
    are_listeners_changed: bool = False

    def __bool__(self) -> bool:
        return self != NO_DIFFERENCE


NO_DIFFERENCE = RoutesDiff()


def diff_routes(old: RouteSet, new: RouteSet) -> RoutesDiff:
    """Return what changed from `old` to `new`; a host that both share costs one comparison."""
    before = {host.name: host for host in old.hosts}
    after = {host.name: host for host in new.hosts}
    kept = [name for name in before if name in after and before[name] is not after[name]]
    touched = [*kept, *(before.keys() ^ after.keys())]
    was = {name: route for host in touched for name, route in _routes(before.get(host))}
    now = {name: route for host in touched for name, route in _routes(after.get(host))}
    old_backends = {backend.name: backend for backend in old.backends}
    new_backends = {backend.name: backend for backend in new.backends}
    return RoutesDiff(
        hosts_added=tuple(sorted(after.keys() - before.keys())),
        hosts_removed=tuple(sorted(before.keys() - after.keys())),
        hosts_changed=tuple(sorted(n for n in kept if _tls(before[n]) != _tls(after[n]))),
        routes_added=tuple(sorted(now.keys() - was.keys())),
        routes_removed=tuple(sorted(was.keys() - now.keys())),
        routes_changed=tuple(
            sorted(n for n in now.keys() & was.keys() if _shape(was[n]) != _shape(now[n]))
        ),
        backends_added=tuple(sorted(new_backends.keys() - old_backends.keys())),
        backends_removed=tuple(sorted(old_backends.keys() - new_backends.keys())),
        backends_changed=_changed(old_backends, new_backends),
        are_listeners_changed=old.listeners != new.listeners,
    )


def _routes(host: Host | None) -> list[tuple[RouteName, Route]]:
    return [(RouteName(host.name, route.match), route) for route in host.routes] if host else []


def _tls(host: Host) -> tuple[object, ...]:
    return (host.is_tls, host.certificate)


def _shape(route: Route) -> tuple[object, ...]:
    """All of a route but what belongs to its backends."""
    names = [backend.name if backend else None for backend in (route.blue, route.green)]
    return (*names, route.bound_to, route.settings, route.extensions, route.sources)


def _changed(old: dict[str, Backend], new: dict[str, Backend]) -> tuple[str, ...]:
    both = old.keys() & new.keys()
    return tuple(sorted(n for n in both if old[n] is not new[n] and old[n] != new[n]))
