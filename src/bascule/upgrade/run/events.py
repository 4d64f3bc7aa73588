"""What can happen to an upgrade, and how each event is written in the journal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never

from bascule.errors import JournalError
from bascule.journal.record import Json, Record
from bascule.routing.weights import Split
from bascule.upgrade.encoding import (
    parse_split,
    read_number,
    read_object,
    read_text,
    read_time,
    render_split,
    render_time,
    unknown_kind,
)
from bascule.upgrade.plan.model import Plan, Step, parse_plan, parse_step, render_plan, render_step
from bascule.upgrade.run.stages import Stage


class StepResult(StrEnum):
    """How one step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An upgrade begins, with the plan as it was approved; `before` is where traffic was."""

    upgrade: str
    run_id: str
    plan: Plan
    digest: str
    before: Split
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEntered:
    """The upgrade is in another stage from now on."""

    upgrade: str
    stage: Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step is about to act: written before anything is done. `attempt` counts from 1."""

    upgrade: str
    key: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step has ended; `output` is what it found out."""

    upgrade: str
    key: str
    result: StepResult
    reason: str = ""
    remedy: str = ""
    output: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWaits:
    """A step waits, and for what; written only when that changes. An empty reason: not any more."""

    upgrade: str
    key: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateJudged:
    """What the gates of a step say so far; written when it changes, and now and then.

    `verdict` is pass, hold or fail. `evidence` has the counts, intervals and thresholds, and all
    that the next look needs to go on from here.
    """

    upgrade: str
    key: str
    verdict: str
    reasons: tuple[str, ...] = ()
    evidence: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTaken:
    """An operator's signal, copied from the inbox before it is acted on."""

    upgrade: str
    signal_id: str
    kind: str
    """approve, pause, resume, abort, rollback, weights, retry, answer, extend."""
    data: Mapping[str, Json] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRefused:
    """An operator's signal that was not obeyed, and why."""

    upgrade: str
    signal_id: str
    kind: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackBegan:
    """From now on the upgrade undoes itself by `steps`, traffic first."""

    upgrade: str
    cause: str
    steps: tuple[Step, ...]
    is_automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """The upgrade stops where it is until a person decides. `is_in_doubt`: by `answer`."""

    upgrade: str
    key: str
    reason: str
    remedy: str = ""
    is_in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The upgrade is over: `completed` or `rolled_back`."""

    upgrade: str
    stage: Stage
    reason: str = ""


RunEvent: TypeAlias = (
    Started
    | StageEntered
    | StepStarted
    | StepFinished
    | StepWaits
    | GateJudged
    | SignalTaken
    | SignalRefused
    | RollbackBegan
    | Halted
    | Ended
)

PREFIX = "upgrade_"
KIND_BY_RUN_EVENT: Mapping[type[RunEvent], str] = {
    Started: "upgrade_started",
    StageEntered: "upgrade_stage_entered",
    StepStarted: "upgrade_step_started",
    StepFinished: "upgrade_step_finished",
    StepWaits: "upgrade_step_waits",
    GateJudged: "upgrade_gate_judged",
    SignalTaken: "upgrade_signal_taken",
    SignalRefused: "upgrade_signal_refused",
    RollbackBegan: "upgrade_rollback_began",
    Halted: "upgrade_halted",
    Ended: "upgrade_ended",
}


def render_run_event(event: RunEvent) -> dict[str, Json]:
    """Return the event's data as the journal keeps it."""
    return {"upgrade": event.upgrade, **_fields(event)}


def _fields(event: RunEvent) -> dict[str, Json]:
    match event:
        case Started():
            return {
                "run_id": event.run_id,
                "plan": render_plan(event.plan),
                "digest": event.digest,
                "before": render_split(event.before),
                "reason": event.reason,
            }
        case StageEntered():
            return {"stage": event.stage.value}
        case StepStarted() | StepFinished() | StepWaits() | GateJudged():
            return {"key": event.key, **_step_fields(event)}
        case SignalTaken() | SignalRefused():
            return _signal_fields(event)
        case RollbackBegan():
            return {
                "cause": event.cause,
                "steps": [render_step(step) for step in event.steps],
                "is_automatic": event.is_automatic,
            }
        case Halted():
            return {
                "key": event.key,
                "reason": event.reason,
                "remedy": event.remedy,
                "is_in_doubt": event.is_in_doubt,
            }
        case Ended():
            return {"stage": event.stage.value, "reason": event.reason}
        case _:
            assert_never(event)


def _step_fields(event: StepStarted | StepFinished | StepWaits | GateJudged) -> dict[str, Json]:
    match event:
        case StepStarted():
            return {"attempt": event.attempt}
        case StepFinished():
            return {
                "result": event.result.value,
                "reason": event.reason,
                "remedy": event.remedy,
                "output": dict(event.output),
            }
        case StepWaits():
            return {"reason": event.reason, "until": render_time(event.until)}
        case GateJudged():
            return {
                "verdict": event.verdict,
                "reasons": list(event.reasons),
                "evidence": dict(event.evidence),
            }
        case _:
            assert_never(event)


def _signal_fields(event: SignalTaken | SignalRefused) -> dict[str, Json]:
    common: dict[str, Json] = {
        "signal_id": event.signal_id,
        "kind": event.kind,
        "reason": event.reason,
    }
    if isinstance(event, SignalTaken):
        return {**common, "data": dict(event.data)}
    return {**common, "remedy": event.remedy}


def parse_run_event(record: Record) -> RunEvent:
    """Return the event that `record` holds.

    Raises JournalError for a kind that this version does not know, or data that is not its own,
    PlanError for a plan of a later version.
    """
    data = record.entry.data
    name = read_text(data, "upgrade")
    parse = _PARSE_BY_KIND.get(record.entry.kind)
    if parse is None:
        raise unknown_kind(record)
    return parse(name, data)


_Data: TypeAlias = Mapping[str, Json]


def _parse_started(name: str, data: _Data) -> Started:
    return Started(
        upgrade=name,
        run_id=read_text(data, "run_id"),
        plan=parse_plan(data.get("plan")),
        digest=read_text(data, "digest"),
        before=parse_split(data.get("before")),
        reason=read_text(data, "reason", default=""),
    )


def _parse_stage_entered(name: str, data: _Data) -> StageEntered:
    return StageEntered(upgrade=name, stage=_read_stage(data))


def _parse_step_started(name: str, data: _Data) -> StepStarted:
    return StepStarted(
        upgrade=name,
        key=read_text(data, "key"),
        attempt=int(read_number(data, "attempt") or 1),
    )


def _parse_step_finished(name: str, data: _Data) -> StepFinished:
    return StepFinished(
        upgrade=name,
        key=read_text(data, "key"),
        result=_read_result(data),
        reason=read_text(data, "reason", default=""),
        remedy=read_text(data, "remedy", default=""),
        output=read_object(data.get("output"), "output"),
    )


def _parse_step_waits(name: str, data: _Data) -> StepWaits:
    return StepWaits(
        upgrade=name,
        key=read_text(data, "key"),
        reason=read_text(data, "reason", default=""),
        until=read_time(data, "until"),
    )


def _parse_gate_judged(name: str, data: _Data) -> GateJudged:
    return GateJudged(
        upgrade=name,
        key=read_text(data, "key"),
        verdict=read_text(data, "verdict"),
        reasons=tuple(str(reason) for reason in _read_list(data, "reasons")),
        evidence=read_object(data.get("evidence"), "evidence"),
    )


def _parse_signal_taken(name: str, data: _Data) -> SignalTaken:
    return SignalTaken(
        upgrade=name,
        signal_id=read_text(data, "signal_id"),
        kind=read_text(data, "kind"),
        data=read_object(data.get("data"), "data"),
        reason=read_text(data, "reason", default=""),
    )


def _parse_signal_refused(name: str, data: _Data) -> SignalRefused:
    return SignalRefused(
        upgrade=name,
        signal_id=read_text(data, "signal_id"),
        kind=read_text(data, "kind"),
        reason=read_text(data, "reason"),
        remedy=read_text(data, "remedy", default=""),
    )


def _parse_rollback_began(name: str, data: _Data) -> RollbackBegan:
    return RollbackBegan(
        upgrade=name,
        cause=read_text(data, "cause"),
        steps=tuple(parse_step(step) for step in _read_list(data, "steps")),
        is_automatic=data.get("is_automatic") is True,
    )


def _parse_halted(name: str, data: _Data) -> Halted:
    return Halted(
        upgrade=name,
        key=read_text(data, "key"),
        reason=read_text(data, "reason"),
        remedy=read_text(data, "remedy", default=""),
        is_in_doubt=data.get("is_in_doubt") is True,
    )


def _parse_ended(name: str, data: _Data) -> Ended:
    return Ended(
        upgrade=name, stage=_read_stage(data), reason=read_text(data, "reason", default="")
    )


_PARSE_BY_KIND: Mapping[str, Callable[[str, _Data], RunEvent]] = {
    KIND_BY_RUN_EVENT[Started]: _parse_started,
    KIND_BY_RUN_EVENT[StageEntered]: _parse_stage_entered,
    KIND_BY_RUN_EVENT[StepStarted]: _parse_step_started,
    KIND_BY_RUN_EVENT[StepFinished]: _parse_step_finished,
    KIND_BY_RUN_EVENT[StepWaits]: _parse_step_waits,
    KIND_BY_RUN_EVENT[GateJudged]: _parse_gate_judged,
    KIND_BY_RUN_EVENT[SignalTaken]: _parse_signal_taken,
    KIND_BY_RUN_EVENT[SignalRefused]: _parse_signal_refused,
    KIND_BY_RUN_EVENT[RollbackBegan]: _parse_rollback_began,
    KIND_BY_RUN_EVENT[Halted]: _parse_halted,
    KIND_BY_RUN_EVENT[Ended]: _parse_ended,
}


def _read_result(data: _Data) -> StepResult:
    try:
        return StepResult(read_text(data, "result"))
    except ValueError as error:
        raise JournalError(f"{data.get('result')!r} is no result of a step") from error


def _read_stage(data: _Data) -> Stage:
    try:
        return Stage(read_text(data, "stage"))
    except ValueError as error:
        raise JournalError(f"{data.get('stage')!r} is no stage of an upgrade") from error


def _read_list(data: _Data, name: str) -> list[Json]:
    value = data.get(name)
    return value if isinstance(value, list) else []
