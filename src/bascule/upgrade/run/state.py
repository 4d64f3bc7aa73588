"""The state of an upgrade, as a fold of its events; there is no other memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from bascule.errors import InvariantError
from bascule.journal.record import Json
from bascule.routing.weights import Split
from bascule.upgrade.encoding import parse_split, read_names
from bascule.upgrade.plan.model import Plan, Step, StepKind
from bascule.upgrade.run.events import (
    Ended,
    GateJudged,
    Halted,
    RollbackBegan,
    RunEvent,
    SignalRefused,
    SignalTaken,
    StageEntered,
    Started,
    StepFinished,
    StepResult,
    StepStarted,
    StepWaits,
)
from bascule.upgrade.run.stages import ENDS, Posture, Stage, is_legal

SIGNALS_MAX = 256
"""How many signals are remembered, to know one that comes a second time."""


class StepStatus(StrEnum):
    """How far a step is."""

    PENDING = "pending"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where and when an event stands in the journal, and who caused it."""

    seq: int
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """What happened to one step so far; `attempt` 0 has not begun."""

    status: StepStatus = StepStatus.PENDING
    attempt: int = 0
    tries: int = 0
    """Attempts since it was last pending: a person who says retry grants new ones."""
    started: Mark | None = None
    """Of the first attempt since it was last pending: holds are counted from here."""
    finished: Mark | None = None
    reason: str = ""
    output: Mapping[str, Json] = field(default_factory=dict)
    waits: StepWaits | None = None
    judged: GateJudged | None = None

    @property
    def is_over(self) -> bool:
        """Whether the next step may follow."""
        return self.status in {StepStatus.DONE, StepStatus.SKIPPED}


UNTOUCHED = StepState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalled:
    """A signal and what became of it; `refusal` is empty when it was taken."""

    signal_id: str
    kind: str
    mark: Mark
    data: Mapping[str, Json] = field(default_factory=dict)
    reason: str = ""
    refusal: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeState:
    """What the journal says of one upgrade."""

    name: str
    run_id: str
    plan: Plan
    digest: str
    before: Split
    started: Mark
    reason: str = ""
    stage: Stage = Stage.PREFLIGHT
    steps: Mapping[str, StepState] = field(default_factory=dict)
    rollback: RollbackBegan | None = None
    halted: Halted | None = None
    paused: Mark | None = None
    approvals: Mapping[str, Signalled] = field(default_factory=dict)
    """By step: the last approval that was given to its gate."""
    extended_s: float = 0.0
    """How much longer the hold before retire was made."""
    signals: tuple[Signalled, ...] = ()
    ended: Mark | None = None
    end_reason: str = ""

    @property
    def queue(self) -> tuple[Step, ...]:
        """The steps that are being done: the plan's, or those of the rollback."""
        return self.plan.steps if self.rollback is None else self.rollback.steps

    @property
    def current(self) -> Step | None:
        """The first step that is not over, or None."""
        return next((s for s in self.queue if not self.step(s.key).is_over), None)

    @property
    def wanted_split(self) -> Split | None:
        """The split that the plan has come to; None while it has set none, or is rolling back."""
        if self.rollback is not None:
            return None
        over = [s for s in self.plan.steps if self.step(s.key).status is StepStatus.DONE]
        last = next((s for s in reversed(over) if s.kind == StepKind.SET_WEIGHTS), None)
        return None if last is None else parse_split(last.args.get("split"))

    @property
    def posture(self) -> Posture:
        """What the upgrade is doing."""
        if self.halted is not None:
            return Posture.HALTED
        if self.paused is not None:
            return Posture.PAUSED
        current = self.current
        waits = self.step(current.key).waits if current is not None else None
        return Posture.WAITING if waits is not None else Posture.RUNNING

    @property
    def cancels(self) -> tuple[str, ...]:
        """Whose operations on the gateway its rollback may cancel, as people said."""
        said = [s for s in self.signals if s.kind == "rollback" and not s.refusal]
        return tuple(dict.fromkeys(name for s in said for name in read_names(s.data, "cancels")))

    @property
    def is_retiring(self) -> bool:
        """Whether what is not undone has begun."""
        return any(s.stage is Stage.RETIRE and self.step(s.key).attempt for s in self.plan.steps)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.stage in ENDS

    def step(self, key: str) -> StepState:
        """Return what happened to a step."""
        return self.steps.get(key, UNTOUCHED)

    def signal(self, signal_id: str) -> Signalled | None:
        """Return what became of a signal, or None if it did not come lately."""
        return next((s for s in self.signals if s.signal_id == signal_id), None)


def begin_run(event: Started, mark: Mark) -> UpgradeState:
    """Return the state after an upgrade has begun. Raises InvariantError for a wrong digest."""
    if event.plan.digest != event.digest:
        raise InvariantError(f"the plan of {event.upgrade} is not the one that was approved")
    return UpgradeState(
        name=event.upgrade,
        run_id=event.run_id,
        plan=event.plan,
        digest=event.digest,
        before=event.before,
        started=mark,
        reason=event.reason,
    )


def evolve_run(state: UpgradeState, event: RunEvent, mark: Mark) -> UpgradeState:
    """Return the state after one more event. Raises InvariantError for an illegal move."""
    if state.is_over:
        raise InvariantError(f"{state.name} is over, and yet something happens to it")
    match event:
        case Started():
            raise InvariantError(f"{state.name} is started a second time")
        case StageEntered():
            return _enter(state, event)
        case StepStarted() | StepFinished() | StepWaits() | GateJudged():
            return _evolve_step(state, event, mark)
        case SignalTaken():
            return _take_signal(state, event, mark)
        case SignalRefused():
            refused = Signalled(
                signal_id=event.signal_id,
                kind=event.kind,
                mark=mark,
                refusal=event.reason,
                remedy=event.remedy,
            )
            return replace(state, signals=(*state.signals, refused)[-SIGNALS_MAX:])
        case RollbackBegan():
            return _begin_rollback(state, event)
        case Halted():
            return replace(state, halted=event)
        case Ended():
            return _end(state, event, mark)
        case _:
            assert_never(event)


def _enter(state: UpgradeState, event: StageEntered) -> UpgradeState:
    if event.stage in ENDS or not is_legal(state.stage, event.stage):
        raise InvariantError(f"{state.name} cannot go from {state.stage} to {event.stage}")
    return replace(state, stage=event.stage)


def _end(state: UpgradeState, event: Ended, mark: Mark) -> UpgradeState:
    if event.stage not in ENDS or not is_legal(state.stage, event.stage):
        raise InvariantError(f"{state.name} cannot end as {event.stage} from {state.stage}")
    if state.current is not None:
        raise InvariantError(f"{state.name} ends before its step {state.current.key}")
    return replace(state, stage=event.stage, ended=mark, end_reason=event.reason)


def _begin_rollback(state: UpgradeState, event: RollbackBegan) -> UpgradeState:
    if state.is_retiring or not is_legal(state.stage, Stage.ROLLBACK):
        raise InvariantError(f"{state.name} cannot roll back from {state.stage}")
    return replace(state, stage=Stage.ROLLBACK, rollback=event, halted=None, paused=None)


def _evolve_step(
    state: UpgradeState, event: StepStarted | StepFinished | StepWaits | GateJudged, mark: Mark
) -> UpgradeState:
    current = state.current
    if current is None or current.key != event.key:
        expected = "none" if current is None else current.key
        raise InvariantError(f"{event.key} of {state.name} is not its turn, but {expected}")
    if current.stage is not state.stage:
        raise InvariantError(f"{event.key} belongs to {current.stage}, not to {state.stage}")
    return with_step(state, event.key, _moved(state.step(event.key), event, mark))


def with_step(state: UpgradeState, key: str, step: StepState) -> UpgradeState:
    """Return the state with another state of one step."""
    return replace(state, steps=MappingProxyType({**state.steps, key: step}))


def _moved(
    step: StepState, event: StepStarted | StepFinished | StepWaits | GateJudged, mark: Mark
) -> StepState:
    match event:
        case StepStarted():
            if event.attempt != step.attempt + 1:
                raise InvariantError(f"attempt {event.attempt} of {event.key} after {step.attempt}")
            return replace(
                step,
                status=StepStatus.STARTED,
                attempt=event.attempt,
                tries=step.tries + 1,
                started=step.started or mark,
                waits=None,
            )
        case StepFinished():
            if step.attempt == 0 and event.result is not StepResult.SKIPPED:
                raise InvariantError(f"{event.key} ends without having begun")
            return replace(
                step,
                status=StepStatus(event.result.value),
                finished=mark,
                reason=event.reason,
                output=event.output,
                waits=None,
            )
        case StepWaits():
            return replace(step, waits=event if event.reason else None)
        case GateJudged():
            return replace(step, judged=event)
        case _:
            assert_never(event)


def _take_signal(state: UpgradeState, event: SignalTaken, mark: Mark) -> UpgradeState:
    taken = Signalled(
        signal_id=event.signal_id,
        kind=event.kind,
        mark=mark,
        data=event.data,
        reason=event.reason,
    )
    moved = replace(state, signals=(*state.signals, taken)[-SIGNALS_MAX:])
    match event.kind:
        case "approve":
            key = str(event.data.get("key", ""))
            return replace(moved, approvals=MappingProxyType({**moved.approvals, key: taken}))
        case "pause" | "weights":
            return replace(moved, paused=moved.paused or mark)
        case "resume":
            return _resume(moved)
        case "retry":
            return _retry(moved)
        case "answer":
            return _answer(moved, str(event.data.get("answer", "")), mark)
        case "extend":
            more = event.data.get("by_s")
            extra_s = float(more) if isinstance(more, int | float) else 0.0
            return replace(moved, extended_s=moved.extended_s + extra_s)
        case _:
            return moved


def _resume(state: UpgradeState) -> UpgradeState:
    """Go on; a hold that weights were set by hand in begins anew, under those of the plan."""
    paused, current = state.paused, state.current
    resumed = replace(state, paused=None)
    is_by_hand = paused is not None and any(
        s.kind == "weights" and not s.refusal and s.mark.seq >= paused.seq for s in state.signals
    )
    if current is None or not is_by_hand or current.kind != StepKind.HOLD:
        return resumed
    return with_step(resumed, current.key, StepState(attempt=state.step(current.key).attempt))


def _retry(state: UpgradeState) -> UpgradeState:
    current = state.current
    moved = replace(state, halted=None)
    if current is None or state.step(current.key).status is not StepStatus.FAILED:
        return moved
    again = StepState(attempt=state.step(current.key).attempt)
    return with_step(moved, current.key, again)


def _answer(state: UpgradeState, answer: str, mark: Mark) -> UpgradeState:
    current = state.current
    moved = replace(state, halted=None)
    if current is None:
        return moved
    step = state.step(current.key)
    match answer:
        case "done":
            done = replace(step, status=StepStatus.DONE, finished=mark, reason="a person said so")
            return with_step(moved, current.key, done)
        case "skip":
            over = replace(
                step, status=StepStatus.SKIPPED, finished=mark, reason="a person said so"
            )
            return with_step(moved, current.key, over)
        case _:
            return with_step(moved, current.key, StepState(attempt=step.attempt))
