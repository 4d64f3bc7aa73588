"""The changes of the split in a run, each with the witness's word on the six rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bascule.journal.record import Json
from bascule.report.facts.model import ChangeFacts, RuleFacts, RuleTally, SplitPoint
from bascule.report.facts.run_log import Logged, RunLog
from bascule.routing.weights import Split
from bascule.upgrade.events import Finished, Intended, Witnessed
from bascule.upgrade.run.events import StepFinished, StepStarted

RULE_NAMES = (
    "no failed request",
    "no gap between successes",
    "latency stays as it was",
    "no answer by the wrong cluster",
    "no stream reset before its drain time",
    "no duplicate side effect",
)
"""The rules of docs/explanation/zero-downtime.md, the first is number 1."""

_NO_SUMMARY = "the witness told nothing of this change"
_NOT_JUDGED = "not judged"


def read_changes(log: RunLog) -> tuple[ChangeFacts, ...]:
    """Return every change of the split, in the order of the intents."""
    finished = {event.order_id: (logged, event) for logged, event in log.of(Finished)}
    summaries = {event.order_id: event.summary for _, event in log.of(Witnessed)}
    found = []
    step: str | None = None
    for logged in log.logged:
        match logged.event:
            case StepStarted(key=key):
                step = key
            case StepFinished():
                step = None
            case Intended() as intent:
                end = finished.get(intent.order_id)
                found.append(
                    _tell(logged, intent, end, step=step, summary=summaries.get(intent.order_id))
                )
            case _:
                pass
    return tuple(found)


def _tell(
    logged: Logged,
    intent: Intended,
    end: tuple[Logged, Finished] | None,
    *,
    step: str | None,
    summary: Mapping[str, Json] | None,
) -> ChangeFacts:
    outcome = end[1] if end is not None else None
    effective_at = outcome.effective_at if outcome is not None else None
    return ChangeFacts(
        order_id=intent.order_id,
        kind=intent.kind,
        step=step,
        actor=logged.actor,
        reason=intent.reason,
        notes=intent.notes,
        intended_at=logged.at,
        finished_at=end[0].at if end is not None else None,
        before=intent.before,
        wanted=intent.wanted,
        after=outcome.split if outcome is not None else None,
        result=outcome.result.value if outcome is not None else None,
        trouble=outcome.reason if outcome is not None else "",
        remedy=outcome.remedy if outcome is not None else "",
        command_ms=outcome.command_ms if outcome is not None else None,
        acknowledged_at=outcome.acknowledged_at if outcome is not None else None,
        effective_at=effective_at,
        effective_ms=_milliseconds(logged.at, effective_at),
        instances=outcome.instances if outcome is not None else None,
        witness=summary,
        rules=read_rules(summary),
    )


def _milliseconds(from_at: datetime, to_at: datetime | None) -> float | None:
    if to_at is None:
        return None
    return round(max(0.0, (to_at - from_at).total_seconds() * 1000), 3)


def read_rules(summary: Mapping[str, Json] | None) -> tuple[RuleFacts, ...]:
    """Return the six rules as a summary of the witness judges them; None: it told nothing."""
    listed = summary.get("rules") if summary is not None else None
    rules = listed if isinstance(listed, list) else []
    told = {str(rule.get("number")): rule for rule in rules if isinstance(rule, dict)}
    missing = _NO_SUMMARY if summary is None else _NOT_JUDGED
    found = []
    for number, name in enumerate(RULE_NAMES, 1):
        rule = told.get(str(number), {})
        holds = rule.get("holds")
        found.append(
            RuleFacts(
                number=number,
                name=name,
                holds=holds if isinstance(holds, bool) else None,
                reason=str(rule.get("reason") or missing),
            )
        )
    return tuple(found)


def tally_rules(changes: Sequence[ChangeFacts]) -> tuple[RuleTally, ...]:
    """Return how often each rule held, was broken, or could not be judged."""
    tallies = []
    for place, name in enumerate(RULE_NAMES):
        words = [change.rules[place].holds for change in changes]
        tallies.append(
            RuleTally(
                number=place + 1,
                name=name,
                held=words.count(True),
                broken=words.count(False),
                unknown=words.count(None),
            )
        )
    return tuple(tallies)


def read_split(log: RunLog, changes: Sequence[ChangeFacts]) -> tuple[SplitPoint, ...]:
    """Return the split over time: where traffic was at the start, then each one that took hold."""
    points = [_point(log.logged[0].at, log.started.before)]
    for change in changes:
        if change.after is None or change.finished_at is None:
            continue
        at = change.acknowledged_at or change.finished_at
        point = _point(max(at, points[-1].at), change.after)
        if point.blue_bp != points[-1].blue_bp:
            points.append(point)
    return tuple(points)


def _point(at: datetime, split: Split) -> SplitPoint:
    return SplitPoint(at=at, blue_bp=split.default.blue_bp, green_bp=split.default.green_bp)
