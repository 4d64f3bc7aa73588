"""What each test of a step says by itself: how it stands, with its numbers and a sentence."""

import math
from dataclasses import dataclass
from enum import StrEnum

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.gates.histograms import find_bound_above, find_percentile
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.gates.progress import Progress, Seen
from bascule.upgrade.gates.rules import Rule, RuleKind, list_rules
from bascule.upgrade.gates.sequential import (
    CONFIDENCE,
    Evidence,
    Tally,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One test with what it has to say. `excess` is how far beyond its limit the estimate is."""

    rule: Rule
    standing: Standing
    reason: str
    evidence: Evidence
    alpha: float
    log_e: float
    bound_ms: float | None
    """Above which latency a request counts as slow."""
    difference: float | None
    """What is held against the rule's allowance: a share, or ms."""


def find_all(progress: Progress, gates: Gates) -> tuple[Finding, ...]:
    """Return what each test says; together they raise a false alarm with `gates.alpha` at most."""
    rules = list_rules(gates)
    return tuple(_find(rule, progress, gates, gates.alpha / len(rules)) for rule in rules)


def render_finding(finding: Finding, target: Cluster) -> dict[str, Json]:
    """Return a finding for the journal and the report."""
    evidence = finding.evidence
    tallies = {target: evidence.target}
    if finding.rule.kind.compares:
        tallies[target.other] = evidence.other
    low, high = find_ratio_interval(evidence)
    return {
        "name": finding.rule.name,
        "kind": finding.rule.kind.value,
        "verdict": finding.standing.value,
        "reason": finding.reason,
        **{cluster.value: _render_tally(tally) for cluster, tally in tallies.items()},
        "e_value": round_figures(math.exp(min(finding.log_e, math.log(E_SHOWN_MAX)))),
        "limit": round_figures(1 / finding.alpha),
        "alpha": finding.alpha,
        "intervals": evidence.intervals,
        "bad_intervals": evidence.bad_intervals,
        "bound_ms": finding.bound_ms,
        "difference": None if finding.difference is None else round_figures(finding.difference),
        "allowance": finding.rule.limit,
        "ratio": {"low": low, "high": high, "confidence": CONFIDENCE},
    }


def _find(rule: Rule, progress: Progress, gates: Gates, alpha: float) -> Finding:
    evidence = progress.tests.get(rule.name, Evidence())
    log_e = log_e_worse(evidence) if rule.kind.compares else _log_e_alone(rule, evidence.target)
    difference = _find_difference(rule, progress, gates, evidence)
    standing = _stand(rule, evidence, log_e, difference, alpha=alpha)
    return Finding(
        rule=rule,
        standing=standing,
        reason=_say(rule, standing, evidence, difference, target=gates.target),
        evidence=evidence,
        alpha=alpha,
        log_e=log_e,
        bound_ms=_find_bound(rule, progress, gates.target),
        difference=difference,
    )


def _stand(
    rule: Rule, evidence: Evidence, log_e: float, difference: float | None, *, alpha: float
) -> Standing:
    if not evidence.intervals:
        return Standing.WITHOUT_DATA
    allowance = 0.0 if rule.kind is RuleKind.HUNG_BESIDE else rule.limit
    if rule.kind.compares and (difference is None or difference <= allowance):
        return Standing.HOLDS
    if log_e >= -math.log(alpha) and evidence.bad_intervals >= BAD_INTERVALS_MIN:
        return Standing.FAILED
    return Standing.SUSPECTED if log_e >= SUSPICION else Standing.HOLDS


def _log_e_alone(rule: Rule, tally: Tally) -> float:
    share_max = 1 - (rule.limit if rule.kind is RuleKind.SUCCESS else rule.percentile / 100)
    return log_e_above(tally, share_max)


def _find_difference(
    rule: Rule, progress: Progress, gates: Gates, evidence: Evidence
) -> float | None:
    if rule.kind in {RuleKind.LATENCY, RuleKind.LATENCY_BESIDE}:
        target = _percentile(progress, gates.target, rule)
        if rule.kind is RuleKind.LATENCY or target is None:
            return target
        other = _percentile(progress, gates.target.other, rule)
        return None if other is None else target - other
    if evidence.target.rate is None:
        return None
    if rule.kind is RuleKind.SUCCESS:
        return 1 - evidence.target.rate
    return None if evidence.other.rate is None else evidence.target.rate - evidence.other.rate


def _find_bound(rule: Rule, progress: Progress, target: Cluster) -> float | None:
    latency = progress.seen.get(target, Seen()).latency
    if rule.kind is RuleKind.LATENCY and latency is not None:
        return find_bound_above(latency, rule.limit)
    return progress.bounds_ms.get(rule.name)


def _percentile(progress: Progress, cluster: Cluster, rule: Rule) -> float | None:
    return find_percentile(progress.seen.get(cluster, Seen()).latency, rule.percentile)


def _render_tally(tally: Tally) -> dict[str, Json]:
    rate = None if tally.rate is None else round_figures(tally.rate)
    return {"requests": tally.requests, "bad": tally.bad, "rate": rate}


def _say(
    rule: Rule,
    standing: Standing,
    evidence: Evidence,
    difference: float | None,
    *,
    target: Cluster,
) -> str:
    if standing is Standing.WITHOUT_DATA:
        return _say_without_data(rule, target)
    words = {
        Standing.HOLDS: "holds",
        Standing.SUSPECTED: "is in doubt, and more requests are needed",
        Standing.FAILED: "is broken",
    }
    return f"{rule.name} {words[standing]}: {_say_numbers(rule, evidence, difference, target)}"


def _say_without_data(rule: Rule, target: Cluster) -> str:
    if rule.kind.compares:
        both = f"{target.value} and {target.other.value}"
        return f"{rule.name} has nothing to compare: no interval had requests on {both}"
    return f"{rule.name} has nothing to go by: no request of {target.value} is known"


def _say_numbers(rule: Rule, evidence: Evidence, difference: float | None, target: Cluster) -> str:
    verb = {
        RuleKind.SUCCESS: "failed",
        RuleKind.SUCCESS_BESIDE: "failed",
        RuleKind.HUNG_BESIDE: f"took over {rule.limit:g} s",
    }.get(rule.kind, "were slow")
    text = f"{_say_tally(evidence.target)} {verb} on {target.value}"
    if rule.kind.compares:
        text += f", {_say_tally(evidence.other)} on {target.other.value}"
    if rule.kind is RuleKind.SUCCESS:
        return f"{text}; {say_share(rule.limit)} have to succeed"
    if rule.kind is RuleKind.SUCCESS_BESIDE:
        return f"{text}; {say_share(rule.limit)} more are allowed"
    if rule.kind is RuleKind.LATENCY and difference is not None:
        return f"{text}; p{rule.percentile:g} is {say_ms(difference)} of {say_ms(rule.limit)}"
    if rule.kind is RuleKind.LATENCY_BESIDE and difference is not None:
        return f"{text}; {say_ms(difference)} more of {say_ms(rule.limit)} allowed"
    return text


def _say_tally(tally: Tally) -> str:
    share = say_share(tally.rate or 0.0)
    return f"{tally.bad:,} of {say_count(tally.requests, 'request')} ({share})"
