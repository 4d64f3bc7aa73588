"""A table that was made in earlier names of the clusters, told in the names of now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from bascule.ids import Cluster
from bascule.routing.model import Backend, CertificateRef, Host, IngressRef, Route, RouteSet
from bascule.routing.naming import Naming, Tags, name_backend, read_tag

Roles: TypeAlias = Mapping[Cluster, Cluster]
"""What clusters are called now, by what they were called; without those that are gone."""


def rename_routes(routes: RouteSet, naming: Naming) -> RouteSet:
    """Return `routes`, which may be in earlier names, in the names of now.

    What only clusters had that are gone is left out, and so is what is told of objects.
    """
    tags = {read_tag(backend.name): backend.cluster for backend in routes.backends}
    if all(naming.tags[cluster] == tag for tag, cluster in tags.items()):
        return routes
    roles = {old: naming.aliases[tag] for tag, old in tags.items() if tag in naming.aliases}
    pairs = ((host, _rename_host(host, roles, naming.tags)) for host in routes.hosts)
    return RouteSet(
        listeners=routes.listeners,
        hosts=tuple(host for before, host in pairs if host.routes or not before.routes),
        stale=frozenset(roles[cluster] for cluster in routes.stale if cluster in roles),
    )


def _rename_host(host: Host, roles: Roles, tags: Tags) -> Host:
    routes = (_rename_route(route, roles, tags) for route in host.routes)
    return Host(
        name=host.name,
        routes=tuple(route for route in routes if route is not None),
        certificate=_rename_certificate(host.certificate, roles),
        is_tls=host.is_tls,
    )


def _rename_route(route: Route, roles: Roles, tags: Tags) -> Route | None:
    found: dict[Cluster, Backend] = {}
    for backend in (route.blue, route.green):
        role = roles.get(backend.cluster) if backend is not None else None
        if backend is not None and role is not None:
            name = name_backend(backend.name, tags[role])
            found[role] = replace(backend, name=name, cluster=role)
    if not found:
        return None
    sources = (
        IngressRef(roles[source.cluster], source.namespace, source.name)
        for source in route.sources
        if source.cluster in roles
    )
    return replace(
        route,
        blue=found.get(Cluster.BLUE),
        green=found.get(Cluster.GREEN),
        sources=tuple(sorted(sources)),
    )


def _rename_certificate(certificate: CertificateRef | None, roles: Roles) -> CertificateRef | None:
    if certificate is None or certificate.cluster is None:
        return certificate
    return replace(certificate, cluster=roles.get(certificate.cluster))
