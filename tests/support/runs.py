"""States of upgrades for tests: a plan, and the events that happened to it."""

from bascule.ids import CommandId
from bascule.journal.record import Json
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.run.events import (
    GateJudged,
    Halted,
    RollbackBegan,
    RunEvent,
    SignalTaken,
    StageEntered,
    Started,
    StepFinished,
    StepResult,
    StepStarted,
    StepWaits,
)
from bascule.upgrade.run.rollback import plan_rollback
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import Mark, UpgradeState, begin_run, evolve_run
from bascule.upgrade.signals import Order, SteerUpgrade, UpgradeVerb
from tests.support.orders import BLUE, START
from tests.support.plans import build_plan

NAME = "up"


def mark(seq: int = 1) -> Mark:
    return Mark(seq=seq, at=START, actor="ada@desk")


def begun(plan: Plan | None = None) -> UpgradeState:
    """Return an upgrade to which nothing has happened yet."""
    return begin_run(begin_event(plan), mark())


def begin_event(plan: Plan | None = None) -> Started:
    plan = plan or build_plan()
    return Started(upgrade=NAME, run_id="run-1", plan=plan, digest=plan.digest, before=BLUE)


def after(state: UpgradeState, *events: RunEvent) -> UpgradeState:
    """Return the state after these events, one record each, all at the start."""
    marks = [step.finished or step.started for step in state.steps.values()]
    marks += [state.started, *(signal.mark for signal in state.signals)]
    last = max(mark.seq for mark in marks if mark is not None)
    for number, event in enumerate(events, last + 1):
        state = evolve_run(state, event, mark(number))
    return state


def entered(stage: Stage) -> StageEntered:
    return StageEntered(upgrade=NAME, stage=stage)


def started(key: str, attempt: int = 1) -> StepStarted:
    return StepStarted(upgrade=NAME, key=key, attempt=attempt)


def ended(key: str, result: StepResult = StepResult.DONE, reason: str = "") -> StepFinished:
    return StepFinished(upgrade=NAME, key=key, result=result, reason=reason)


def waits(key: str, reason: str = "why") -> StepWaits:
    return StepWaits(upgrade=NAME, key=key, reason=reason)


def judged(key: str, verdict: str = "hold", **evidence: Json) -> GateJudged:
    return GateJudged(upgrade=NAME, key=key, verdict=verdict, evidence=evidence)


def halted(key: str, *, is_in_doubt: bool = False) -> Halted:
    return Halted(upgrade=NAME, key=key, reason="why", is_in_doubt=is_in_doubt)


def signal(kind: str, signal_id: str = "s1", **data: Json) -> SignalTaken:
    return SignalTaken(upgrade=NAME, signal_id=signal_id, kind=kind, data=data)


def rolled_back(state: UpgradeState) -> UpgradeState:
    """Return the state after a rollback has begun."""
    steps = plan_rollback(state)
    return after(state, RollbackBegan(upgrade=NAME, cause="why", steps=steps))


def at_step(key: str, plan: Plan | None = None) -> UpgradeState:
    """Return an upgrade whose next step is `key`, and which is in that step's stage."""
    state = begun(plan)
    for step in state.plan.steps:
        if step.stage is not state.stage:
            state = after(state, entered(step.stage))
        if step.key == key:
            return state
        state = after(state, started(step.key), ended(step.key))
    raise AssertionError(f"no step {key}")


def steer(verb: UpgradeVerb, order_id: str = "s1", name: str = NAME, **data: Json) -> Order:
    said = SteerUpgrade(name=name, verb=verb, data=data)
    return Order(id=CommandId(order_id), at=START, actor="ada@desk", signal=said, reason="why")
