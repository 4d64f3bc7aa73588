"""What has happened since the last look, for a display: rate, split, latency, failures."""

import msgspec

from bascule.lab.load.samples import CLUSTERS, Outcome, Samples
from bascule.lab.load.stats import percentile


class LiveLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line on standard output; figures of the last interval but for the totals."""

    at_s: float
    requests: int
    failed: int
    rate: float
    p50_ms: float | None
    p99_ms: float | None
    share_by_cluster: dict[str, float]
    streams_open: int
    stalls: int


class LiveView:
    """Reads the rows that ended since the last look."""

    def __init__(self, samples: Samples, *, slow_lanes: frozenset[int]) -> None:
        self._samples = samples
        self._slow_lanes = slow_lanes
        self._cursor = 0
        self._failed = 0
        self._last_s: float | None = None

    def look(self, now_s: float, *, streams_open: int, stalls: int) -> LiveLine:
        """Return the line for the time since the last look."""
        samples = self._samples
        rows = samples.finished[self._cursor :]
        self._cursor += len(rows)
        counts = [0] * len(CLUSTERS)
        latencies = []
        for row in rows:
            if samples.outcome[row] != Outcome.OK:
                self._failed += 1
                continue
            counts[samples.cluster[row]] += 1
            if samples.lane[row] not in self._slow_lanes:
                latencies.append(samples.done[row] - samples.scheduled[row])
        latencies.sort()
        seconds = now_s - self._last_s if self._last_s is not None else 0.0
        self._last_s = now_s
        answered = sum(counts)
        return LiveLine(
            at_s=now_s,
            requests=len(samples),
            failed=self._failed,
            rate=len(rows) / seconds if seconds > 0 else 0.0,
            p50_ms=_ms(percentile(latencies, 0.5)),
            p99_ms=_ms(percentile(latencies, 0.99)),
            share_by_cluster={
                name: counts[code] / answered if answered else 0.0
                for code, name in enumerate(CLUSTERS)
                if name
            },
            streams_open=streams_open,
            stalls=stalls,
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
