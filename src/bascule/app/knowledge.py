"""The part of `status` that only a runtime can tell: clusters, routes, problems, faults."""

from collections.abc import Mapping
from datetime import datetime

from bascule.controller.view import ControllerView, Fault
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.kube.client import ServerVersion
from bascule.routing.expiry import check_expiry
from bascule.routing.model import Host, Problem, Route, RouteSet
from bascule.routing.weights import Split
from bascule.upgrade.encoding import render_split

LISTED_MAX = 200
"""How many routes and problems one document names; the counts beside are of all."""


def controller_document(
    view: ControllerView,
    versions: Mapping[Cluster, ServerVersion],
    *,
    now: datetime | None = None,
) -> dict[str, Json]:
    """Return what the controller knows of clusters and routes, and which certificates end."""
    ending = check_expiry(view.routes, now) if now is not None else ()
    problems = (*ending, *view.routes.problems, *view.gateway_problems)
    return {
        "clusters": {
            cluster.value: {
                "version": versions[cluster].git_version if cluster in versions else None,
                "state": known.state.value,
                "since": known.since.isoformat(),
                "reason": known.reason,
                "objects": known.objects,
            }
            for cluster, known in view.clusters.items()
        },
        "routes": _routes(view.routes, view.wanted_split),
        "problems_total": len(problems),
        "problems": [_problem(p) for p in problems[:LISTED_MAX]],
        "is_pending": view.is_pending,
        "applied_weights": None if view.applied_split is None else render_split(view.applied_split),
        "applied_table_digest": view.applied_table_digest,
        "faults": [
            _fault(name, fault)
            for name, fault in (
                ("gateway", view.gateway_fault),
                ("last_good", view.last_good_fault),
            )
            if fault is not None
        ],
    }


def _routes(routes: RouteSet, split: Split) -> dict[str, Json]:
    pairs = [(host, route) for host in routes.hosts for route in host.routes]
    down = [_route(h, r, split) for h, r in pairs if r.is_down]
    bound = [_route(h, r, split) for h, r in pairs if r.bound_to is not None and not r.is_down]
    return {
        "hosts_total": len(routes.hosts),
        "total": len(pairs),
        "down_total": len(down),
        "bound_total": len(bound),
        "down": [*down[:LISTED_MAX]],
        "bound": [*bound[:LISTED_MAX]],
        "stale": [c.value for c in Cluster if c in routes.stale],
    }


def _route(host: Host, route: Route, split: Split) -> dict[str, Json]:
    effective = route.effective_weights(split.for_host(host.name))
    return {
        "host": host.name,
        "path": route.match.path,
        "bound_to": None if route.bound_to is None else route.bound_to.value,
        "reason": _why_bound(route),
        "effective": {"blue_bp": effective.blue_bp, "green_bp": effective.green_bp},
    }


def _why_bound(route: Route) -> str:
    missing = [c.value for c in Cluster if route.backend(c) is None]
    unready = [c.value for c in Cluster if (b := route.backend(c)) is not None and not b.is_ready]
    parts = [f"{c} does not have the route" for c in missing]
    return "; ".join([*parts, *(f"{c} has no ready endpoint" for c in unready)])


def _problem(problem: Problem) -> dict[str, Json]:
    return {
        "cluster": problem.cluster.value,
        "kind": problem.kind,
        "namespace": problem.namespace,
        "name": problem.name,
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity.value,
    }


def _fault(name: str, fault: Fault) -> dict[str, Json]:
    return {
        "part": name,
        "message": fault.message,
        "remedy": fault.remedy,
        "since": fault.since.isoformat(),
        "attempts": fault.attempts,
    }
