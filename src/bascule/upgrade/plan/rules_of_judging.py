"""Rules on how a plan judges: what is never looked at, or can never be known in time."""

from collections.abc import Iterator

from bascule.checks.findings import Finding, Severity
from bascule.routing.weights import TOTAL_BP, render_percent
from bascule.spec.durations import render_duration
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.gating import is_relative, judges_anything
from bascule.upgrade.plan.making import STOPPED_HOLD
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.reading import PlannedHold, read_holds
from bascule.upgrade.plan.shares import is_partial
from bascule.upgrade.run.steering import EXTENDABLE

_FOR_PEOPLE = frozenset({EXTENDABLE, STOPPED_HOLD})


def lint_gates(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Name the holds that judge nothing."""
    blind = [
        hold
        for hold in read_holds(plan, facts.split)
        if hold.step.key not in _FOR_PEOPLE and not judges_anything(hold.gates)
    ]
    alone = [hold.step.key for hold in blind if hold.share_bp == TOTAL_BP]
    others = [hold.step.key for hold in blind if hold.share_bp != TOTAL_BP]
    if alone:
        yield Finding(
            severity=Severity.WARNING,
            code="HoldWithoutGate",
            subject=alone[0],
            message=f"nothing is judged in {', '.join(alone)}: green has everything that is looked "
            "at, so there is no blue to compare with, and no limit of its own is set: silence is "
            "success there",
            remedy="set analysis.successRate.min, a latency `max`, or a check",
        )
    if others:
        yield Finding(
            severity=Severity.WARNING,
            code="HoldWithoutGate",
            subject=others[0],
            message=f"nothing is judged in {', '.join(others)}: silence is success there",
            remedy="add a rule or a check to `analysis`, or leave the hold out",
        )


def lint_requests(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Name the holds that see too few requests in their time, at the rate that is known."""
    if facts.requests_per_s is None:
        return
    for hold in read_holds(plan, facts.split):
        needed = hold.gates.requests_min
        rate = facts.requests_per_s * hold.share_bp / TOTAL_BP
        if hold.gates.has_traffic and needed > rate * hold.hold_s:
            yield _too_few(hold, facts.requests_per_s, rate)


def _too_few(hold: PlannedHold, requests_per_s: float, rate: float) -> Finding:
    gates, key = hold.gates, hold.step.key
    takes = f"that takes {_render_wait(gates.requests_min / rate)}" if rate else "that is never"
    wait = render_duration(gates.wait_max_s)
    most = "at most " if is_partial(hold.split) else ""
    return Finding(
        severity=Severity.WARNING,
        code="TooFewRequests",
        subject=key,
        message=f"{key} needs {gates.requests_min} requests on green; of {requests_per_s:.3g} a "
        f"second it gets {most}{render_percent(hold.share_bp)}, {takes}, and it holds for "
        f"{render_duration(hold.hold_s)}; after {wait} more a person is asked",
        remedy="hold longer, begin with a larger weight, or lower analysis.minRequests",
    )


def _render_wait(seconds: float) -> str:
    return render_duration(float(round(seconds)))


def lint_comparison(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Say where blue is judged by other requests than green: where hosts stay behind."""
    mixed = [
        hold.step.key
        for hold in read_holds(plan, facts.split)
        if is_partial(hold.split) and is_relative(hold.gates)
    ]
    if mixed:
        yield Finding(
            severity=Severity.INFO,
            code="MixedComparison",
            subject="analysis",
            message="blue goes on serving other hosts, so what it is compared by in "
            f"{', '.join(mixed)} is not the same work",
            remedy="add absolute limits (successRate.min, latency max), which need no blue",
        )


def lint_alarms(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Hold all holds together to the false alarms that a spec may ask for."""
    total = sum(h.gates.alpha for h in read_holds(plan, facts.split) if h.gates.has_traffic)
    if total > ALARMS_MAX:
        yield Finding(
            severity=Severity.WARNING,
            code="FalseAlarms",
            subject="analysis",
            message=f"of upgrades with a healthy green, {total:.0%} may be rolled back by mistake",
            remedy="lower analysis.falseAlarms; 1 % is the default",
        )


ALARMS_MAX = 0.0501
"""More false alarms than the spec can ask for, with room for rounding."""
