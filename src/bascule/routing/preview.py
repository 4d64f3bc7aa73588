"""Further host names that show the routes of a host in green, and what stands against them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bascule.errors import DriverError
from bascule.ids import Cluster
from bascule.routing.arrangement import Arrangement
from bascule.routing.model import Host, Problem, RouteSet, Severity

TARGET = Cluster.GREEN
"""The cluster that preview hosts show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewHost:
    """The host `alias` with the routes of `host`, to green only."""

    alias: str
    host: Host

    @property
    def is_covered(self) -> bool:
        """Whether TLS can be spoken under the alias as it is under the host's own name."""
        certificate = self.host.certificate
        return certificate is not None and certificate.covers(self.alias)

    @property
    def shown(self) -> Host:
        """The host under its alias; without a certificate where TLS cannot be spoken."""
        certificate = self.host.certificate if self.is_covered else None
        return replace(self.host, name=self.alias, certificate=certificate)


def find_preview_hosts(routes: RouteSet, arrangement: Arrangement) -> tuple[PreviewHost, ...]:
    """Return the preview hosts that can be, by name; a host of the table is never taken over."""
    if arrangement.preview is None or not arrangement.preview.hosts:
        return ()
    by_name = {host.name: host for host in routes.hosts}
    return tuple(
        PreviewHost(alias=alias, host=by_name[name])
        for alias, name in arrangement.preview.hosts.items()
        if alias not in by_name and name in by_name and not name.startswith("*")
    )


def refuse_preview(routes: RouteSet, arrangement: Arrangement) -> None:
    """Raise DriverError for a preview host that cannot be."""
    names = {host.name for host in routes.hosts}
    for alias, name in arrangement.preview.hosts.items() if arrangement.preview else ():
        if alias in names:
            raise DriverError(
                f"the preview host {alias} is a host of the gateway already",
                remedy="choose a name that no Ingress has",
            )
        if name not in names or name.startswith("*"):
            raise DriverError(
                f"the preview host {alias} is to show {name}, which is no host of the gateway",
                remedy="name a host of an Ingress; wildcards cannot be shown under another name",
            )


def with_preview_problems(routes: RouteSet, arrangement: Arrangement) -> RouteSet:
    """Return `routes` with a Problem for each preview host that TLS cannot serve."""
    found = set(_check_coverage(routes, arrangement))
    if not found:
        return routes
    changed = replace(routes, problems=tuple(sorted({*routes.problems, *found})))
    # Cached properties that the problems have no part in.
    vars(changed).update({k: v for k, v in vars(routes).items() if k in {"backends", "digest"}})
    return changed


def _check_coverage(routes: RouteSet, arrangement: Arrangement) -> Iterator[Problem]:
    for preview in find_preview_hosts(routes, arrangement):
        if not preview.host.is_tls or preview.is_covered:
            continue
        sources = (source for route in preview.host.routes for source in route.sources)
        for source in sorted(set(sources)):
            yield Problem(
                cluster=source.cluster,
                kind="Ingress",
                namespace=source.namespace,
                name=source.name,
                code="PreviewHostNotCovered",
                message=f"the certificate of {preview.host.name} is not for its preview host "
                f"{preview.alias}, which TLS does not serve",
                severity=Severity.WARNING,
            )
