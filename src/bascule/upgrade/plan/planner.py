"""From what the user wrote to what will be done: every step, in order, with its reason.

What the spec leaves out makes no step, and no choice is left to the run.
"""

from collections.abc import Iterable, Mapping

from bascule.errors import PlanError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.weights import TOTAL_BP
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.approach import plan_approach
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.holding import plan_judging
from bascule.upgrade.plan.hooks import hook_key
from bascule.upgrade.plan.model import Plan, Policy, Step
from bascule.upgrade.plan.phases import (
    plan_bake,
    plan_retirement,
    plan_shift,
)
from bascule.upgrade.run.stages import Stage

_STAGE_BY_PLACE = {"sync": Stage.SYNC, "verify": Stage.VERIFY, "bake": Stage.BAKE}
_ORDER = tuple(Stage)


def plan_upgrade(spec: Upgrade, facts: Facts) -> Plan:
    """Return the plan of `spec`; equal arguments give an equal plan.

    Raises PlanError when its last step does not give green everything.
    """
    last = spec.steps[-1]
    if last.weight_bp != TOTAL_BP:
        raise PlanError(
            f"the last step gives green {last.weight_bp / 100:g} %, not all",
            remedy="end `steps` with `weight: 100`",
        )
    judging = plan_judging(spec, facts)
    steps = (
        *plan_approach(spec, facts, judging),
        *plan_shift(spec, facts, judging),
        *plan_bake(spec, facts, judging),
        *plan_retirement(spec, facts),
    )
    return Plan(
        name=spec.name,
        gateway=spec.gateway.name,
        steps=steps,
        policy=_policy(spec, steps),
        clusters=_clusters(spec, facts),
        witness_hosts=tuple(h for h in spec.hosts.include if h not in spec.hosts.exclude),
        parent=facts.parent,
    )


def _policy(spec: Upgrade, steps: Iterable[Step]) -> Policy:
    unsafe, reason = _unsafe(spec)
    return Policy(
        is_rollback_automatic=spec.rollback.automatic,
        unsafe_after=_key_of(unsafe, spec, steps) if unsafe else "",
        unsafe_reason=reason,
        freeze=tuple(window.model_dump(mode="json", by_alias=True) for window in spec.freeze),
        notify=tuple(receiver.model_dump(mode="json") for receiver in spec.notify),
    )


def _unsafe(spec: Upgrade) -> tuple[str, str]:
    """Return from whose start on a rollback is unsafe, as the spec names it, and why."""
    if spec.rollback.unsafe_after:
        return spec.rollback.unsafe_after, spec.rollback.reason
    hook = next((hook for hook in spec.hooks if hook.makes_rollback_unsafe), None)
    if hook is None:
        return "", ""
    return hook.name, spec.rollback.reason or f"the hook {hook.name} makes a rollback unsafe"


def _key_of(place: str, spec: Upgrade, steps: Iterable[Step]) -> str:
    """Return the key of the step that the spec calls `place`; of a phase, its first step."""
    if any(hook.name == place for hook in spec.hooks):
        return hook_key(place)
    stage = _STAGE_BY_PLACE.get(place)
    if stage is None:
        return place
    later = (step for step in steps if _ORDER.index(step.stage) >= _ORDER.index(stage))
    return next((step.key for step in later), "")


def _server(server: str) -> dict[str, Json]:
    return {"server": server} if server else {}


def _clusters(spec: Upgrade, facts: Facts) -> Mapping[str, Json]:
    platform = spec.platform
    return {
        cluster.value: {
            "name": facts.clusters[cluster].name,
            "version": facts.clusters[cluster].version,
            "routes": facts.count_routes(cluster),
            "context": access.context,
            **_server(facts.clusters[cluster].server),
        }
        for cluster, access in ((Cluster.BLUE, platform.blue), (Cluster.GREEN, platform.green))
    }
