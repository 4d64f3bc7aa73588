"""What happened in a run, step by step, as its journal tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bascule.journal.record import Json
from bascule.report.facts.model import (
    AttemptFacts,
    HaltFacts,
    RollbackFacts,
    SignalFacts,
    StageFacts,
    StepFacts,
    WaitFacts,
)
from bascule.report.facts.run_log import Logged, RunLog
from bascule.upgrade.events import Finished
from bascule.upgrade.plan.model import Step
from bascule.upgrade.run.events import (
    Ended,
    Halted,
    RollbackBegan,
    SignalRefused,
    SignalTaken,
    StageEntered,
    StepFinished,
    StepStarted,
    StepWaits,
)
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.update_count import PLANNED, TAKEN

WAITS_MAX = 20
"""How many waits of one step are told; the last ones."""

_BY_A_PERSON = "a person said so"


def seconds_between(from_at: datetime | None, to_at: datetime | None) -> float | None:
    """Return how long it took, never negative; None while an end is not known."""
    if from_at is None or to_at is None:
        return None
    return round(max(0.0, (to_at - from_at).total_seconds()), 3)


def read_stages(log: RunLog) -> tuple[StageFacts, ...]:
    """Return each stay in a stage, in order; the last is left when the upgrade ends."""
    entered = [(Stage.PREFLIGHT, log.logged[0].at)]
    ended_at: datetime | None = None
    for logged in log.logged:
        match logged.event:
            case StageEntered(stage=stage):
                entered.append((stage, logged.at))
            case RollbackBegan():
                entered.append((Stage.ROLLBACK, logged.at))
            case Ended():
                ended_at = logged.at
            case _:
                pass
    leaves = [at for _, at in entered[1:]] + [ended_at]
    return tuple(
        StageFacts(
            stage=stage.value, from_at=at, to_at=to_at, duration_s=seconds_between(at, to_at)
        )
        for (stage, at), to_at in zip(entered, leaves, strict=True)
    )


@dataclass(slots=True)
class _Course:
    """One step while its events are gathered."""

    step: Step
    is_rollback: bool
    attempts: list[AttemptFacts] = field(default_factory=list)
    waits: list[WaitFacts] = field(default_factory=list)
    answer: str = ""
    output: Mapping[str, Json] = field(default_factory=dict)

    def take(self, logged: Logged) -> None:
        match logged.event:
            case StepStarted(attempt=number):
                self.attempts.append(
                    AttemptFacts(
                        number=number,
                        started_at=logged.at,
                        finished_at=None,
                        result=None,
                        reason="",
                        remedy="",
                    )
                )
            case StepFinished() as event:
                self._finish(event, logged.at)
            case StepWaits(reason=reason, until=until) if reason:
                self.waits.append(WaitFacts(at=logged.at, reason=reason, until=until))
            case _:
                pass

    def _finish(self, event: StepFinished, at: datetime) -> None:
        if not self.attempts or self.attempts[-1].result is not None:
            blank = AttemptFacts(
                number=0, started_at=None, finished_at=None, result=None, reason="", remedy=""
            )
            self.attempts.append(blank)
        self.attempts[-1] = replace(
            self.attempts[-1],
            finished_at=at,
            result=event.result.value,
            reason=event.reason,
            remedy=event.remedy,
        )
        self.output = event.output

    def tell(self) -> StepFacts:
        started = [a.started_at for a in self.attempts if a.started_at is not None]
        last = self.attempts[-1] if self.attempts else None
        started_at = started[0] if started else None
        finished_at = last.finished_at if last is not None else None
        return StepFacts(
            key=self.step.key,
            stage=self.step.stage.value,
            kind=self.step.kind,
            title=self.step.title or self.step.key,
            why=self.step.reason,
            is_rollback=self.is_rollback,
            status=self._status(last),
            reason=_BY_A_PERSON if self.answer else last.reason if last is not None else "",
            started_at=started_at,
            finished_at=finished_at,
            duration_s=seconds_between(started_at, finished_at),
            estimate_s=self.step.estimate_s,
            updates=_count(self.output.get(TAKEN)),
            updates_planned=_count(self.output.get(PLANNED)),
            attempts=tuple(self.attempts),
            waits=tuple(self.waits[-WAITS_MAX:]),
        )

    def _status(self, last: AttemptFacts | None) -> str:
        if self.answer:
            return self.answer
        if last is None:
            return "pending"
        return last.result or "started"


def _count(said: Json) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def read_steps(log: RunLog) -> tuple[StepFacts, ...]:
    """Return the steps of the plan, then those of the rollback, each with all its attempts."""
    courses = {step.key: _Course(step, is_rollback=False) for step in log.started.plan.steps}
    told = courses
    doubted = ""
    rolled: dict[str, _Course] = {}
    for logged in log.logged:
        match logged.event:
            case RollbackBegan(steps=steps):
                rolled = {step.key: _Course(step, is_rollback=True) for step in steps}
                told = rolled
            case Halted(key=key):
                doubted = key
            case SignalTaken(kind="answer", data=data) if doubted in told:
                answers = {"done": "done", "skip": "skipped"}
                told[doubted].answer = answers.get(str(data.get("answer")), "")
            case StepStarted(key=key) | StepFinished(key=key) | StepWaits(key=key) if key in told:
                told[key].take(logged)
            case _:
                pass
    return tuple(course.tell() for course in (*courses.values(), *rolled.values()))


def read_signals(log: RunLog) -> tuple[SignalFacts, ...]:
    """Return what operators said, in order, refused or not."""
    found = []
    for logged in log.logged:
        event = logged.event
        if not isinstance(event, SignalTaken | SignalRefused):
            continue
        is_refused = isinstance(event, SignalRefused)
        found.append(
            SignalFacts(
                at=logged.at,
                actor=logged.actor,
                kind=event.kind,
                signal_id=event.signal_id,
                data=event.data if isinstance(event, SignalTaken) else {},
                reason=event.reason if isinstance(event, SignalTaken) else "",
                is_refused=is_refused,
                refusal=event.reason if isinstance(event, SignalRefused) else "",
                remedy=event.remedy if isinstance(event, SignalRefused) else "",
            )
        )
    return tuple(found)


def read_halts(log: RunLog) -> tuple[HaltFacts, ...]:
    """Return where the upgrade stopped for a person."""
    return tuple(
        HaltFacts(
            at=logged.at,
            step=event.key,
            reason=event.reason,
            remedy=event.remedy,
            is_in_doubt=event.is_in_doubt,
        )
        for logged, event in log.of(Halted)
    )


def read_rollback(log: RunLog, signals: Sequence[SignalFacts]) -> RollbackFacts | None:
    """Return how the upgrade undid itself, or None if it did not."""
    began = next(log.of(RollbackBegan), None)
    if began is None:
        return None
    logged, event = began
    asked = [
        s
        for s in signals
        if s.kind in {"rollback", "abort"} and not s.is_refused and s.at <= logged.at
    ]
    by = asked[-1] if asked and not event.is_automatic else None
    back_at = next(
        (f.acknowledged_at or at.at for at, f in log.of(Finished) if at.seq > logged.seq), None
    )
    ended_at = next((at.at for at, _ in log.of(Ended)), None)
    return RollbackFacts(
        at=logged.at,
        cause=event.cause,
        is_automatic=event.is_automatic,
        actor=by.actor if by is not None else logged.actor,
        reason=by.reason if by is not None else "",
        steps=tuple(step.key for step in event.steps),
        traffic_back_at=back_at,
        traffic_back_s=seconds_between(logged.at, back_at),
        finished_at=ended_at,
        duration_s=seconds_between(logged.at, ended_at),
    )
