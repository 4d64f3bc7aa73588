"""The evidence of an upgrade: what its journal and its samples prove, as typed values and JSON.

docs/reference/report.md says what each field means and how to check it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bascule.errors import CorruptJournalError
from bascule.journal.record import GENESIS, Json, Record, verify_chain
from bascule.journal.store import Sample
from bascule.report.facts.changes import read_changes, read_split, tally_rules
from bascule.report.facts.failures import read_failures
from bascule.report.facts.gate_counts import read_gate_counts
from bascule.report.facts.gate_words import read_gates
from bascule.report.facts.measured import Measured, read_samples
from bascule.report.facts.model import ChangeFacts, Evidence, JournalFacts, PlanFacts
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
    changes = read_changes(log)
    split = read_split(log, changes)
    ended = next(log.of(Ended), None)
    started_at = log.logged[0].at
    as_of = ended[0].at if ended is not None else _latest(log, measured)
    whole = (started_at, as_of)
    traffic = read_traffic(measured.traffic, whole=whole, shift=_shift_span(changes, whole))
    witness = read_witness(measured.witness, whole=whole)
    duration_s = round((as_of - started_at).total_seconds(), 3)
    gate_counts = read_gate_counts(log, split, whole_s=duration_s)
    failures = read_failures(measured, traffic, split, gate_counts)
    rules = tally_rules(changes)
    signals, halts, steps = read_signals(log), read_halts(log), read_steps(log)
    stages = read_stages(log)
    rollback = read_rollback(log, signals)
    outcome = ended[1].stage.value if ended is not None else "unfinished"
    standing = describe_standing(stages[-1].stage, steps, halts)
    opening = open_sentence(outcome, duration_s, rollback=rollback, standing=standing)
    journal = _read_journal(records, log)
    return Evidence(
        format=FORMAT,
        upgrade=log.started.upgrade,
        run_id=log.started.run_id,
        gateway=log.started.plan.gateway,
        reason=log.started.reason,
        started_at=started_at,
        started_by=log.logged[0].actor,
        ended_at=ended[0].at if ended is not None else None,
        as_of=as_of,
        duration_s=duration_s,
        outcome=outcome,
        stage=ended[1].stage.value if ended is not None else stages[-1].stage,
        end_reason=ended[1].reason if ended is not None else "",
        verdict=judge_upgrade(opening, failures=failures, rules=rules),
        failures=failures,
        slowest_change_ms=max(
            (c.command_ms for c in changes if c.command_ms is not None), default=None
        ),
        clusters=log.started.plan.clusters,
        plan=_read_plan(log.started.plan, log.started.digest),
        rules=rules,
        changes=changes,
        rollback=rollback,
        gates=read_gates(log),
        signals=signals,
        halts=halts,
        stages=stages,
        steps=steps,
        split=split,
        traffic=traffic,
        gate_counts=gate_counts,
        witness=witness,
        checks=read_checks(measured.checks),
        journal=journal,
        unknown=list_unknown(
            measured=measured,
            failures=failures,
            traffic=traffic,
            witness=witness,
            changes=changes,
            journal=journal,
        ),
    )


def render_evidence(evidence: Evidence) -> dict[str, Json]:
    """Return the evidence as plain JSON without secrets; what is not known is null."""
    rendered = render_plain(evidence)
    return rendered if isinstance(rendered, dict) else {}


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
