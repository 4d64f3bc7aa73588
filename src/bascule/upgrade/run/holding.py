"""A step that holds: time passes, samples come in, and gates judge them."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from bascule.errors import JournalError
from bascule.journal.record import Json
from bascule.routing.arrangement import Arrangement
from bascule.upgrade.gates.absorbing import absorb, begin
from bascule.upgrade.gates.encoding import parse_gates
from bascule.upgrade.gates.judge import Judged, judge
from bascule.upgrade.gates.model import CheckOutcome, Gates, GateVerdict, Interval
from bascule.upgrade.gates.progress import Progress, parse_progress, render_progress
from bascule.upgrade.plan.model import Step
from bascule.upgrade.ports import Measured, Measuring, Metrics
from bascule.upgrade.run.events import GateJudged
from bascule.upgrade.run.results import Concluded, Done, Failed, Waits
from bascule.upgrade.run.state import StepState, UpgradeState
from bascule.upgrade.run.steering import EXTENDABLE

RECORD_EVERY_S = 60.0
"""How often the numbers are recorded while the verdict stays the same, at first."""
RECORD_EVERY_SHARE = 0.05
"""Later they are recorded each such share of the time that has passed: a week takes 150 records."""
BASELINE_MAX = 120
"""How many of the last intervals serve as the baseline of the next hold."""
AGAIN_S = 30.0
"""After a restart a judged hold goes on for so long at least: nobody saw what was meanwhile."""
SILENT_S = 15.0
"""Nothing passes by what was seen longer ago than this."""
CHECK_SILENT_S = 90.0
"""As `SILENT_S`, of a check, beyond twice its own pause: it may take its time to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hold:
    """The hold that is under way in this life."""

    run_id: str
    key: str
    attempt: int
    progress: Progress
    began_at: datetime
    seen_at: datetime | None = None
    """When the gates' target was last measured."""
    source: str = ""
    """Who counted it, where there is more than one who may."""
    answered_at: Mapping[str, datetime] = field(default_factory=dict)
    """When each check last said yes or no."""


class Holding:
    """Judges the holds of an upgrade, one after the other; goes on from what was recorded."""

    def __init__(self, metrics: Metrics, read_arrangement: Callable[[], Arrangement]) -> None:
        self._metrics = metrics
        self._read_arrangement = read_arrangement
        self._hold: _Hold | None = None
        self._baseline: deque[Interval] = deque(maxlen=BASELINE_MAX)

    def rest(self) -> None:
        """Measure nothing: no upgrade is under way."""
        self._metrics.measure(None)
        self._hold = None
        self._baseline.clear()

    def measure(self, state: UpgradeState, step: Step, gates: Gates) -> Measured:
        """Return what was measured for `step` since the last look."""
        preview = self._read_arrangement().preview
        self._metrics.measure(
            Measuring(
                run_id=state.run_id,
                key=step.key,
                attempt=state.step(step.key).attempt,
                checks=gates.checks,
                preview_header=preview.header if preview is not None else "",
            )
        )
        return self._metrics.take()

    def watch(self, state: UpgradeState, step: Step) -> None:
        """Measure while a step that does not hold is worked on: it is a baseline."""
        self._baseline.extend(self.measure(state, step, Gates(has_traffic=False)).intervals)

    def look(self, state: UpgradeState, step: Step, now: datetime) -> Concluded:
        """Return what the hold `step` has come to at `now`."""
        gates = parse_gates(step.args.get("gates") or {})
        begun = state.step(step.key)
        hold = self._take_in(state, step, gates, now)
        started_at = begun.started.at if begun.started is not None else now
        hold_s = find_hold_s(state, step)
        elapsed_s = max(0.0, (now - started_at).total_seconds())
        judged = judge(hold.progress, gates, elapsed_s=elapsed_s, hold_s=hold_s)
        silence = _find_silence(hold, gates, now, hold_s)
        if silence and judged.verdict is GateVerdict.PASS:
            is_late = _is_older(hold.began_at, now, hold_s + gates.wait_max_s)
            judged = _hold_back(judged, silence, is_late=is_late)
        record = GateJudged(
            upgrade=state.name,
            key=step.key,
            verdict=judged.verdict.value,
            reasons=judged.reasons,
            evidence={
                **judged.evidence,
                "at": now.isoformat(),
                "progress": render_progress(hold.progress),
                **({"counted_by": hold.source} if hold.source else {}),
            },
        )
        ends_at = started_at + timedelta(seconds=hold_s)
        return _conclude(state, step, judged, record, ends_at=ends_at, now=now)

    def keep_up(self, state: UpgradeState, step: Step, now: datetime) -> None:
        """Take in what was measured for a hold that is paused: it is judged when it goes on."""
        self._take_in(state, step, parse_gates(step.args.get("gates") or {}), now)

    def _take_in(self, state: UpgradeState, step: Step, gates: Gates, now: datetime) -> _Hold:
        measured = self.measure(state, step, gates)
        hold = self._go_on(state, step, gates, now)
        answered = {r.name: now for r in measured.results if r.outcome is not CheckOutcome.UNKNOWN}
        seen = [i.counts[gates.target] for i in measured.intervals if gates.target in i.counts]
        self._baseline.extend(measured.intervals)
        self._hold = replace(
            hold,
            progress=absorb(hold.progress, gates, measured.intervals, measured.results),
            seen_at=now if seen else hold.seen_at,
            source=seen[-1].source if seen else hold.source,
            answered_at={**hold.answered_at, **answered},
        )
        return self._hold

    def _go_on(self, state: UpgradeState, step: Step, gates: Gates, now: datetime) -> _Hold:
        """Return the hold of this step: this life's, else the recorded one, else a new one."""
        hold, begun = self._hold, state.step(step.key)
        wanted = (state.run_id, step.key, begun.attempt)
        if hold is not None and (hold.run_id, hold.key, hold.attempt) == wanted:
            return hold
        kept = begun.judged.evidence.get("progress") if begun.judged is not None else None
        progress = _read_progress(kept) or begin(gates, tuple(self._baseline))
        return _Hold(
            run_id=state.run_id,
            key=step.key,
            attempt=begun.attempt,
            progress=progress,
            began_at=now,
        )


def _read_progress(kept: Json) -> Progress | None:
    """Return what an earlier life recorded; None where there is nothing that this version reads."""
    try:
        return parse_progress(kept) if kept else None
    except JournalError:
        return None


def _find_silence(hold: _Hold, gates: Gates, now: datetime, hold_s: float) -> str:
    """Return why what was seen is not enough to pass by now; empty when it is.

    Who asks for no requests gets by without any: those of Envoys elsewhere are counted by nobody.
    """
    if gates.has_traffic and gates.requests_min and _is_older(hold.seen_at, now, SILENT_S):
        return f"{gates.target} has not been measured for {SILENT_S:g} s"
    for check in gates.checks:
        if _is_older(hold.answered_at.get(check.name), now, 2 * check.every_s + CHECK_SILENT_S):
            return f"check {check.name} gives no answer any more"
    is_judged = gates.has_traffic or bool(gates.checks)
    again_s = min(hold_s, AGAIN_S)
    if is_judged and now - hold.began_at < timedelta(seconds=again_s):
        return f"it is watched anew for {again_s:g} s after a restart"
    return ""


def _is_older(at: datetime | None, now: datetime, limit_s: float) -> bool:
    return at is None or now - at > timedelta(seconds=limit_s)


def _hold_back(judged: Judged, silence: str, *, is_late: bool) -> Judged:
    return Judged(
        verdict=GateVerdict.HOLD,
        reasons=(silence,),
        evidence={**judged.evidence, "missing": ["fresh measurements"]},
        needs_person=is_late,
    )


def _conclude(
    state: UpgradeState,
    step: Step,
    judged: Judged,
    record: GateJudged,
    *,
    ends_at: datetime,
    now: datetime,
) -> Concluded:
    match judged.verdict:
        case GateVerdict.FAIL:
            return Failed(reason="; ".join(judged.reasons), judged=record)
        case GateVerdict.PASS:
            return Done(output={"reasons": list(judged.reasons)}, judged=record)
        case GateVerdict.HOLD:
            approval = state.approvals.get(step.key)
            begun = state.step(step.key)
            if approval is not None and begun.started and approval.mark.seq > begun.started.seq:
                reason = f"{approval.mark.actor} let it pass"
                return Done(reason=reason, judged=record)
            due = record if _is_worth_recording(begun, record, now) else None
            if judged.needs_person:
                reason = f"gate {step.key} has not passed in time and waits for an approval"
                return Waits(reason=reason, judged=due)
            is_holding = now < ends_at
            reason = "holds" if is_holding else "waits for its gates: " + "; ".join(_stable(judged))
            return Waits(reason=reason, until=ends_at if is_holding else None, judged=due)
        case _:
            assert_never(judged.verdict)


def _stable(judged: Judged) -> tuple[str, ...]:
    """Return the names of what is missing: their numbers would make a record of every look."""
    missing = judged.evidence.get("missing")
    return tuple(str(name) for name in missing) if isinstance(missing, list) else ("more requests",)


def _is_worth_recording(begun: StepState, record: GateJudged, now: datetime) -> bool:
    known = begun.judged
    if known is None or known.verdict != record.verdict:
        return True
    at = known.evidence.get("at")
    if not isinstance(at, str) or begun.started is None:
        return True
    passed_s = (now - begun.started.at).total_seconds()
    pause_s = max(RECORD_EVERY_S, RECORD_EVERY_SHARE * passed_s)
    return now >= datetime.fromisoformat(at) + timedelta(seconds=pause_s)


def find_hold_s(state: UpgradeState, step: Step) -> float:
    """Return how long the hold `step` holds, with what it was made longer by."""
    hold_s = step.args.get("hold_s")
    known_s = float(hold_s) if isinstance(hold_s, int | float) else 0.0
    return known_s + state.extended_s if step.key == EXTENDABLE else known_s
