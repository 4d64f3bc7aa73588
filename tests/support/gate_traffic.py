"""Made-up traffic for gates, from a seed: what a gateway would have counted, interval by interval.

Failures, slow and hung requests are drawn for each request alone; latency drifts in both clusters
together; streams open in both and stay where they are.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster
from bascule.upgrade.gates.absorbing import absorb, begin
from bascule.upgrade.gates.judge import Judged, judge, split_alpha
from bascule.upgrade.gates.model import Counts, Gates, GateVerdict, Interval, LatencyRule
from bascule.upgrade.gates.progress import Progress

START = datetime(2026, 1, 5, tzinfo=UTC)
BOUNDS_MS = tuple(
    float(bound)
    for bound in (
        *(5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 150, 200, 300),
        *(500, 1_000, 2_500, 5_000, 10_000, 30_000),
    )
)
MEDIAN_MS = 25.0
SPREAD = 0.45
"""Of the logarithm of a latency: p99 is 2.8 times the median."""
STREAM_S = 300.0
"""How long a stream stays open on average."""
SHARES = (0.05, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one cluster treats its requests; shares are 0 to 1."""

    errors: float = 0.002
    slower_ms: float = 0.0
    hangs: float = 0.0
    """Of these requests no end is ever seen."""
    streams: float = 0.001
    """These requests are streams."""
    clump: int = 1
    """So many requests fail together, as when a pod dies; the share of errors stays the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How the load goes over time, alike for both clusters; each gets seconds since the start."""

    rate_rps: Callable[[float], float] = lambda _: 200.0
    slowness: Callable[[float], float] = lambda _: 1.0
    trouble: Callable[[float], float] = lambda _: 1.0
    """By what the shares of errors are multiplied, as where both share a database."""


@dataclass(slots=True)
class _Open:
    streams: int = 0
    hung: int = 0
    young: int = 0


@dataclass(slots=True)
class World:
    """Both clusters and the load between them; `share_of_green` may be changed at any time."""

    rng: random.Random
    blue: Behaviour = field(default_factory=Behaviour)
    green: Behaviour = field(default_factory=Behaviour)
    shape: Shape = field(default_factory=Shape)
    share_of_green: float = 0.0
    at_s: float = 0.0
    seq: int = 0
    _open: dict[Cluster, _Open] = field(default_factory=dict)

    def __post_init__(self) -> None:
        streams = self.shape.rate_rps(0) * self.blue.streams * STREAM_S
        self._open = {Cluster.BLUE: _Open(streams=round(streams)), Cluster.GREEN: _Open()}

    def pass_time(self, seconds: float) -> Interval:
        """Return what the gateway counted in the next `seconds`."""
        requests = self.shape.rate_rps(self.at_s) * seconds
        shares = {Cluster.BLUE: 1 - self.share_of_green, Cluster.GREEN: self.share_of_green}
        counts = {
            cluster: self._count(cluster, requests * share, seconds)
            for cluster, share in shares.items()
        }
        self.seq += 1
        begun_s, self.at_s = self.at_s, self.at_s + seconds
        return Interval(
            seq=self.seq,
            from_at=START + timedelta(seconds=begun_s),
            to_at=START + timedelta(seconds=self.at_s),
            counts=counts,
        )

    def _count(self, cluster: Cluster, requests: float, seconds: float) -> Counts:
        behaviour = self.blue if cluster is Cluster.BLUE else self.green
        kept = self._open[cluster]
        new_streams = draw_poisson(self.rng, requests * behaviour.streams)
        ended_streams = draw_binomial(self.rng, kept.streams, 1 - math.exp(-seconds / STREAM_S))
        hung = draw_poisson(self.rng, requests * behaviour.hangs)
        usual = requests * (1 - behaviour.streams - behaviour.hangs)
        latency = self._draw_latency(usual, behaviour)
        ended = sum(latency.counts)
        young = draw_poisson(self.rng, usual / seconds * MEDIAN_MS / 1000)
        started = max(0, ended + young - kept.young) + new_streams + hung
        kept.streams += new_streams - ended_streams
        kept.hung += hung
        kept.young = young
        errors = behaviour.errors * self.shape.trouble(self.at_s)
        return Counts(
            requests=ended + ended_streams,
            failures=self._draw_failures(ended, errors, behaviour.clump),
            started=started,
            open=kept.streams + kept.hung + kept.young,
            latency=latency,
        )

    def _draw_failures(self, ended: int, share: float, clump: int) -> int:
        return min(ended, clump * draw_binomial(self.rng, ended, min(1.0, share / clump)))

    def _draw_latency(self, requests: float, behaviour: Behaviour) -> Histogram:
        slowness = round(self.shape.slowness(self.at_s), 2)
        chances = share_by_bucket(slowness, behaviour.slower_ms)
        counts = tuple(draw_poisson(self.rng, requests * chance) for chance in chances)
        return Histogram(bounds_ms=BOUNDS_MS, counts=counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an upgrade went: the share at which a gate failed, None when none did."""

    failed_at: float | None
    requests_on_green: int = 0
    """In the step that failed, until it did."""
    judged: Judged | None = None
    late: int = 0
    """How many steps had not passed when their time was over; they would have waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a step: the interval since the last one, and what came of it."""

    interval: Interval
    progress: Progress
    judged: Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The steps of an upgrade and how often each is looked at."""

    shares: tuple[float, ...] = SHARES
    looks: int = 10
    look_s: float = 5.0
    gates: Gates


def usual_gates(total_alpha: float = 0.01, steps: int = len(SHARES)) -> Gates:
    """Return the gates that most upgrades would have; the chance is that of the whole upgrade."""
    return Gates(
        alpha=split_alpha(total_alpha, steps),
        requests_min=50,
        success_min=0.98,
        below_blue_max=0.002,
        latency=(
            LatencyRule(percentile=50, over_blue_max_ms=30),
            LatencyRule(percentile=99, over_blue_max_ms=30),
        ),
    )


def run_upgrade(world: World, course: Course) -> Outcome:
    """Return how the steps of `course` went in `world`, looked at after each interval."""
    gates = course.gates
    former = [world.pass_time(course.look_s) for _ in range(3)]
    late = 0
    for share in course.shares:
        world.share_of_green = share
        progress = begin(gates, former)
        former = []
        verdict = GateVerdict.HOLD
        for latest in look(world, progress, course):
            former.append(latest.interval)
            verdict = latest.judged.verdict
            if verdict is GateVerdict.FAIL:
                requests = latest.progress.seen[Cluster.GREEN].requests
                return Outcome(failed_at=share, requests_on_green=requests, judged=latest.judged)
        late += verdict is not GateVerdict.PASS
    return Outcome(failed_at=None, late=late)


def look(world: World, progress: Progress, course: Course) -> Iterator[Look]:
    """Yield what each look at one step gave."""
    for number in range(1, course.looks + 1):
        interval = world.pass_time(course.look_s)
        progress = absorb(progress, course.gates, [interval])
        judged = judge(
            progress,
            course.gates,
            elapsed_s=number * course.look_s,
            hold_s=course.looks * course.look_s,
        )
        yield Look(interval=interval, progress=progress, judged=judged)


def draw_poisson(rng: random.Random, mean: float) -> int:
    """Return a Poisson number; a rounded normal one where the mean is large."""
    if mean <= 0:
        return 0
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    left, number = math.exp(-mean), 0
    product = rng.random()
    while product > left:
        number += 1
        product *= rng.random()
    return number


def draw_binomial(rng: random.Random, tries: int, chance: float) -> int:
    """Return how many of `tries` come true, by the gaps between them."""
    if chance <= 0 or tries <= 0:
        return 0
    if chance >= 1:
        return tries
    scale = math.log1p(-chance)
    number, at = 0, 0
    while True:
        at += int(math.log(1.0 - rng.random()) / scale) + 1
        if at > tries:
            return number
        number += 1


@lru_cache(maxsize=1_000)
def share_by_bucket(slowness: float, slower_ms: float) -> tuple[float, ...]:
    """Return with what chance a latency falls into each bucket."""
    median = math.log(MEDIAN_MS * slowness)
    within = [0.0]
    for bound in BOUNDS_MS:
        left = bound - slower_ms
        width = SPREAD * math.sqrt(2)
        within.append(0.5 * math.erfc((median - math.log(left)) / width) if left > 0 else 0.0)
    return tuple(b - a for a, b in pairwise([*within, 1.0]))
