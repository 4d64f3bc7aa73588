"""Which requests failed, in which second, and which of them the baseline explains."""

from collections import Counter
from dataclasses import dataclass

import msgspec

from bascule.lab.load.evidence import Evidence
from bascule.lab.load.samples import Outcome
from bascule.lab.load.stats import excused

FAILURES_LISTED_MAX = 200


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one kind in one second of the run (counted from its start)."""

    second: int
    lane: str
    error: str
    status: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """All failures; `failed` is without the `excused` ones."""

    failed: int
    excused: int
    failures: tuple[Failure, ...]


def count_failures(evidence: Evidence) -> Failures:
    """Return every request that did not get its answer. A request without an end failed too.

    A bad status that the baseline shows as well is excused as far as the baseline's rate goes;
    a connection that broke never is.
    """
    samples = evidence.samples
    found: Counter[tuple[int, int, int, int]] = Counter()
    for row, outcome in enumerate(samples.outcome):
        if outcome != Outcome.OK:
            second = int(samples.scheduled[row] - evidence.started_s)
            found[second, samples.lane[row], outcome, samples.status[row]] += 1
    excuse = _excuse(evidence)
    listed = tuple(
        Failure(
            second=second,
            lane=evidence.plan.lanes[lane].name,
            error=Outcome(outcome).name.lower(),
            status=status,
            count=count,
        )
        for (second, lane, outcome, status), count in sorted(found.items())
    )
    return Failures(
        failed=sum(found.values()) - excuse,
        excused=excuse,
        failures=listed[:FAILURES_LISTED_MAX],
    )


def _excuse(evidence: Evidence) -> int:
    baseline, during = evidence.baseline, evidence.during
    if baseline is None or during is None:
        return 0
    before = _bad_statuses(evidence, evidence.rows_in(baseline))
    after = _bad_statuses(evidence, evidence.rows_in(during))
    sizes_before = Counter(evidence.samples.lane[row] for row in evidence.rows_in(baseline))
    sizes_after = Counter(evidence.samples.lane[row] for row in evidence.rows_in(during))
    total = 0
    for key, bad in before.items():
        lane = key[0]
        allowed = excused(bad, sizes_before[lane], sizes_after[lane])
        total += bad + min(allowed, after[key])
    return total


def _bad_statuses(evidence: Evidence, rows: range) -> Counter[tuple[int, int]]:
    samples = evidence.samples
    return Counter(
        (samples.lane[row], samples.status[row])
        for row in rows
        if samples.outcome[row] == Outcome.BAD_STATUS
    )
