"""What `bascule status` shows, as one JSON document; null is not known, never none."""

from collections.abc import Iterable, Mapping

from bascule.app.outcomes import outcome_document
from bascule.controller.view import ControllerView, Fault
from bascule.gateway.driver import Observation
from bascule.gateway.envoy.process import Death
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.kube.client import ServerVersion
from bascule.routing.model import Host, Problem, Route, RouteSet
from bascule.routing.weights import Split
from bascule.upgrade.encoding import render_split
from bascule.upgrade.state import GatewayState

LISTED_MAX = 200
"""How many routes and problems one document names; the counts beside are of all."""

OUTCOMES_MAX = 10

CONTROLLER_KEYS = (
    "clusters",
    "routes",
    "problems_total",
    "problems",
    "is_pending",
    "applied_weights",
    "applied_table_digest",
    "faults",
)
"""What only a runtime knows: null without one."""


def journal_document(state: GatewayState) -> dict[str, Json]:
    """Return what the journal alone tells."""
    flight = state.in_flight
    return {
        "active": state.active.value,
        "weights": render_split(state.split),
        "rollback_to": render_split(state.homes[-1]) if state.homes else None,
        "in_flight": None
        if flight is None
        else {
            "order_id": flight.intent.order_id,
            "kind": flight.intent.kind,
            "actor": flight.stamp.actor,
            "at": flight.stamp.at.isoformat(),
            "wanted": render_split(flight.intent.wanted),
        },
        "orders": [outcome_document(o) for o in reversed(state.recent[-OUTCOMES_MAX:])],
    }


def controller_document(
    view: ControllerView, versions: Mapping[Cluster, ServerVersion]
) -> dict[str, Json]:
    """Return what the controller knows of clusters and routes."""
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
        "problems_total": len(view.routes.problems),
        "problems": [_problem(p) for p in view.routes.problems[:LISTED_MAX]],
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


def gateway_document(seen: Observation) -> dict[str, Json]:
    """Return what the gateway itself shows."""
    return {
        "convergence": seen.convergence.value,
        "reason": seen.reason,
        "instances": seen.instances,
        "weights": None if seen.split is None else render_split(seen.split),
        "traffic": {
            cluster.value: {
                "requests_total": traffic.requests_total,
                "requests_active": traffic.requests_active,
                "endpoints_healthy": traffic.endpoints_healthy,
                "failures_total": traffic.failures_total,
            }
            for cluster, traffic in seen.traffic.items()
        }
        or None,
    }


def envoy_document(pid: int | None, deaths: Iterable[Death]) -> dict[str, Json]:
    """Return how our own Envoy fares."""
    return {
        "pid": pid,
        "deaths": [
            {
                "died_at": death.died_at.isoformat(),
                "ready_at": death.ready_at.isoformat() if death.ready_at else None,
                "exit_code": death.exit_code,
                "last_words": death.last_words,
            }
            for death in deaths
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
