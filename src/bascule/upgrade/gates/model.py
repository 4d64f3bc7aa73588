"""What gates ask for, and what they are given to judge: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bascule.errors import InvariantError
from bascule.gateway.driver import Histogram, Unused
from bascule.ids import Cluster
from bascule.journal.record import Json


class GateVerdict(StrEnum):
    """Whether the upgrade may go on."""

    PASS = "pass"  # noqa: S105 — a verdict
    HOLD = "hold"
    """Not yet: too little was seen, or too little time has passed."""
    FAIL = "fail"


class CheckType(StrEnum):
    """Where a check gets its answer."""

    HTTP = "http"
    PROMETHEUS = "prometheus"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is asked again and again while a step holds."""

    name: str
    type: CheckType
    args: Mapping[str, Json] = field(default_factory=dict)
    every_s: float = 10.0
    failures_max: int = 1
    """So many failures in a row are put up with; one more fails the gate."""
    passes_min: int = 1
    """So many good answers are needed at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRule:
    """A percentile of green's latency, absolute or against blue's at the same moment."""

    percentile: float
    """0 to 100, as 99 for p99."""
    max_ms: float | None = None
    over_blue_max_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """All gates of one step. `alpha` is the chance of a false alarm that the step may use up."""

    has_traffic: bool = True
    """Whether the cluster `target` gets requests in this step, real ones or mirrored."""
    target: Cluster = Cluster.GREEN
    alpha: float = 0.001
    requests_min: int = 100
    wait_max_s: float = 3_600.0
    """How long beyond its hold a step waits for enough requests before it asks a person."""
    success_min: float | None = None
    """Least share of green's requests that must succeed, 0 to 1."""
    below_blue_max: float | None = None
    """How far green's share of successes may be below blue's at the same moment, 0 to 1."""
    latency: tuple[LatencyRule, ...] = ()
    hung_after_s: float | None = 10.0
    """Requests that take longer than this, or that the client gave up, are compared with blue's;
    None: they are not."""
    checks: tuple[Check, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InvariantError(f"a gate's alpha is {self.alpha}, not between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one cluster did in one interval."""

    requests: int = 0
    """Requests that ended."""
    failures: int = 0
    """Of those: 5xx, resets, time-outs, no connection."""
    abandoned: int = 0
    """Of the requests: given up by the client before an answer came. Not failures, but they speak
    of requests that hang."""
    started: int = 0
    open: int | None = 0
    """Open at the end of the interval: requests, WebSockets and gRPC streams. None: not known."""
    latency: Histogram | None = None
    """Of those that ended with an answer; None when not known."""
    unused: Unused | None = None
    """Proof that nothing is sent there, of a gateway that does not say what is open."""
    source: str = ""
    """Who counted, where there is more than one who may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What the gateway counted between two looks; a cluster that is absent is not known.

    `seq` counts up in one process; intervals that touch no gap follow each other.
    """

    seq: int
    from_at: datetime
    to_at: datetime
    counts: Mapping[Cluster, Counts]


class CheckOutcome(StrEnum):
    """What one look of a check found; `unknown` counts neither way."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One answer of a check."""

    name: str
    at: datetime
    outcome: CheckOutcome
    reason: str = ""
    value: float | None = None
