"""The way back: whether there is one, and the steps that it takes, traffic first."""

from collections.abc import Iterator
from dataclasses import dataclass

from bascule.ids import Cluster, CommandId
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.upgrade.encoding import render_split
from bascule.upgrade.plan.arranging import render_arrangement
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import StepStatus, UpgradeState

TRAFFIC_KEY = "rollback-traffic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Whether an upgrade can be rolled back now; `reason` says why, or until when."""

    is_possible: bool
    reason: str


def judge_eligibility(state: UpgradeState) -> Eligibility:
    """Return whether `state` can be rolled back, for people and for the machine alike."""
    if state.is_over:
        return Eligibility(is_possible=False, reason=f"{state.name} is over: {state.stage}")
    if state.rollback is not None:
        return Eligibility(is_possible=False, reason=f"{state.name} is rolling back already")
    if state.is_retiring:
        return Eligibility(
            is_possible=False, reason="the old cluster is being retired: that is not undone"
        )
    policy = state.plan.policy
    if policy.unsafe_after and state.step(policy.unsafe_after).attempt > 0:
        because = policy.unsafe_reason or "the plan says that it is not safe from there on"
        return Eligibility(is_possible=False, reason=f"{policy.unsafe_after} has begun: {because}")
    return Eligibility(is_possible=True, reason=f"until {find_last_chance(state.plan)} begins")


def is_traffic_awaited(state: UpgradeState) -> bool:
    """Return whether it rolls back, and its traffic is not back yet."""
    steps = () if state.rollback is None else state.rollback.steps
    return any(step.key == TRAFFIC_KEY and not state.step(step.key).is_over for step in steps)


def find_last_chance(plan: Plan) -> str:
    """Return the key of the step from whose start on there is no way back; "the end" if none."""
    if plan.policy.unsafe_after:
        return plan.policy.unsafe_after
    pivot = next((step for step in plan.steps if step.stage is Stage.RETIRE), None)
    return pivot.key if pivot is not None else "the end"


def has_moved_traffic(state: UpgradeState) -> bool:
    """Return whether the upgrade has set weights, by its plan or by hand."""
    by_plan = any(
        step.kind == StepKind.SET_WEIGHTS and state.step(step.key).attempt > 0
        for step in state.plan.steps
    )
    return by_plan or any(s.kind == "weights" and not s.refusal for s in state.signals)


def has_retired(state: UpgradeState, cluster: Cluster) -> bool:
    """Return whether the upgrade has taken `cluster` out of the gateway, or has begun to."""
    return any(
        step.kind == StepKind.RETIRE
        and step.args.get("cluster") == cluster
        and state.step(step.key).attempt > 0
        for step in state.plan.steps
    )


def plan_rollback(state: UpgradeState, *, order_id: CommandId | None = None) -> tuple[Step, ...]:
    """Return the steps that undo `state`: traffic in one step, then the others in reverse.

    Only a cluster that was stopped is started before that, since it could answer nobody.
    `order_id` is the order that asks for it, which the change of the split then bears.
    """
    return (*_restarts(state), *_traffic(state, order_id), *_compensations(state))


def _restarts(state: UpgradeState) -> Iterator[Step]:
    for step in state.plan.steps:
        if step.kind != StepKind.STOP_CLUSTER or not _has_begun(state, step):
            continue
        yield Step(
            key=f"undo-{step.key}",
            stage=Stage.ROLLBACK,
            kind=StepKind.START_CLUSTER,
            args=step.args,
            title=f"{step.args.get('cluster')} is started again",
        )
        yield Step(
            key=f"await-{step.args.get('cluster')}",
            stage=Stage.ROLLBACK,
            kind=StepKind.AWAIT_CLUSTER,
            args={"cluster": step.args.get("cluster")},
            title=f"{step.args.get('cluster')} answers and is listed whole",
        )


def _has_begun(state: UpgradeState, step: Step) -> bool:
    begun = state.step(step.key)
    return begun.attempt > 0 and begun.status is not StepStatus.SKIPPED


def _traffic(state: UpgradeState, order_id: CommandId | None) -> Iterator[Step]:
    if has_moved_traffic(state):
        yield Step(
            key=TRAFFIC_KEY,
            stage=Stage.ROLLBACK,
            kind=StepKind.SET_WEIGHTS,
            args={"split": render_split(state.before), "order_id": order_id or ""},
            title="all traffic back to where it was, in one step",
        )


def _compensations(state: UpgradeState) -> Iterator[Step]:
    is_arranged = False
    for step in reversed(state.plan.steps):
        if not _has_begun(state, step):
            continue
        if step.kind == StepKind.ARRANGE and not is_arranged:
            is_arranged = True
            yield Step(
                key="undo-arrangement",
                stage=Stage.ROLLBACK,
                kind=StepKind.ARRANGE,
                args={"arrangement": render_arrangement(NOTHING_ARRANGED)},
                title="preview and mirroring off",
            )
        undo = step.args.get("undo")
        if step.kind == StepKind.HOOK and isinstance(undo, list) and undo:
            yield Step(
                key=f"undo-{step.key}",
                stage=Stage.ROLLBACK,
                kind=StepKind.HOOK,
                args={**step.args, "run": undo, "undo": None},
                title=f"undo {step.key}",
            )
        if step.kind == StepKind.MAKE_CLUSTER and step.args.get("is_kept") is not True:
            yield Step(
                key=f"undo-{step.key}",
                stage=Stage.ROLLBACK,
                kind=StepKind.REMOVE_CLUSTER,
                args=step.args,
                title=f"{step.args.get('cluster')} goes: this upgrade made it",
            )
