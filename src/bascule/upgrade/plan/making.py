"""Clusters that a platform makes and removes, as steps: green before its time, blue after it."""

from collections.abc import Iterator, Mapping

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.spec.durations import render_duration
from bascule.spec.upgrade import AzurePlatform, Upgrade
from bascule.upgrade.encoding import read_names
from bascule.upgrade.gates.encoding import render_gates
from bascule.upgrade.plan.facts import Facts, PlatformFacts
from bascule.upgrade.plan.gating import NO_GATES
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.run.stages import Stage

EXTENSION = "extension"
"""In what is to be made: ranges of the gateway that an overlay has to let in; absent: none."""
STOPPED_HOLD = "stopped-hold"
"""The hold in which blue is stopped, and can be started again."""


def plan_making(spec: Upgrade, facts: Facts) -> Iterator[Step]:
    """Yield the step in which green is made; nothing where it is there, or nobody makes it."""
    platform = facts.platform
    if platform is None or not platform.make or not isinstance(spec.platform, AzurePlatform):
        return
    name = facts.clusters[Cluster.GREEN].name
    yield Step(
        key="make-green",
        stage=Stage.PROVISION,
        kind=StepKind.MAKE_CLUSTER,
        args={
            "cluster": Cluster.GREEN.value,
            "platform": dict(platform.make),
            "is_kept": spec.platform.keep_green,
        },
        title=platform.make_title or f"green ({name}) is made beside blue",
        reason="green is derived from blue; "
        + ("a rollback leaves it" if spec.platform.keep_green else "a rollback removes it again"),
        estimate_s=platform.make_s,
    )


def find_overlays(plan: Plan) -> Mapping[Cluster, tuple[str, ...]]:
    """Return which cluster that `plan` makes has its pods on an overlay, and whom it lets in."""
    found: dict[Cluster, tuple[str, ...]] = {}
    for step in plan.steps:
        platform = step.args.get("platform")
        if step.kind == StepKind.MAKE_CLUSTER and isinstance(platform, dict):
            ranges = read_names(platform, EXTENSION)
            found |= {Cluster(str(step.args.get("cluster"))): ranges} if ranges else {}
    return found


def plan_stopping(spec: Upgrade, facts: Facts) -> Iterator[Step]:
    """Yield how blue is stopped, and kept so: it can still be started again."""
    platform = facts.platform
    if platform is None or not isinstance(spec.platform, AzurePlatform):
        return
    name = facts.clusters[Cluster.BLUE].name
    back = "" if platform.start_s is None else f" in about {render_duration(platform.start_s)}"
    yield Step(
        key="stop-blue",
        stage=Stage.BAKE,
        kind=StepKind.STOP_CLUSTER,
        args=_of_blue(platform),
        title=f"blue ({name}) is stopped",
        reason=f"what still needs it shows now, while it can be started again{back}",
        estimate_s=platform.stop_s,
    )
    if spec.platform.stopped_s > 0:
        yield Step(
            key=STOPPED_HOLD,
            stage=Stage.BAKE,
            kind=StepKind.HOLD,
            args={"hold_s": spec.platform.stopped_s, "gates": render_gates(NO_GATES)},
            title=f"blue ({name}) is kept, stopped",
            reason="nothing is judged: it is time for people; `pause` makes it longer",
            estimate_s=spec.platform.stopped_s,
        )


def plan_removal(spec: Upgrade, facts: Facts) -> Iterator[Step]:
    """Yield the removal of blue itself, once it is out of the gateway."""
    platform = facts.platform
    if platform is None or not isinstance(spec.platform, AzurePlatform):
        return
    yield Step(
        key="remove-blue",
        stage=Stage.RETIRE,
        kind=StepKind.REMOVE_CLUSTER,
        args=_of_blue(platform),
        title=f"blue ({facts.clusters[Cluster.BLUE].name}) is removed",
        reason="green has everything, and blue is used by nobody",
        estimate_s=platform.remove_s,
    )


def _of_blue(platform: PlatformFacts) -> dict[str, Json]:
    return {"cluster": Cluster.BLUE.value, "platform": dict(platform.remove)}
