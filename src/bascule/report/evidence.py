"""The evidence of an upgrade: what its journal and its samples prove, as typed values and JSON.

docs/reference/report.md says what each field means and how to check it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bascule.errors import CorruptJournalError
from bascule.journal.record import GENESIS, Json, Record, verify_chain
from bascule.journal.store import Sample
from bascule.report.azure_proof import list_unproven
from bascule.report.facts.changes import read_changes, read_split, tally_rules
from bascule.report.facts.failures import read_failures
from bascule.report.facts.gate_counts import read_gate_counts
from bascule.report.facts.gate_words import read_gates
from bascule.report.facts.measured import Measured, read_samples
from bascule.report.facts.model import (
    ChangeFacts,
    CheckFacts,
    Evidence,
    FailureFacts,
    GateCounts,
    GateFacts,
    HaltFacts,
    JournalFacts,
    PlanFacts,
    RollbackFacts,
    SignalFacts,
    SplitPoint,
    StageFacts,
    StepFacts,
    TrafficFacts,
    WitnessFacts,
)
from bascule.report.facts.plain import render_plain
from bascule.report.facts.run_log import RunLog, find_start, read_run
from bascule.report.facts.story import (
    read_halts,
    read_rollback,
    read_signals,
    read_stages,
    read_steps,
)
from bascule.report.facts.telling import (
    describe_standing,
    judge_upgrade,
    list_unknown,
    open_sentence,
)
from bascule.report.facts.traffic import read_traffic
from bascule.report.facts.witnessed import read_checks, read_witness
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.run.events import Ended

FORMAT = 1
"""The version of the report's layout."""

SHIFT_MARGIN_SHARE = 0.1
"""The close-up of the shift begins and ends so much before and after it."""


def find_run_id(records: Sequence[Record], upgrade: str) -> str:
    """Return the id of the latest run of `upgrade`, a name or a run id.

    Raises PlanError when the journal knows none.
    """
    return str(records[find_start(records, upgrade)].entry.data["run_id"])


def build_evidence(records: Sequence[Record], upgrade: str, samples: Sequence[Sample]) -> Evidence:
    """Return the evidence of the latest run of `upgrade` (a name or a run id).

    `records` are the whole journal, `samples` those of the run. Raises PlanError when the journal
    knows no such upgrade, JournalError when it holds what this version does not know.
    """
    log = read_run(records, upgrade)
    measured = read_samples(samples)
    story = _read_story(log)
    course = _read_course(log, measured, story)
    counts = _read_counts(log, measured, story, course)
    journal = _read_journal(records, log)
    unknown = list_unknown(
        measured=measured,
        failures=counts.failures,
        traffic=counts.traffic,
        witness=counts.witness,
        changes=story.changes,
        journal=journal,
    )
    facts = _Facts(log=log, course=course, story=story, counts=counts, journal=journal)
    return _compose(facts, (*unknown, *list_unproven(log.started.plan)))


def render_evidence(evidence: Evidence) -> dict[str, Json]:
    """Return the evidence as plain JSON without secrets; what is not known is null."""
    rendered = render_plain(evidence)
    return rendered if isinstance(rendered, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """What the journal tells of the run, in the order of its happening."""

    changes: tuple[ChangeFacts, ...]
    split: tuple[SplitPoint, ...]
    gates: tuple[GateFacts, ...]
    signals: tuple[SignalFacts, ...]
    halts: tuple[HaltFacts, ...]
    stages: tuple[StageFacts, ...]
    steps: tuple[StepFacts, ...]
    rollback: RollbackFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """When it began and how far it came: to its end, or to what is known last."""

    started_at: datetime
    ended_at: datetime | None
    as_of: datetime
    duration_s: float
    outcome: str
    stage: str
    end_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """What was measured meanwhile."""

    traffic: TrafficFacts
    gate_counts: GateCounts | None
    witness: WitnessFacts
    failures: FailureFacts
    checks: tuple[CheckFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """All that the evidence is made of."""

    log: RunLog
    course: _Course
    story: _Story
    counts: _Counts
    journal: JournalFacts


def _compose(facts: _Facts, unknown: tuple[str, ...]) -> Evidence:
    started, course, story, counts = facts.log.started, facts.course, facts.story, facts.counts
    rules = tally_rules(story.changes)
    return Evidence(
        format=FORMAT,
        upgrade=started.upgrade,
        run_id=started.run_id,
        gateway=started.plan.gateway,
        reason=started.reason,
        started_at=course.started_at,
        started_by=facts.log.logged[0].actor,
        ended_at=course.ended_at,
        as_of=course.as_of,
        duration_s=course.duration_s,
        outcome=course.outcome,
        stage=course.stage,
        end_reason=course.end_reason,
        verdict=judge_upgrade(_open(course, story), failures=counts.failures, rules=rules),
        failures=counts.failures,
        slowest_change_ms=_slowest_ms(story.changes),
        clusters=started.plan.clusters,
        plan=_read_plan(started.plan, started.digest),
        rules=rules,
        changes=story.changes,
        rollback=story.rollback,
        gates=story.gates,
        signals=story.signals,
        halts=story.halts,
        stages=story.stages,
        steps=story.steps,
        split=story.split,
        traffic=counts.traffic,
        gate_counts=counts.gate_counts,
        witness=counts.witness,
        checks=counts.checks,
        journal=facts.journal,
        unknown=unknown,
    )


def _read_story(log: RunLog) -> _Story:
    changes, signals = read_changes(log), read_signals(log)
    return _Story(
        changes=changes,
        split=read_split(log, changes),
        gates=read_gates(log),
        signals=signals,
        halts=read_halts(log),
        stages=read_stages(log),
        steps=read_steps(log),
        rollback=read_rollback(log, signals),
    )


def _read_course(log: RunLog, measured: Measured, story: _Story) -> _Course:
    logged, ended = next(log.of(Ended), (None, None))
    started_at = log.logged[0].at
    as_of = logged.at if logged is not None else _latest(log, measured)
    return _Course(
        started_at=started_at,
        ended_at=logged.at if logged is not None else None,
        as_of=as_of,
        duration_s=round((as_of - started_at).total_seconds(), 3),
        outcome=ended.stage.value if ended is not None else "unfinished",
        stage=ended.stage.value if ended is not None else story.stages[-1].stage,
        end_reason=ended.reason if ended is not None else "",
    )


def _read_counts(log: RunLog, measured: Measured, story: _Story, course: _Course) -> _Counts:
    whole = (course.started_at, course.as_of)
    shift = _shift_span(story.changes, whole)
    traffic = read_traffic(measured.traffic, whole=whole, shift=shift)
    gate_counts = read_gate_counts(log, story.split, whole_s=course.duration_s)
    return _Counts(
        traffic=traffic,
        gate_counts=gate_counts,
        witness=read_witness(measured.witness, whole=whole),
        failures=read_failures(measured, traffic, story.split, gate_counts),
        checks=read_checks(measured.checks),
    )


def _open(course: _Course, story: _Story) -> str:
    standing = describe_standing(story.stages[-1].stage, story.steps, story.halts)
    return open_sentence(
        course.outcome, course.duration_s, rollback=story.rollback, standing=standing
    )


def _slowest_ms(changes: Sequence[ChangeFacts]) -> float | None:
    return max((c.command_ms for c in changes if c.command_ms is not None), default=None)


def _latest(log: RunLog, measured: Measured) -> datetime:
    """Return how far an unfinished upgrade is known."""
    seen = [log.logged[-1].at, *(s.to_at for s in measured.traffic[-1:])]
    return max(seen)


def _shift_span(
    changes: Sequence[ChangeFacts], whole: tuple[datetime, datetime]
) -> tuple[datetime, datetime] | None:
    """Return the time from the first to the last change of the split, with a margin."""
    if not changes:
        return None
    from_at, to_at = changes[0].intended_at, changes[-1].finished_at or changes[-1].intended_at
    margin = max((to_at - from_at) * SHIFT_MARGIN_SHARE, timedelta(seconds=5))
    return max(from_at - margin, whole[0]), min(to_at + margin, whole[1])


def _read_plan(plan: Plan, digest: str) -> PlanFacts:
    estimates = [step.estimate_s for step in plan.steps]
    known = [estimate for estimate in estimates if estimate is not None]
    return PlanFacts(
        digest=digest,
        parent=plan.parent,
        steps=len(plan.steps),
        estimate_s=sum(known) if len(known) == len(estimates) else None,
        is_rollback_automatic=plan.policy.is_rollback_automatic,
        unsafe_after=plan.policy.unsafe_after,
        unsafe_reason=plan.policy.unsafe_reason,
    )


def _read_journal(records: Sequence[Record], log: RunLog) -> JournalFacts:
    first, last = records[0], records[-1]
    trouble = "" if first.seq == 1 else f"it begins with record {first.seq}"
    try:
        verify_chain(
            records, previous=GENESIS if first.seq == 1 else first.previous, first_seq=first.seq
        )
    except CorruptJournalError as error:
        trouble = error.message
    run = [r for r in records if log.logged[0].seq <= r.seq <= log.logged[-1].seq]
    return JournalFacts(
        records=len(records),
        first_seq=first.seq,
        last_seq=last.seq,
        first_digest=first.digest,
        last_digest=last.digest,
        run_first_seq=log.logged[0].seq,
        run_last_seq=log.logged[-1].seq,
        generations=len({r.generation for r in run}),
        is_verified=not trouble,
        trouble=trouble,
    )
