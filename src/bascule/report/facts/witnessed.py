"""What the witness and the checks saw over the whole upgrade."""

from collections.abc import Sequence
from datetime import datetime

from bascule.report.facts.measured import CheckSample, WitnessSample, covered_share
from bascule.report.facts.model import CheckFacts, GapFacts, WitnessFacts
from bascule.report.verdict import GAP_INTERVALS_MAX, GAP_MAX_S

GAPS_MAX = 20
"""How many gaps are told, the longest first to stay."""


def read_witness(
    samples: Sequence[WitnessSample], *, whole: tuple[datetime, datetime]
) -> WitnessFacts:
    """Return what the witness saw in the time of the upgrade."""
    gaps = [s.max_gap_ms for s in samples if s.max_gap_ms is not None]
    p50s = [s.p50_ms for s in samples if s.p50_ms is not None]
    p99s = [s.p99_ms for s in samples if s.p99_ms is not None]
    return WitnessFacts(
        samples=len(samples),
        covered_share=covered_share(samples, *whole) if samples else None,
        requests=sum(s.requests for s in samples) if samples else None,
        failed=sum(s.failed for s in samples) if samples else None,
        max_gap_ms=max(gaps, default=None),
        gap_limit_ms=max(map(_limit_ms, samples), default=GAP_MAX_S * 1000),
        gaps=_long_gaps(samples),
        p50_typical_ms=_median(p50s),
        p99_typical_ms=_median(p99s),
        p99_worst_ms=max(p99s, default=None),
    )


def _long_gaps(samples: Sequence[WitnessSample]) -> tuple[GapFacts, ...]:
    found = [
        GapFacts(from_at=s.from_at, to_at=s.to_at, gap_ms=s.max_gap_ms)
        for s in samples
        if s.max_gap_ms is not None and s.max_gap_ms > _limit_ms(s)
    ]
    longest = sorted(found, key=lambda g: g.gap_ms, reverse=True)[:GAPS_MAX]
    return tuple(sorted(longest, key=lambda g: g.from_at))


def _limit_ms(sample: WitnessSample) -> float:
    """Return how long a gap may be: less cannot be seen by asking so rarely."""
    return max(GAP_MAX_S * 1000, GAP_INTERVALS_MAX * (sample.interval_ms or 0.0))


def _median(values: Sequence[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def read_checks(samples: Sequence[CheckSample]) -> tuple[CheckFacts, ...]:
    """Return what each check answered, by name."""
    by_name: dict[str, list[CheckSample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    found = []
    for name, looks in sorted(by_name.items()):
        outcomes = [s.outcome for s in looks]
        passed, failed = outcomes.count("passed"), outcomes.count("failed")
        found.append(
            CheckFacts(
                name=name,
                looks=len(looks),
                passed=passed,
                failed=failed,
                unknown=len(looks) - passed - failed,
                last_at=looks[-1].at,
                last_outcome=looks[-1].outcome,
                last_value=looks[-1].value,
                last_reason=looks[-1].reason,
            )
        )
    return tuple(found)
