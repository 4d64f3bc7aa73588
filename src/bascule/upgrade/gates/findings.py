"""What each test of a step says by itself: how it stands, with its numbers and a sentence."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.gates.histograms import find_bound_above, find_percentile
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.gates.progress import Progress, Seen
from bascule.upgrade.gates.rules import Rule, RuleKind, list_rules
from bascule.upgrade.gates.sequential import (
    CONFIDENCE,
    DISPERSION_INTERVALS_MIN,
    Evidence,
    Tally,
    estimate_dispersion,
    find_ratio_interval,
    log_e_above,
    log_e_worse,
)
from bascule.upgrade.gates.wording import round_figures, say_count, say_ms, say_share

SUSPICION = math.log(20)
"""From this (log of an) e-value on a step does not pass: it waits for more requests."""
BAD_INTERVALS_MIN = 2
"""In so many intervals the target must have had a bad event: one bad moment fails no gate."""
E_SHOWN_MAX = 1e12
"""Larger e-values are shown as this."""


class Standing(StrEnum):
    """How a test stands."""

    HOLDS = "pass"
    SUSPECTED = "suspected"
    """Too likely to be broken to go on, and too little was seen to call it broken."""
    FAILED = "fail"
    WITHOUT_DATA = "no data"


_WORDS = {
    Standing.HOLDS: "holds",
    Standing.SUSPECTED: "is in doubt and needs more requests",
    Standing.FAILED: "is broken",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One test with what it has to say."""

    rule: Rule
    standing: Standing
    target: Cluster
    evidence: Evidence
    alpha: float
    log_e: float
    """By which the test fails: discounted by the dispersion."""
    plain_log_e: float
    dispersion: float
    bound_ms: float | None
    """Above which latency a request counts as slow."""
    found: float | None
    """The estimate that is held against what the rule allows; None where there is none."""

    @property
    def reason(self) -> str:
        """What it says, in one sentence with its numbers."""
        name, target = self.rule.name, self.target.value
        other = self.target.other.value
        if self.standing is Standing.WITHOUT_DATA and self.rule.kind.compares:
            both = f"{target} and {other}"
            return f"{name} has nothing to compare: too little of {both} at the same time"
        if self.standing is Standing.WITHOUT_DATA:
            return f"{name} has nothing to go by: no request of {target} is known"
        counts = f"{_say_tally(self.evidence.target)} {_say_bad(self)} on {target}"
        if self.rule.kind.compares:
            counts += f", {_say_tally(self.evidence.other)} on {other}"
        return f"{name} {_WORDS[self.standing]}: {counts}{_say_limit(self)}"


def find_all(progress: Progress, gates: Gates) -> tuple[Finding, ...]:
    """Return what each test says; together they raise a false alarm with `gates.alpha` at most."""
    rules = list_rules(gates)
    return tuple(_find(rule, progress, gates, gates.alpha / len(rules)) for rule in rules)


def render_finding(finding: Finding) -> dict[str, Json]:
    """Return a finding for the journal and the report; what is not known is null."""
    rule, evidence, target = finding.rule, finding.evidence, finding.target
    rendered: dict[str, Json] = {
        "name": rule.name,
        "kind": rule.kind.value,
        "verdict": finding.standing.value,
        "reason": finding.reason,
        target.value: _render_tally(evidence.target),
        "e_value": _render_e(finding.log_e),
        "e_value_undiscounted": _render_e(finding.plain_log_e),
        "limit": round_figures(1 / finding.alpha),
        "alpha": finding.alpha,
        "dispersion": round_figures(finding.dispersion),
        "intervals": evidence.intervals,
        "bad_intervals": evidence.bad_intervals,
        "bound_ms": finding.bound_ms,
        "found": None if finding.found is None else round_figures(finding.found),
        "allowed": round_figures(rule.allowed),
        "unit": "ms" if rule.kind.is_of_latency else "share",
        "ratio": None,
    }
    if rule.kind.compares:
        rendered[target.other.value] = _render_tally(evidence.other)
        low, high = (
            None if bound is None else round_figures(bound)
            for bound in find_ratio_interval(evidence)
        )
        rendered["ratio"] = {"low": low, "high": high, "confidence": CONFIDENCE}
    return rendered


def _find(rule: Rule, progress: Progress, gates: Gates, alpha: float) -> Finding:
    evidence = progress.tests.get(rule.name, Evidence())
    dispersion = estimate_dispersion(evidence)
    log_e, plain = (_log_e(rule, evidence, by) for by in (dispersion, 1.0))
    found = _estimate(rule, progress, evidence, target=gates.target)
    return Finding(
        rule=rule,
        standing=_stand(rule, evidence, found, limit=-math.log(alpha), logs=(log_e, plain)),
        target=gates.target,
        evidence=evidence,
        alpha=alpha,
        log_e=log_e,
        plain_log_e=plain,
        dispersion=dispersion,
        bound_ms=_find_bound(rule, progress, gates.target),
        found=found,
    )


def _stand(
    rule: Rule,
    evidence: Evidence,
    found: float | None,
    *,
    limit: float,
    logs: tuple[float, float],
) -> Standing:
    log_e, plain_log_e = logs
    if not evidence.intervals:
        return Standing.WITHOUT_DATA
    if rule.kind.compares and (found is None or found <= rule.allowed):
        return Standing.HOLDS
    if log_e >= limit and evidence.bad_intervals >= BAD_INTERVALS_MIN:
        return Standing.FAILED
    is_young = evidence.intervals < DISPERSION_INTERVALS_MIN
    is_suspected = log_e >= SUSPICION or (is_young and plain_log_e >= limit)
    return Standing.SUSPECTED if is_suspected else Standing.HOLDS


def _log_e(rule: Rule, evidence: Evidence, dispersion: float) -> float:
    if rule.kind.compares:
        return log_e_worse(evidence, dispersion=dispersion)
    share = rule.allowed if rule.kind is RuleKind.SUCCESS else 1 - rule.percentile / 100
    return log_e_above(evidence.target, share, dispersion=dispersion)


def _estimate(
    rule: Rule, progress: Progress, evidence: Evidence, *, target: Cluster
) -> float | None:
    if rule.kind.is_of_latency:
        mine, others = (
            find_percentile(progress.seen.get(cluster, Seen()).latency, rule.percentile)
            for cluster in (target, target.other)
        )
    else:
        mine, others = evidence.target.rate, evidence.other.rate
    if not rule.kind.compares or mine is None:
        return mine
    return None if others is None else mine - others


def _find_bound(rule: Rule, progress: Progress, target: Cluster) -> float | None:
    latency = progress.seen.get(target, Seen()).latency
    if rule.kind is RuleKind.LATENCY and latency is not None:
        return find_bound_above(latency, rule.allowed)
    return progress.bounds_ms.get(rule.name)


def _render_e(log_e: float) -> float:
    return round_figures(math.exp(min(log_e, math.log(E_SHOWN_MAX))))


def _render_tally(tally: Tally) -> dict[str, Json]:
    rate = None if tally.rate is None else round_figures(tally.rate)
    return {"requests": tally.requests, "bad": tally.bad, "rate": rate}


def _say_bad(finding: Finding) -> str:
    if finding.rule.kind is RuleKind.HUNG_BESIDE:
        return f"took over {finding.rule.after_s:g} s or were given up"
    if finding.rule.kind.is_of_latency:
        return f"took over {finding.bound_ms or 0:g} ms"
    return "failed"


def _say_limit(finding: Finding) -> str:
    rule, found = finding.rule, finding.found or 0.0
    match rule.kind:
        case RuleKind.SUCCESS:
            return f"; {say_share(rule.allowed)} may fail"
        case RuleKind.SUCCESS_BESIDE:
            return f"; {say_share(rule.allowed)} more may fail than on the other"
        case RuleKind.LATENCY:
            return f"; p{rule.percentile:g} is {say_ms(found)} and may be {say_ms(rule.allowed)}"
        case RuleKind.LATENCY_BESIDE:
            over = f"{say_ms(abs(found))} {'more' if found > 0 else 'less'}"
            return f"; p{rule.percentile:g} is {over} and may be {say_ms(rule.allowed)} more"
        case RuleKind.HUNG_BESIDE:
            return ""
        case _:
            assert_never(rule.kind)


def _say_tally(tally: Tally) -> str:
    share = say_share(tally.rate or 0.0)
    return f"{tally.bad:,} of {say_count(tally.requests, 'request')} ({share})"
