"""How what was measured is taken in: interval by interval, into the tests that it concerns."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.upgrade.gates.histograms import (
    add_histograms,
    count_above,
    find_bound_above,
    find_percentile,
)
from bascule.upgrade.gates.hung import Watch, make_span, watch
from bascule.upgrade.gates.model import CheckOutcome, CheckResult, Counts, Gates, Interval
from bascule.upgrade.gates.progress import CheckTally, Progress, Seen
from bascule.upgrade.gates.rules import Rule, RuleKind, list_rules
from bascule.upgrade.gates.sequential import Evidence, Tally, add_alone, add_interval

BASELINE_TAIL = 5
"""A baseline is long enough once so many of its requests lie beyond the percentile, about."""
BASELINE_MAX = 5_000
"""So many requests make a baseline, however high the percentile is."""


def begin(gates: Gates, baseline: Iterable[Interval] = ()) -> Progress:
    """Return the progress of a step that begins; `baseline` is what was measured just before it.

    What was "slow" then is fixed by it; without one, by the first requests of the step, which no
    test uses.
    """
    progress = Progress()
    for interval in baseline:
        progress = _fix_bounds(progress, gates, interval)
        progress = _watch(progress, gates, interval)
    return replace(progress, watches=_without_findings(progress.watches))


def absorb(
    progress: Progress,
    gates: Gates,
    intervals: Iterable[Interval],
    results: Iterable[CheckResult] = (),
) -> Progress:
    """Return `progress` after these intervals and check results, oldest first.

    It makes no difference in how many pieces they come. Results of checks that the gates do not
    have are passed over.
    """
    for interval in intervals:
        progress = _absorb_interval(progress, gates, interval)
    names = {check.name for check in gates.checks}
    checks = dict(progress.checks)
    for result in results:
        if result.name in names:
            checks[result.name] = _tally(checks.get(result.name, CheckTally()), result)
    return replace(progress, checks=checks)


def _absorb_interval(progress: Progress, gates: Gates, interval: Interval) -> Progress:
    seen = dict(progress.seen)
    for cluster in Cluster:
        if cluster in interval.counts:
            seen[cluster] = _see(seen.get(cluster, Seen()), interval.counts[cluster])
    bounds_before = progress.bounds_ms
    progress = _fix_bounds(replace(progress, seen=seen), gates, interval)
    progress = _watch(progress, gates, interval)
    tests = dict(progress.tests)
    for rule in list_rules(gates):
        evidence = tests.get(rule.name, Evidence())
        if rule.kind is RuleKind.HUNG_BESIDE:
            progress, evidence = _take_long(progress, gates, evidence)
        elif rule.kind is not RuleKind.LATENCY_BESIDE or rule.name in bounds_before:
            evidence = _add(evidence, gates, rule, (interval, bounds_before))
        tests[rule.name] = evidence
    return replace(progress, tests=tests)


def _see(seen: Seen, counts: Counts) -> Seen:
    return Seen(
        requests=seen.requests + counts.requests,
        failures=seen.failures + min(counts.failures, counts.requests),
        latency=add_histograms(seen.latency, counts.latency),
    )


def _add(
    evidence: Evidence,
    gates: Gates,
    rule: Rule,
    data: tuple[Interval, Mapping[str, float]],
) -> Evidence:
    interval, bounds_ms = data
    target = _count_bad(rule, interval.counts.get(gates.target), bounds_ms)
    if not rule.kind.compares:
        return evidence if target is None else add_alone(evidence, target)
    other = _count_bad(rule, interval.counts.get(gates.target.other), bounds_ms)
    if target is None or other is None:
        return evidence
    return add_interval(evidence, target=target, other=other)


def _count_bad(rule: Rule, counts: Counts | None, bounds_ms: Mapping[str, float]) -> Tally | None:
    if counts is None:
        return None
    if rule.kind in {RuleKind.SUCCESS, RuleKind.SUCCESS_BESIDE}:
        return Tally(requests=counts.requests, bad=min(counts.failures, counts.requests))
    if counts.latency is None:
        return None
    bound = bounds_ms.get(rule.name)
    if rule.kind is RuleKind.LATENCY:
        bound = find_bound_above(counts.latency, rule.limit)
    bad = None if bound is None else count_above(counts.latency, bound)
    return None if bad is None else Tally(requests=sum(counts.latency.counts), bad=bad)


def _fix_bounds(progress: Progress, gates: Gates, interval: Interval) -> Progress:
    rules = [rule for rule in list_rules(gates) if rule.kind is RuleKind.LATENCY_BESIDE]
    missing = [rule for rule in rules if rule.name not in progress.bounds_ms]
    counts = interval.counts.get(gates.target.other)
    if not missing or counts is None or counts.latency is None:
        return progress
    baseline = add_histograms(progress.baseline, counts.latency)
    bounds = dict(progress.bounds_ms)
    for rule in missing:
        bound = _choose_bound(baseline, rule, gates.requests_min)
        if bound is not None:
            bounds[rule.name] = bound
    return replace(progress, baseline=baseline, bounds_ms=bounds)


def _choose_bound(baseline: Histogram | None, rule: Rule, requests_min: int) -> float | None:
    if baseline is None:
        return None
    tail = max(1e-9, 1 - rule.percentile / 100)
    needed = min(BASELINE_MAX, max(requests_min, BASELINE_TAIL / tail))
    usual_ms = find_percentile(baseline, rule.percentile)
    if usual_ms is None or sum(baseline.counts) < needed:
        return None
    return find_bound_above(baseline, usual_ms + rule.limit) or baseline.bounds_ms[-1]


def _watch(progress: Progress, gates: Gates, interval: Interval) -> Progress:
    if gates.hung_after_s is None or not gates.has_traffic:
        return progress
    follows = progress.last_seq is not None and interval.seq == progress.last_seq + 1
    from_s, to_s = interval.from_at.timestamp(), interval.to_at.timestamp()
    watches = {}
    for cluster, counts in interval.counts.items():
        before = progress.watches.get(cluster, Watch()) if follows else Watch()
        watches[cluster] = watch(
            before,
            counts,
            make_span(counts, from_s, to_s),
            after_s=gates.hung_after_s,
            is_judged=cluster is gates.target,
        )
    return replace(progress, watches=watches, last_seq=interval.seq)


def _take_long(progress: Progress, gates: Gates, evidence: Evidence) -> tuple[Progress, Evidence]:
    target = progress.watches.get(gates.target, Watch())
    other = progress.watches.get(gates.target.other, Watch())
    if not target.started or not other.started:
        return progress, evidence
    evidence = add_interval(evidence, target=_long_of(target), other=_long_of(other))
    watches = {
        gates.target: _without_taken(target),
        gates.target.other: _without_taken(other),
    }
    return replace(progress, watches=watches), evidence


def _long_of(found: Watch) -> Tally:
    return Tally(requests=found.started, bad=min(found.long, found.started))


def _without_taken(found: Watch) -> Watch:
    return replace(found, started=0, long=found.long - _long_of(found).bad)


def _without_findings(watches: Mapping[Cluster, Watch]) -> Mapping[Cluster, Watch]:
    return {c: replace(found, started=0, long=0) for c, found in watches.items()}


def _tally(before: CheckTally, result: CheckResult) -> CheckTally:
    if result.outcome is CheckOutcome.UNKNOWN:
        return replace(before, unknown=before.unknown + 1, reason=result.reason)
    has_failed = result.outcome is CheckOutcome.FAILED
    return CheckTally(
        passed=before.passed + (not has_failed),
        failed=before.failed + has_failed,
        unknown=before.unknown,
        streak=before.streak + 1 if has_failed else 0,
        last=result.outcome,
        reason=result.reason,
    )
