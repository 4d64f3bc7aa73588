"""The product's own verdict on a command: its witness' samples and the gateway's counts.

The rules are those of docs/explanation/zero-downtime.md, as far as the product can see them.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

from bascule.gateway.driver import ClusterTraffic
from bascule.ids import Cluster
from bascule.report.samples import Sample, Samples

GAP_MAX_S = 0.250
GAP_INTERVALS_MAX = 2
LATE_S = 0.025
"""The witness was itself to blame for what it saw when it sent this late."""
UNMEASURED_SHARE_MAX = 0.01
P99_SAMPLES_MIN = 300
"""With fewer samples the 99th percentile is one or two of them, and so unknown."""
REASONS_MAX = 20

_EXCUSABLE_ERRORS = frozenset({"tls"})


def _no_counts() -> Mapping[Cluster, ClusterTraffic]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCounts:
    """The gateway's counters before and after; empty where it could not be asked.

    `settled` are the counters read once the command was in effect: from then to `after` the
    cluster that takes nothing must not get a request.
    """

    before: Mapping[Cluster, ClusterTraffic] = field(default_factory=_no_counts)
    settled: Mapping[Cluster, ClusterTraffic] = field(default_factory=_no_counts)
    after: Mapping[Cluster, ClusterTraffic] = field(default_factory=_no_counts)
    takes_nothing: Cluster | None = None
    is_previewed: bool = False
    """Whether previews, and checks that compare, may reach the cluster that takes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """One rule; `holds` None: the product could not judge it."""

    number: int
    holds: bool | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the product says of one command. None is unknown, never 0."""

    requests: int
    failed: int
    excused: int
    gateway_failures: int | None
    gateway_requests: int | None
    max_gap_ms: float | None
    p99_baseline_ms: float | None
    p99_during_ms: float | None
    wrong_cluster: int | None
    still_open: int | None
    unmeasured: int
    rules: tuple[RuleVerdict, ...]
    reasons: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether no rule is broken and the first was judged."""
        return self.rules[0].holds is True and all(r.holds is not False for r in self.rules)

    @property
    def failure_rate_bound(self) -> float | None:
        """Upper bound (95 %) of the failure rate when nothing failed: 3/n."""
        if self.failed or not self.requests:
            return None
        return min(1.0, 3 / self.requests)


def judge(baseline: Samples, during: Samples, *, counts: GatewayCounts | None = None) -> Verdict:
    """Return the verdict on `during`, measured against `baseline`."""
    known = counts if counts is not None else GatewayCounts()
    failures, excused = _failures(baseline.samples, during.samples)
    longest_s, gap_reasons, gap_late = _gaps(during, failures)
    before_ms, after_ms, late = _latencies(baseline.samples, during.samples)
    gateway_failures = _risen(known.before, known.after, "failures_total")
    wrong = _wrong_cluster(known)
    unmeasured = gap_late + late
    requests = len(during.samples)
    rules = (
        _judge_failures(requests, len(failures), gateway_failures),
        _judge_gaps(requests, gap_reasons, longest_s),
        _judge_latency(before_ms, after_ms, unmeasured_share=unmeasured / max(1, requests)),
        _judge_wrong(wrong, has_previews=_has_previews(known)),
        RuleVerdict(number=5, holds=None, reason="stream resets are not seen by the witness"),
        RuleVerdict(number=6, holds=None, reason="side effects are not seen by the witness"),
    )
    return Verdict(
        requests=requests,
        failed=len(failures),
        excused=excused,
        gateway_failures=gateway_failures,
        gateway_requests=_risen(known.before, known.after, "requests_total"),
        max_gap_ms=None if longest_s is None else round(longest_s * 1000, 3),
        p99_baseline_ms=before_ms,
        p99_during_ms=after_ms,
        wrong_cluster=wrong,
        still_open=_still_open(known),
        unmeasured=unmeasured,
        rules=rules,
        reasons=_reasons(failures, gap_reasons),
    )


def _failures(
    baseline: Sequence[Sample], during: Sequence[Sample]
) -> tuple[tuple[Sample, ...], int]:
    """Return the failed samples, and how many bad answers were as before and so excused.

    An answer is bad when it is a 5xx, or a 4xx that this target did not give before. A bad answer
    is excused as far as the baseline's share of it (and three deviations) goes.
    """
    seen = Counter((s.target, s.answer) for s in baseline)
    size_before = Counter(s.target for s in baseline)
    size_during = Counter(s.target for s in during)
    left = {
        key: _allowance(count, size_before[key[0]], size_during[key[0]])
        for key, count in seen.items()
    }
    failed = []
    excused = 0
    for sample in during:
        key = (sample.target, sample.answer)
        if not _is_bad(sample, has_baseline=size_before[sample.target] > 0):
            continue
        is_excusable = not sample.error or sample.error in _EXCUSABLE_ERRORS
        if is_excusable and left.get(key, 0) > 0:
            left[key] -= 1
            excused += 1
        else:
            failed.append(sample)
    return tuple(failed), excused


def _is_bad(sample: Sample, *, has_baseline: bool) -> bool:
    return bool(sample.error) or sample.status >= (400 if has_baseline else 500)


def _allowance(seen: int, of: int, during: int) -> int:
    expected = during * seen / of
    return math.ceil(expected + 3 * math.sqrt(expected))


def _gaps(during: Samples, failures: Sequence[Sample]) -> tuple[float | None, tuple[str, ...], int]:
    """Return the longest gap between successes of one target, why gaps are too long, and lateness.

    The last is the number of requests in gaps that the witness' own lateness explains.
    """
    failed = set(failures)
    by_target: dict[str, list[Sample]] = {}
    for sample in during.samples:
        by_target.setdefault(sample.target, []).append(sample)
    limit_s = max(GAP_MAX_S, GAP_INTERVALS_MAX * during.interval_s)
    longest: float | None = None
    reasons = []
    unmeasured = 0
    for target, samples in sorted(by_target.items()):
        answered = sorted(s.done_s for s in samples if s not in failed)
        late_s = max(s.lateness_s for s in samples)
        for from_s, to_s in pairwise([samples[0].scheduled_s, *answered, samples[-1].done_s]):
            longest = max(longest or 0.0, to_s - from_s)
            if to_s - from_s <= limit_s:
                continue
            if to_s - from_s - late_s <= limit_s:
                unmeasured += sum(1 for s in samples if from_s <= s.scheduled_s < to_s)
            else:
                reasons.append(f"{target}: no success for {(to_s - from_s) * 1000:.0f} ms")
    return longest, tuple(reasons), unmeasured


def _latencies(
    baseline: Iterable[Sample], during: Iterable[Sample]
) -> tuple[float | None, float | None, int]:
    """Return p99 before and during (ms), of answers whose request left in time, and how many not.

    None when too few requests were made for a 99th percentile.
    """
    late = 0
    values: list[list[float]] = [[], []]
    for index, samples in enumerate((baseline, during)):
        for sample in samples:
            if sample.error:
                continue
            if sample.lateness_s > LATE_S:
                late += index
            else:
                values[index].append(sample.latency_s * 1000)
    return _p99(values[0]), _p99(values[1]), late


def _p99(values: list[float]) -> float | None:
    if len(values) < P99_SAMPLES_MIN:
        return None
    return round(sorted(values)[math.ceil(0.99 * len(values)) - 1], 3)


def _risen(
    before: Mapping[Cluster, ClusterTraffic], after: Mapping[Cluster, ClusterTraffic], name: str
) -> int | None:
    """Return by how much a counter rose over all clusters; None when unknown or reset between."""
    if not before or before.keys() != after.keys():
        return None
    rises = [getattr(after[c], name) - getattr(before[c], name) for c in before]
    return None if min(rises) < 0 else sum(rises)


def _wrong_cluster(counts: GatewayCounts) -> int | None:
    idle = counts.takes_nothing
    if idle is None or idle not in counts.settled or idle not in counts.after:
        return None
    rise = counts.after[idle].requests_total - counts.settled[idle].requests_total
    return rise if rise >= 0 else None


def _has_previews(counts: GatewayCounts) -> bool:
    """Whether previews may be among the requests of the cluster that takes nothing."""
    after = None if counts.takes_nothing is None else counts.after.get(counts.takes_nothing)
    return counts.is_previewed and after is not None and after.previews_total is None


def _still_open(counts: GatewayCounts) -> int | None:
    idle = counts.takes_nothing
    if idle is None or idle not in counts.after:
        return None
    return counts.after[idle].requests_active


def _judge_failures(requests: int, failed: int, gateway_failures: int | None) -> RuleVerdict:
    if not requests:
        return RuleVerdict(number=1, holds=None, reason="the witness made no request")
    text = f"{failed} of {requests} requests of the witness failed"
    if gateway_failures is not None:
        text += f"; the gateway counts {gateway_failures} failures"
    return RuleVerdict(number=1, holds=failed == 0 and not gateway_failures, reason=text)


def _judge_gaps(requests: int, reasons: Sequence[str], longest_s: float | None) -> RuleVerdict:
    if not requests or longest_s is None:
        return RuleVerdict(number=2, holds=None, reason="the witness made no request")
    text = f"{len(reasons)} gaps; the longest is {longest_s * 1000:.0f} ms"
    return RuleVerdict(number=2, holds=not reasons, reason=text)


def _judge_latency(
    before_ms: float | None, after_ms: float | None, *, unmeasured_share: float
) -> RuleVerdict:
    if before_ms is None or after_ms is None:
        return RuleVerdict(number=3, holds=None, reason="too few samples for a 99th percentile")
    if unmeasured_share > UNMEASURED_SHARE_MAX:
        text = f"{unmeasured_share:.1%} of the requests unmeasured: the witness was late itself"
        return RuleVerdict(number=3, holds=None, reason=text)
    limit_ms = min(2 * before_ms, before_ms + 50)
    text = f"p99 {after_ms:g} ms, {before_ms:g} ms before, limit {limit_ms:g} ms"
    return RuleVerdict(number=3, holds=after_ms <= limit_ms, reason=text)


def _judge_wrong(wrong: int | None, *, has_previews: bool) -> RuleVerdict:
    if wrong is None:
        return RuleVerdict(number=4, holds=None, reason="both clusters may answer, or unknown")
    text = f"{wrong} requests reached the cluster that takes nothing"
    if wrong and has_previews:
        text += "; previews and checks are let through to it, and this gateway counts them too"
        return RuleVerdict(number=4, holds=None, reason=text)
    return RuleVerdict(number=4, holds=wrong == 0, reason=text)


def _reasons(failures: Iterable[Sample], gaps: Iterable[str]) -> tuple[str, ...]:
    counted = Counter((s.target, s.answer) for s in failures)
    texts = [f"{target}: {count} x {answer}" for (target, answer), count in sorted(counted.items())]
    return (*texts, *gaps)[:REASONS_MAX]
