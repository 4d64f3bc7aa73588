"""How what was measured is taken in: interval by interval, into the tests that it concerns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

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
"""A baseline is long enough once about so many of its requests lie beyond the percentile."""
BASELINE_MAX = 5_000
"""So many requests make a baseline, however high the percentile is."""
TOUCHING_S = 0.5
"""Intervals that are further apart than this do not follow each other, whatever they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What stays the same from interval to interval."""

    gates: Gates
    rules: tuple[Rule, ...]

    @property
    def target(self) -> Cluster:
        return self.gates.target

    @property
    def other(self) -> Cluster:
        return self.gates.target.other


def begin(gates: Gates, baseline: Iterable[Interval] = ()) -> Progress:
    """Return the progress of a step that begins; `baseline` is what was measured just before it.

    By it is fixed what "slow" means where latencies are compared; without one the first requests of
    the step serve for that, and no test uses them.
    """
    progress = Progress()
    frame = _Frame(gates=gates, rules=list_rules(gates))
    for interval in baseline:
        progress = _fix_bounds(progress, frame, interval)
        progress = _watch(progress, gates, interval)
    watches = {c: replace(w, started=0, long=0) for c, w in progress.watches.items()}
    return replace(progress, watches=watches)


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
    frame = _Frame(gates=gates, rules=list_rules(gates))
    for interval in intervals:
        progress = _absorb_interval(progress, frame, interval)
    names = {check.name for check in gates.checks}
    checks = dict(progress.checks)
    for result in results:
        if result.name in names:
            checks[result.name] = _tally(checks.get(result.name, CheckTally()), result)
    return replace(progress, checks=checks)


def _absorb_interval(progress: Progress, frame: _Frame, interval: Interval) -> Progress:
    seen = dict(progress.seen)
    for cluster, counts in interval.counts.items():
        seen[cluster] = _see(seen.get(cluster, Seen()), counts)
    bounds_ms = progress.bounds_ms
    progress = _fix_bounds(progress, frame, interval)
    progress = _watch(progress, frame.gates, interval)
    tests = {**progress.tests}
    for rule in frame.rules:
        evidence = tests.get(rule.name, Evidence())
        if rule.kind is RuleKind.HUNG_BESIDE:
            progress, tests[rule.name] = _take_long(progress, frame, evidence)
        else:
            tests[rule.name] = _add(evidence, frame, rule, interval, bounds_ms=bounds_ms)
    return replace(progress, seen=seen, tests=tests)


def _see(seen: Seen, counts: Counts) -> Seen:
    latency = seen.latency
    if counts.latency is not None:
        latency = add_histograms(latency, counts.latency)
    return Seen(
        requests=seen.requests + counts.requests,
        failures=seen.failures + min(counts.failures, counts.requests),
        latency=latency,
    )


def _add(
    evidence: Evidence,
    frame: _Frame,
    rule: Rule,
    interval: Interval,
    *,
    bounds_ms: Mapping[str, float],
) -> Evidence:
    target = _count_bad(rule, interval.counts.get(frame.target), bounds_ms)
    if target is None:
        return evidence
    if not rule.kind.compares:
        return add_alone(evidence, target)
    other = _count_bad(rule, interval.counts.get(frame.other), bounds_ms)
    return evidence if other is None else add_interval(evidence, target=target, other=other)


def _count_bad(rule: Rule, counts: Counts | None, bounds_ms: Mapping[str, float]) -> Tally | None:
    if counts is None:
        return None
    if not rule.kind.is_of_latency:
        return Tally(requests=counts.requests, bad=min(counts.failures, counts.requests))
    if counts.latency is None:
        return None
    bound_ms = bounds_ms.get(rule.name)
    if rule.kind is RuleKind.LATENCY:
        bound_ms = find_bound_above(counts.latency, rule.allowed)
    bad = None if bound_ms is None else count_above(counts.latency, bound_ms)
    return None if bad is None else Tally(requests=sum(counts.latency.counts), bad=bad)


def _fix_bounds(progress: Progress, frame: _Frame, interval: Interval) -> Progress:
    missing = [
        rule
        for rule in frame.rules
        if rule.kind is RuleKind.LATENCY_BESIDE and rule.name not in progress.bounds_ms
    ]
    counts = interval.counts.get(frame.other)
    if not missing or counts is None or counts.latency is None:
        return progress
    baseline = add_histograms(progress.baseline, counts.latency)
    bounds = dict(progress.bounds_ms)
    for rule in missing:
        bound_ms = _choose_bound(baseline, rule, frame.gates.requests_min)
        if bound_ms is not None:
            bounds[rule.name] = bound_ms
    return replace(progress, baseline=baseline, bounds_ms=bounds)


def _choose_bound(baseline: Histogram, rule: Rule, requests_min: int) -> float | None:
    tail = max(1e-9, 1 - rule.percentile / 100)
    needed = min(BASELINE_MAX, max(requests_min, BASELINE_TAIL / tail))
    usual_ms = find_percentile(baseline, rule.percentile)
    if usual_ms is None or sum(baseline.counts) < needed:
        return None
    return find_bound_above(baseline, usual_ms + rule.allowed) or baseline.bounds_ms[-1]


def _watch(progress: Progress, gates: Gates, interval: Interval) -> Progress:
    if gates.hung_after_s is None or not gates.has_traffic:
        return progress
    follows = progress.last_seq is not None and interval.seq == progress.last_seq + 1
    from_s, to_s = interval.from_at.timestamp(), interval.to_at.timestamp()
    watches = {}
    for cluster, counts in interval.counts.items():
        before = progress.watches.get(cluster, Watch())
        if not follows or abs(before.seen_to_s(from_s) - from_s) > TOUCHING_S:
            before = Watch()
        watches[cluster] = watch(
            before,
            counts,
            make_span(counts, from_s, to_s),
            after_s=gates.hung_after_s,
            is_judged=cluster is gates.target,
        )
    return replace(progress, watches=watches, last_seq=interval.seq)


def _take_long(progress: Progress, frame: _Frame, evidence: Evidence) -> tuple[Progress, Evidence]:
    target = progress.watches.get(frame.target, Watch())
    other = progress.watches.get(frame.other, Watch())
    if not target.started or not other.started:
        return progress, evidence
    long = {
        cluster: Tally(requests=found.started, bad=min(found.long, found.started))
        for cluster, found in ((frame.target, target), (frame.other, other))
    }
    evidence = add_interval(evidence, target=long[frame.target], other=long[frame.other])
    watches = {
        cluster: replace(found, started=0, long=found.long - long[cluster].bad)
        for cluster, found in progress.watches.items()
    }
    return replace(progress, watches=watches), evidence


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
