"""Envoy's statistics pages become figures of each cluster.

What a user sees as failed is mostly a 5xx, which Envoy counts for answers of its own as well. Where
an answer broke off in the middle it counts a 200 and, apart, the break. Each kind of break also
leads to one code of Envoy's own when it comes before the answer, so of the two the larger counts:
nothing twice, and nothing that a retry saved. docs/reference/statistics.md has the measurements.
"""

import operator
import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bascule.gateway.driver import ClusterTraffic, Histogram
from bascule.gateway.envoy.previews import PATTERN, Counted, read_previews
from bascule.ids import Cluster
from bascule.routing.naming import choose_newest

LATENCY_BOUNDS_MS = (
    *(1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300, 400, 500),
    *(650, 800, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 60_000, 3_600_000),
)
"""The last one is so large that nothing is above it: Envoy does not count what is."""

FIGURES_AT_A_TIME = 500
LINES_AT_A_TIME = 50
"""So many figures, or histograms, are read before others may run: a switch may be waiting."""

CODE_BY_BREAK = {
    "upstream_cx_protocol_error": 502,
    "upstream_rq_rx_reset": 503,
    "upstream_rq_timeout": 504,
}
"""How an answer breaks off, and what Envoy answers where it has not begun."""
BROKEN_OFF = ("upstream_cx_destroy_local_with_active_rq", "upstream_rq_tx_reset")
"""Requests that Envoy gave up itself, mostly because their client went."""
BREAKS = frozenset({*CODE_BY_BREAK, *BROKEN_OFF})
FIGURES = (
    "upstream_rq_total",
    "upstream_rq_active",
    "membership_healthy",
    "upstream_rq_completed",
    "upstream_rq_5xx",
    *(f"upstream_rq_{code}" for code in CODE_BY_BREAK.values()),
    *CODE_BY_BREAK,
    *BROKEN_OFF,
    "upstream_rq_retry",
    "upstream_rq_pending_failure_eject",
    "upstream_rq_pending_overflow",
    "upstream_cx_none_healthy",
)
LATENCY = "upstream_rq_time"

_NUMBER = re.compile(r"^cluster\.(((?:blue|green)(?:-\d+)?)/[^.\n]+)\.(\w+): (\d+)$", re.MULTILINE)
_BUCKETS = re.compile(rf"(?:cluster\.((?:blue|green)(?:-\d+)?)/[^.]+\.|{PATTERN}){LATENCY}: (B.+)$")
_BOUND = re.compile(r"B([\d.e+]+)\(")
_BELOW = re.compile(r",(\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What Envoy's admin interface answered: lines of text, one a figure."""

    numbers: str
    histograms: str | None = None
    """None when they were not asked for."""


def sum_traffic(pages: Pages) -> Generator[None, None, Mapping[Cluster, Counted]]:
    """Return what is counted for each cluster, summed over its backends; yields now and then."""
    sums: dict[str, dict[str, int]] = {}
    broken: set[str] = set()
    for number, (name, tag, statistic, value) in enumerate(_numbers(pages.numbers), 1):
        figures = sums.setdefault(tag, {})
        figures[statistic] = figures.get(statistic, 0) + int(value)
        if statistic in BREAKS:
            broken.add(name)
        if number % FIGURES_AT_A_TIME == 0:
            yield
    by_backend: dict[str, Counter[str]] = {name: Counter() for name in broken}
    if broken:  # Rare: only of these has each to be looked at by itself.
        for number, (name, _, statistic, value) in enumerate(_numbers(pages.numbers), 1):
            if name in broken:
                by_backend[name][statistic] = int(value)
            if number % FIGURES_AT_A_TIME == 0:
                yield
    latencies = _Latencies(LATENCY_BOUNDS_MS, None)
    if pages.histograms is not None:
        latencies = yield from _sum_latencies(pages.histograms)
    previews = read_previews(pages.numbers)
    totals = {}
    for cluster, tag in choose_newest(sums).items():
        broken_off = [found for name, found in by_backend.items() if name.startswith(f"{tag}/")]
        totals[cluster] = Counted(
            everything=_judge(sums.get(tag, {}), broken_off, latencies.of(tag)),
            previews=previews.get(tag, {}),
            preview_latency=latencies.of(tag, is_preview=True),
        )
    return totals if _is_whole(sums.values()) else {c: _as_before(t) for c, t in totals.items()}


def _is_whole(sums: Iterable[Mapping[str, int]]) -> bool:
    """Whether Envoy counts all that we ask for; one that an earlier version started does not."""
    names = {name for figures in sums for name in figures}
    return "upstream_rq_completed" in names or "upstream_rq_total" not in names


def _as_before(counted: Counted) -> Counted:
    everything = replace(counted.everything, completed_total=None, abandoned_total=None)
    return replace(counted, everything=everything)


def _numbers(page: str) -> Iterator[tuple[str, ...]]:
    """Yield backend, tag, statistic and value of each line that is of a backend."""
    return (found.groups() for found in _NUMBER.finditer(page))


def add_traffic(parts: Iterable[ClusterTraffic]) -> ClusterTraffic:
    """Return the figures of several instances as one."""
    known = list(parts)
    histograms = [part.latency for part in known if part.latency is not None]
    latency = None
    if histograms and len(histograms) == len(known):
        latency = histograms[0]
        for other in histograms[1:]:
            latency = add_histograms(latency, other)
    return ClusterTraffic(
        requests_total=sum(p.requests_total for p in known),
        requests_active=_add_known(p.requests_active for p in known),
        endpoints_healthy=_add_known(p.endpoints_healthy for p in known),
        failures_total=sum(p.failures_total for p in known),
        completed_total=_add_known(p.completed_total for p in known),
        abandoned_total=_add_known(p.abandoned_total for p in known),
        latency=latency,
        previews_total=_add_known(p.previews_total for p in known),
    )


def add_histograms(a: Histogram, b: Histogram) -> Histogram:
    """Return both as one, in the buckets that they have in common; an empty one has any."""
    for one, other in ((a, b), (b, a)):
        if not sum(one.counts):
            return other
    below_a, below_b = _running(a), _running(b)
    bounds = tuple(bound for bound in a.bounds_ms if bound in below_b)
    running = [below_a[bound] + below_b[bound] for bound in bounds]
    return _from_running(bounds, running, sum(a.counts) + sum(b.counts))


def _judge(
    figures: Mapping[str, int], broken: Iterable[Counter[str]], latency: Histogram | None
) -> ClusterTraffic:
    """Return the figures of one cluster; `broken` are those of each backend with breaks."""
    backends = list(broken)
    return ClusterTraffic(
        requests_total=figures.get("upstream_rq_total", 0),
        requests_active=figures.get("upstream_rq_active", 0),
        endpoints_healthy=figures.get("membership_healthy", 0),
        failures_total=figures.get("upstream_rq_5xx", 0) + sum(map(_count_halves, backends)),
        completed_total=figures.get("upstream_rq_completed", 0),
        abandoned_total=sum(map(_count_abandoned, backends)),
        latency=latency,
    )


def _count_halves(counts: Counter[str]) -> int:
    """Return how many answers of a backend broke off, and are no 5xx."""
    if "upstream_rq_completed" not in counts:  # An Envoy of an earlier version counts no codes.
        return 0
    return sum(
        max(0, counts[sign] - counts[f"upstream_rq_{code}"]) for sign, code in CODE_BY_BREAK.items()
    )


def _count_abandoned(counts: Counter[str]) -> int:
    """Return how many were given up by their client before an answer came, at the most.

    Both figures hold them: one has those that still wait as well, the other those that were given
    up in the middle of an answer.
    """
    unanswered = (
        counts["upstream_rq_total"]
        - counts["upstream_rq_completed"]
        + counts["upstream_cx_none_healthy"]
        + counts["upstream_rq_pending_failure_eject"]
        + counts["upstream_rq_pending_overflow"]
        - counts["upstream_rq_retry"]
    )
    broken_off = sum(counts[name] for name in BROKEN_OFF) - counts["upstream_rq_timeout"]
    return max(0, min(unanswered, broken_off))


def _add_known(totals: Iterable[int | None]) -> int | None:
    """Return the sum, or None when one is not known."""
    known = list(totals)
    return None if None in known else sum(total or 0 for total in known)


@dataclass(frozen=True, slots=True)
class _Latencies:
    """How many answers took up to each bound, by tag and whether they were previews'."""

    bounds_ms: tuple[float, ...]
    below: Mapping[tuple[str, bool], list[int]] | None
    """None when they were not asked for."""

    def of(self, tag: str, *, is_preview: bool = False) -> Histogram | None:
        """Return those of one cluster; an empty histogram where there are none."""
        if self.below is None:
            return None
        below = self.below.get((tag, is_preview)) or [0] * len(self.bounds_ms)
        return _from_running(self.bounds_ms, below, below[-1])


def _sum_latencies(page: str) -> Generator[None, None, _Latencies]:
    """Return the latencies of each cluster; Envoy gives, for each bound, how many are below it.

    One Envoy has the same bounds for all of them.
    """
    running: dict[tuple[str, bool], list[int]] = {}
    bounds: tuple[float, ...] = LATENCY_BOUNDS_MS
    for number, line in enumerate(page.splitlines(), 1):
        found = _BUCKETS.match(line)
        if found is not None:
            if not running:
                bounds = tuple(float(bound) for bound in _BOUND.findall(found[3]))
            key = (found[1] or found[2], found[1] is None)
            below = map(int, _BELOW.findall(found[3]))
            total = running.get(key)
            running[key] = [*map(operator.add, total, below)] if total else [*below]
        if number % LINES_AT_A_TIME == 0:
            yield
    return _Latencies(bounds, running)


def _running(histogram: Histogram) -> dict[float, int]:
    below, total = {}, 0
    for bound, count in zip(histogram.bounds_ms, histogram.counts, strict=False):
        total += count
        below[bound] = total
    return below


def _from_running(bounds: tuple[float, ...], running: list[int], total: int) -> Histogram:
    counts = [
        after - before for before, after in zip([0, *running], [*running, total], strict=True)
    ]
    return Histogram(bounds_ms=bounds, counts=tuple(counts))
