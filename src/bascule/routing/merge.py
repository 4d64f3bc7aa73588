"""Two clusters' hosts into one: routes are paired by host, path and kind.

In both clusters: the split decides. In one only: it is served from there, with a warning. Where
settings or TLS differ, those of the active cluster win, with a warning. The certificate is the
active cluster's if it has a usable one; else, of the other cluster's and the last good one, the
one that is valid longest (the last good one when they are equal).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from bascule.ids import Cluster
from bascule.manifest.objects import Fault
from bascule.routing.cluster.claims import CATCH_ALL
from bascule.routing.cluster.hosts import (
    ClusterHost,
    ClusterRoute,
    GatewayDefault,
    ingress_problem,
    match_order,
)
from bascule.routing.model import CertificateRef, Host, Match, Problem, Route, Severity

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One cluster's part of a merge; `host` None when it does not have the host.

    `default` is the cluster's gateway-wide default backend. `is_judged` is False while the part is
    not the present one or the cluster has no Ingress at all: then no difference is reported.
    """

    cluster: Cluster
    host: ClusterHost | None
    default: GatewayDefault | None = None
    is_judged: bool = True

    def routes(self, *, is_tls: bool) -> dict[Match, ClusterRoute]:
        """Return the routes by match, with the gateway's default where the host has none."""
        routes = {route.match: route for route in self.host.routes} if self.host else {}
        if self.default is not None and CATCH_ALL not in routes:
            routes[CATCH_ALL] = self.default.route(is_tls=is_tls)
        return routes


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedHost:
    """A host of the table, and what is wrong with it."""

    host: Host
    problems: tuple[Problem, ...] = ()


def merge_host(
    name: str, active: Side, other: Side, last_good: CertificateRef | None
) -> MergedHost:
    """Return the host `name` of the two sides, at least one of which has it."""
    problems: list[Problem] = [
        problem for side in (active, other) if side.host for problem in side.host.problems
    ]
    deciding = active.host or other.host
    is_tls = deciding is not None and deciding.is_tls
    by_active, by_other = active.routes(is_tls=is_tls), other.routes(is_tls=is_tls)
    matches = sorted({*by_active, *by_other}, key=match_order)
    routes = []
    for match in matches:
        first, second = by_active.get(match), by_other.get(match)
        routes.append(_merge_route(match, first, second))
        if active.is_judged and other.is_judged:
            problems += _check_settings(name, first, second)
            problems += _check_one_sided(name, first, second)
    if active.is_judged and other.is_judged:
        problems += _check_tls(name, active, other)
    host = Host(
        name=name,
        routes=tuple(routes),
        is_tls=is_tls,
        certificate=_choose_certificate(active, other, last_good) if is_tls else None,
    )
    return MergedHost(host=host, problems=tuple(sorted(set(problems))))


def _merge_route(match: Match, active: ClusterRoute | None, other: ClusterRoute | None) -> Route:
    present = [route for route in (active, other) if route is not None]
    by_cluster = {route.source.cluster: route for route in present}
    blue, green = by_cluster.get(Cluster.BLUE), by_cluster.get(Cluster.GREEN)
    return Route(
        match=match,
        blue=blue.backend if blue else None,
        green=green.backend if green else None,
        settings=present[0].settings,
        extensions=MappingProxyType(dict(present[0].extensions)),
        sources=tuple(sorted(route.source for route in present)),
    )


def _check_settings(
    name: str, active: ClusterRoute | None, other: ClusterRoute | None
) -> list[Problem]:
    if active is None or other is None or active.settings == other.settings:
        return []
    message = f"{name}{active.match.path}: settings differ from those in {active.source.cluster}"
    fault = Fault("SettingsDiffer", f"{message}, which is active and wins")
    return [ingress_problem(other.source, fault, Severity.WARNING)]


def _check_one_sided(
    name: str, active: ClusterRoute | None, other: ClusterRoute | None
) -> list[Problem]:
    route = active or other
    if route is None or (active is not None and other is not None):
        return []
    where = f"{route.match.kind} {name}{route.match.path}"
    message = f"{where} is in {route.source.cluster} only, and served there whatever the weights"
    return [ingress_problem(route.source, Fault("RouteInOneCluster", message), Severity.WARNING)]


def _check_tls(name: str, active: Side, other: Side) -> list[Problem]:
    if not active.host or not other.host or not other.host.routes:
        return []
    if active.host.is_tls == other.host.is_tls:
        return []
    has = "has TLS" if other.host.is_tls else "has no TLS"
    message = f"host {name} {has} here, unlike in {active.cluster}, which is active and wins"
    source = other.host.routes[0].source
    return [ingress_problem(source, Fault("TlsDiffers", message), Severity.WARNING)]


def _choose_certificate(
    active: Side, other: Side, last_good: CertificateRef | None
) -> CertificateRef | None:
    if active.host is not None and active.host.certificate is not None:
        return active.host.certificate
    others = other.host.certificate if other.host else None
    found = [ref for ref in (last_good, others) if ref is not None]
    return max(found, key=lambda ref: ref.not_after or _LONG_AGO, default=None)
