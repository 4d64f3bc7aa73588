"""A sequential test that may be looked at after every interval: an e-process over rate ratios.

Each interval multiplies a bet against "the target's rate of bad events is at most the other's" by a
factor whose expectation is at most 1 while that is true. So the bet ever reaches 1/alpha with a
chance of alpha at most (Ville), however often one looks. docs/explanation/gates.md has the proof,
the assumptions and the references.

Where bad events come several at once, the bet is discounted by how many do: it only gets smaller.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

LOG2_RATIOS = (
    *(n / 2 for n in range(-12, -2)),
    *(n / 4 for n in range(-4, 5)),
    *(n / 2 for n in range(3, 21)),
)
"""The fixed grid, 1/64 to 1,024, finer around 1."""
RATIOS = tuple(2.0**power for power in LOG2_RATIOS)
_LOG_RATIOS = tuple(math.log(ratio) for ratio in RATIOS)
_ONE = LOG2_RATIOS.index(0.0)
CONFIDENCE = 0.95
"""Of the intervals for people; the test itself uses alpha."""
DISPERSION_INTERVALS_MIN = 5
"""In fewer intervals one cannot see whether bad events come one by one."""
DISPERSION_ASSUMED = 10.0
"""So many are taken to come at once as long as one cannot see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Requests and how many of them were bad; `bad` is at most `requests`."""

    requests: int = 0
    bad: int = 0

    @property
    def rate(self) -> float | None:
        """The share of bad ones; None when there was no request."""
        return self.bad / self.requests if self.requests else None

    def plus(self, more: "Tally") -> "Tally":
        """Return both together."""
        return Tally(requests=self.requests + more.requests, bad=self.bad + more.bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Sums over intervals by which one sees how rates vary from interval to interval.

    An interval has the weight w = 1 / (1 / target's requests + 1 / other's requests).
    """

    target_squares: float = 0.0
    """Of w x (target's rate)^2."""
    products: float = 0.0
    """Of w x target's rate x other's rate."""
    other_squares: float = 0.0
    weights: float = 0.0
    shares: float = 0.0
    """Of the target's share of requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a test keeps of its intervals, so that it can go on after a restart.

    `costs[i]` is the sum over intervals of bad events x log(1 + (RATIOS[i] - 1) x the target's
    share of requests); empty where nothing is compared.
    """

    target: Tally = Tally()
    other: Tally = Tally()
    intervals: int = 0
    bad_intervals: int = 0
    """In how many of them the target had a bad event."""
    costs: tuple[float, ...] = ()
    spread: Spread = Spread()


def add_interval(evidence: Evidence, *, target: Tally, other: Tally) -> Evidence:
    """Return `evidence` with one interval more; one in which either had no request adds nothing."""
    if not target.requests or not other.requests:
        return evidence
    costs = evidence.costs or (0.0,) * len(RATIOS)
    bad = target.bad + other.bad
    share = target.requests / (target.requests + other.requests)
    if bad:
        costs = tuple(
            cost + bad * math.log1p((ratio - 1) * share)
            for cost, ratio in zip(costs, RATIOS, strict=True)
        )
    return Evidence(
        target=evidence.target.plus(target),
        other=evidence.other.plus(other),
        intervals=evidence.intervals + 1,
        bad_intervals=evidence.bad_intervals + bool(target.bad),
        costs=costs,
        spread=_spread(evidence.spread, target, other, weight=share * other.requests, share=share),
    )


def add_alone(evidence: Evidence, target: Tally) -> Evidence:
    """Return `evidence` with one interval more of the target, which is compared with nobody."""
    if not target.requests:
        return evidence
    return Evidence(
        target=evidence.target.plus(target),
        intervals=evidence.intervals + 1,
        bad_intervals=evidence.bad_intervals + bool(target.bad),
        spread=_spread(evidence.spread, target, Tally(), weight=target.requests, share=0.0),
    )


def estimate_dispersion(evidence: Evidence) -> float:
    """Return about how many bad events come at once: 1 where each comes for itself, never less.

    It is how much the target's rate varies around its usual multiple of the other's, over how much
    it would vary if each request were bad for itself. What goes up and down in both together does
    not count. Before `DISPERSION_INTERVALS_MIN` intervals it is at least `DISPERSION_ASSUMED`.
    """
    rate, spread = evidence.target.rate, evidence.spread
    least = DISPERSION_ASSUMED if evidence.intervals < DISPERSION_INTERVALS_MIN else 1.0
    if evidence.intervals < 2 or not rate or rate >= 1:
        return least
    share = spread.shares / evidence.intervals
    if evidence.other.rate:
        ratio = rate / evidence.other.rate
        found = spread.target_squares - 2 * ratio * spread.products
        found += ratio**2 * spread.other_squares
        scale = 1 - share + ratio * share
    else:
        found = spread.target_squares - rate**2 * spread.weights
        scale = 1 - share
    return max(least, found / ((evidence.intervals - 1) * rate * (1 - rate) * scale))


def log_e_worse(evidence: Evidence, *, dispersion: float = 1.0) -> float:
    """Return the log of the e-value against "the target's rate is at most the other's".

    The bet is spread evenly over the ratios above 1. Discounted by a `dispersion` above 1 an
    e-value above 1 only gets smaller, whatever the dispersion was estimated from.
    """
    if not evidence.costs:
        return 0.0
    return _log_mean_exp(_log_likelihoods(evidence)[_ONE + 1 :], dispersion)


def log_e_above(tally: Tally, share_max: float, *, dispersion: float = 1.0) -> float:
    """Return the log of the e-value against "a share of `share_max` at most is bad", 0 to 1.

    The bet is spread evenly over odds that are the grid's ratios times those of `share_max`; it is
    discounted as that of `log_e_worse` is.
    """
    if not tally.requests or share_max >= 1:
        return 0.0
    if share_max <= 0:
        return math.inf if tally.bad else 0.0
    good = tally.requests - tally.bad
    logs = []
    for ratio in RATIOS[_ONE + 1 :]:
        scale = 1 + (ratio - 1) * share_max
        logs.append(tally.bad * math.log(ratio / scale) - good * math.log(scale))
    return _log_mean_exp(logs, dispersion)


def find_ratio_interval(
    evidence: Evidence, confidence: float = CONFIDENCE
) -> tuple[float | None, float | None]:
    """Return between which bounds the ratio of the two rates lies; None: no bound on that side.

    All intervals that are ever shown hold the true ratio at once with that confidence: they are the
    ratios that the same bet, spread over the whole grid, does not reject.
    """
    if not evidence.costs:
        return None, None
    logs = _log_likelihoods(evidence)
    least = _log_mean_exp(logs) + math.log1p(-confidence)
    kept = [i for i, log in enumerate(logs) if log > least]
    first, last = kept[0], kept[-1]
    low = RATIOS[first - 1] if first > 0 else None
    high = RATIOS[last + 1] if last + 1 < len(RATIOS) else None
    return low, high


def _log_likelihoods(evidence: Evidence) -> list[float]:
    bad = evidence.target.bad
    return [bad * log - cost for log, cost in zip(_LOG_RATIOS, evidence.costs, strict=True)]


def _log_mean_exp(logs: Sequence[float], dispersion: float = 1.0) -> float:
    most = max(logs)
    total = sum(math.exp((log - most) / dispersion) for log in logs)
    return most / dispersion + math.log(total / len(logs))


def _spread(before: Spread, target: Tally, other: Tally, *, weight: float, share: float) -> Spread:
    mine, others = target.rate or 0.0, other.rate or 0.0
    return Spread(
        target_squares=before.target_squares + weight * mine * mine,
        products=before.products + weight * mine * others,
        other_squares=before.other_squares + weight * others * others,
        weights=before.weights + weight,
        shares=before.shares + share,
    )
