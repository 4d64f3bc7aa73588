"""What comes next in an upgrade, from its state and the time alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bascule.errors import JournalError, PlanError
from bascule.upgrade.plan.freeze import frozen_until
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.stages import Posture, Stage
from bascule.upgrade.run.state import StepState, StepStatus, UpgradeState

FROZEN_KINDS = frozenset(
    {
        StepKind.SET_WEIGHTS,
        StepKind.HOOK,
        StepKind.PROVE_IDLE,
        StepKind.RETIRE,
        StepKind.STOP_CLUSTER,
        StepKind.REMOVE_CLUSTER,
    }
)
"""The steps that a freeze window keeps from beginning; a rollback is never kept.

That a cluster is idle is proven after it: a proof from before a long weekend would prove nothing.
"""


@dataclass(frozen=True, slots=True)
class Enter:
    """Record that another stage begins."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Do:
    """Work on this step; `state` says how far it is."""

    step: Step
    state: StepState


@dataclass(frozen=True, slots=True)
class Finish:
    """Record the end."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Freeze:
    """Do not begin this step before `until`."""

    step: Step
    until: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Rest:
    """Do nothing until a person speaks."""


Move: TypeAlias = Enter | Do | Finish | Freeze | Rest


def next_move(state: UpgradeState, now: datetime) -> Move:
    """Return what to do now; `now` is the wall clock's time, for freeze windows.

    Raises PlanError for a freeze window that cannot be read here.
    """
    if state.is_over or state.posture in {Posture.HALTED, Posture.PAUSED}:
        return Rest()
    step = state.current
    if step is None:
        return _end(state)
    if step.stage is not state.stage:
        return Enter(step.stage)
    begun = state.step(step.key)
    if begun.status is StepStatus.PENDING and state.rollback is None and step.kind in FROZEN_KINDS:
        frozen = _find_freeze(state, now)
        if frozen is not None:
            until, name = frozen
            return Freeze(step, until, name)
    return Do(step, begun)


def _find_freeze(state: UpgradeState, now: datetime) -> tuple[datetime, str] | None:
    try:
        return frozen_until(state.plan.policy.freeze, now)
    except JournalError as error:
        raise PlanError(f"a freeze window of the plan cannot be read: {error.message}") from error


def _end(state: UpgradeState) -> Move:
    return Finish(Stage.COMPLETED if state.rollback is None else Stage.ROLLED_BACK)
