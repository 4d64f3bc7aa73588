"""Whether the cluster that an upgrade would go back to could take its traffic now.

That a rollback is permitted says nothing of whether anybody would be served by it.
"""

from bascule.gateway.driver import Observation
from bascule.ids import Cluster
from bascule.upgrade.decide import find_hindrances
from bascule.upgrade.plan.model import StepKind
from bascule.upgrade.ports import Backends
from bascule.upgrade.readiness import TrafficView, has_any_endpoint, rising_clusters
from bascule.upgrade.run.asking import NO_BACKENDS, ask_of_held, tell_sick, tell_sick_anyway
from bascule.upgrade.run.rollback import Eligibility, has_moved_traffic, judge_eligibility
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.state import GatewayState


def judge_way_back(
    run: UpgradeState,
    gateway: GatewayState,
    view: TrafficView,
    seen: Observation | None = None,
    *,
    backends: Backends = NO_BACKENDS,
) -> Eligibility:
    """Return whether `run` can be rolled back with somebody served by it; `seen` is the gateway."""
    found = judge_eligibility(run)
    if not found.is_possible:
        return found
    lost = find_lost(run, gateway, view, seen, backends=backends)
    if lost:
        return Eligibility(is_possible=False, reason=f"{lost}; bring it up to have a way back")
    if not has_moved_traffic(run):
        return found
    doubts = (
        *find_hindrances(gateway.split, run.before, view),
        *(
            tell_sick_anyway(target, asked)
            for target in rising_clusters(gateway.split, run.before)
            if (asked := ask_of_held(backends, target, gateway.split, run.before)).sick_anyway
        ),
    )
    if doubts:
        return Eligibility(is_possible=True, reason=f"{found.reason}, but {'; '.join(doubts)}")
    return found


def find_lost(
    run: UpgradeState,
    gateway: GatewayState,
    view: TrafficView,
    seen: Observation | None = None,
    *,
    backends: Backends = NO_BACKENDS,
) -> str:
    """Return why users would not be served after a rollback; empty where they would be.

    A cluster that the upgrade itself has stopped is started by the rollback.
    """
    if not has_moved_traffic(run):
        return ""
    for target in rising_clusters(gateway.split, run.before):
        if _is_stopped(run, target):
            continue
        if not has_any_endpoint(view, target):
            return f"{target} has no ready endpoint for any route"
        traffic = seen.traffic.get(target) if seen is not None else None
        if traffic is not None and traffic.endpoints_healthy == 0:
            return f"the gateway finds no backend of {target} healthy"
        asked = ask_of_held(backends, target, gateway.split, run.before)
        if asked.sick:
            return tell_sick(target, asked)
    return ""


def _is_stopped(run: UpgradeState, cluster: Cluster) -> bool:
    return any(
        step.kind == StepKind.STOP_CLUSTER
        and step.args.get("cluster") == cluster
        and run.step(step.key).attempt > 0
        for step in run.plan.steps
    )
