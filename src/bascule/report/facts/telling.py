"""The verdict of the whole upgrade in one sentence, and what stays unknown."""

from collections.abc import Sequence

from bascule.report.facts.measured import Measured
from bascule.report.facts.model import (
    ChangeFacts,
    FailureFacts,
    HaltFacts,
    JournalFacts,
    RollbackFacts,
    RuleTally,
    StepFacts,
    TrafficFacts,
    VerdictFacts,
    WitnessFacts,
)
from bascule.report.wording import say_duration

COVERED_SHARE_MIN = 0.95
"""With less of the time covered by samples, sums are said to be incomplete."""


def judge_upgrade(
    opening: str,
    *,
    failures: FailureFacts,
    rules: Sequence[RuleTally],
) -> VerdictFacts:
    """Return the verdict; `opening` says how the upgrade ended."""
    is_zero, reason = _judge_downtime(failures, rules)
    return VerdictFacts(
        sentence=f"{opening.rstrip('.')}. {_count_failures(failures)}",
        is_zero_downtime=is_zero,
        reason=reason,
    )


def open_sentence(
    outcome: str, duration_s: float, *, rollback: RollbackFacts | None, standing: str
) -> str:
    """Return how the upgrade ended; `standing` is where an unfinished one is, and why."""
    took = say_duration(duration_s)
    if outcome == "completed":
        return f"Completed in {took}"
    if outcome == "rolled_back" and rollback is not None:
        by = " by itself" if rollback.is_automatic else ""
        return f"Rolled back{by} after {took}: {rollback.cause}"
    return f"Not finished after {took}: {standing}"


def describe_standing(stage: str, steps: Sequence[StepFacts], halts: Sequence[HaltFacts]) -> str:
    """Return where an unfinished upgrade is and what it does there."""
    current = next((s for s in steps if s.status in {"started", "failed"}), None)
    if current is None:
        return f"in the stage {stage}"
    place = f"in the stage {stage} at {current.key}"
    if current.status == "failed" and halts:
        return f"{place}, halted: {halts[-1].reason}"
    if current.waits:
        return f"{place}, waiting: {current.waits[-1].reason}"
    return place


def _count_failures(failures: FailureFacts) -> str:
    if failures.other_than_green is None or failures.requests is None:
        return "How many requests failed is not known."
    if not failures.total:
        return f"None of the {failures.requests:,} requests that the gateway counted failed."
    green = failures.green or 0
    return (
        f"Of {failures.requests:,} requests {failures.total:,} failed: {green:,} by green itself, "
        f"{failures.other_than_green:,} otherwise."
    )


def _judge_downtime(failures: FailureFacts, rules: Sequence[RuleTally]) -> tuple[bool | None, str]:
    """Return whether the upgrade was without downtime, and why it was not, or is not known."""
    broken = [
        f"rule {r.number} ({r.name}) was broken by {r.broken} of "
        f"{r.held + r.broken + r.unknown} changes of the split"
        for r in rules
        if r.broken
    ]
    seen_by_users = (failures.green or 0) - (failures.green_without_weight or 0)
    if seen_by_users:
        broken.append(f"green failed {seen_by_users:,} requests while it had weight")
    if failures.witness_unexplained:
        broken.append(
            f"{failures.witness_unexplained:,} requests of the witness reached no cluster"
        )
    since = (failures.blue or 0) - (failures.blue_before_change or 0)
    if since and not failures.blue_before_change:
        broken.append(f"blue failed {since:,} requests after the first change of the split")
    if broken:
        return False, "; ".join(broken)
    doubts = []
    if since:
        doubts.append("blue failed requests before the first change as well as after it")
    if failures.other_than_green is None:
        doubts.append("nothing of the gateway's counts was kept")
    elif (failures.counted_share or 0) < COVERED_SHARE_MIN:
        doubts.append(f"only {failures.counted_share or 0:.0%} of the time was counted")
    unjudged = sum(r.unknown for r in rules if r.number == 1)
    if unjudged:
        doubts.append(f"rule 1 could not be judged for {unjudged} changes of the split")
    if doubts:
        return None, "; ".join(doubts)
    return True, "no request failed, and no rule that could be judged was broken"


def list_unknown(
    *,
    measured: Measured,
    failures: FailureFacts,
    traffic: TrafficFacts,
    witness: WitnessFacts,
    changes: Sequence[ChangeFacts],
    journal: JournalFacts,
) -> tuple[str, ...]:
    """Return in sentences what the report cannot say."""
    found = [*_gaps_of_traffic(measured, traffic, failures), *_gaps_of_witness(witness, changes)]
    if any(c.result is None for c in changes):
        found.append(
            "A change of the split has no recorded outcome; whether it landed is not known."
        )
    hosts = sorted({h for c in changes for h in c.wanted.by_host})
    if hosts:
        found.append(f"Hosts with weights of their own are not in the plot: {', '.join(hosts)}.")
    if not journal.is_verified:
        found.append(f"The journal could not be verified: {journal.trouble}.")
    return tuple(found)


def _gaps_of_traffic(
    measured: Measured, traffic: TrafficFacts, failures: FailureFacts
) -> list[str]:
    found = []
    if not traffic.samples:
        found.append("Rates, failures and latency: the gateway's counts were not sampled.")
    elif (traffic.covered_share or 0) < COVERED_SHARE_MIN:
        found.append(
            f"The samples cover {traffic.covered_share or 0:.0%} of the time: they are thinned in "
            "long upgrades, and none are taken while no runtime is up. Plots and their totals are "
            f"of that part; failures are counted over {failures.counted_share or 0:.0%}, by the "
            "gates too."
        )
    if measured.unreadable:
        found.append(f"{measured.unreadable} samples could not be read and are left out.")
    return found


def _gaps_of_witness(witness: WitnessFacts, changes: Sequence[ChangeFacts]) -> list[str]:
    found = []
    if not witness.samples:
        found.append("What users saw from outside: there are no samples of the witness.")
    silent = sum(1 for c in changes if c.witness is None)
    if silent:
        found.append(
            f"{silent} of {len(changes)} changes of the split have no word of the witness."
        )
    if changes:
        found.append(
            "Resets of streams (rule 5) and side effects (rule 6) are not seen by the witness."
        )
    return found
