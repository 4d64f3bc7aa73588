"""What an evidence report holds; each field stands in docs/reference/report.md.

None is not known, never 0. The JSON has the same names in the same order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.weights import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictFacts:
    """The upgrade in one sentence, and whether it was without downtime."""

    sentence: str
    is_zero_downtime: bool | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What was approved."""

    digest: str
    parent: str
    steps: int
    estimate_s: float | None
    is_rollback_automatic: bool
    unsafe_after: str
    unsafe_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """One stay in a stage; `to_at` None: it is still there."""

    stage: str
    from_at: datetime
    to_at: datetime | None
    duration_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFacts:
    """What a step waited for."""

    at: datetime
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFacts:
    """One attempt of a step; number 0: it was skipped before it began."""

    number: int
    started_at: datetime | None
    finished_at: datetime | None
    result: str | None
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """One step of the plan or of the rollback, and how it went."""

    key: str
    stage: str
    kind: str
    title: str
    why: str
    is_rollback: bool
    status: str
    reason: str
    started_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None
    estimate_s: float | None
    updates: int | None = None
    """How often the whole gateway was updated meanwhile; None: not known, or it never is."""
    updates_planned: int | None = None
    attempts: tuple[AttemptFacts, ...] = ()
    waits: tuple[WaitFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """One of the six rules of zero downtime; `holds` None: it could not be judged."""

    number: int
    name: str
    holds: bool | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFacts:
    """One change of the split: intent, outcome, and what the witness saw of it."""

    order_id: str
    kind: str
    step: str | None
    actor: str
    reason: str
    notes: tuple[str, ...]
    intended_at: datetime
    finished_at: datetime | None
    before: Split
    wanted: Split
    after: Split | None
    result: str | None
    trouble: str
    remedy: str
    command_ms: float | None
    acknowledged_at: datetime | None
    effective_at: datetime | None
    effective_ms: float | None
    instances: int | None
    witness: Mapping[str, Json] | None
    rules: tuple[RuleFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTally:
    """How often one of the six rules held, over all changes of the split."""

    number: int
    name: str
    held: int
    broken: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPoint:
    """From `at` on requests were split so; hosts with weights of their own are left out."""

    at: datetime
    blue_bp: int
    green_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPoint:
    """What one cluster did in one stretch of time."""

    requests: int
    failures: int
    started: int
    open: int | None
    requests_per_s: float
    failures_per_s: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPoint:
    """Both clusters in one stretch of time; a cluster that is None is not known."""

    from_at: datetime
    to_at: datetime
    clusters: Mapping[Cluster, ClusterPoint | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The samples of a time span, put together in stretches of `step_s`."""

    name: str
    from_at: datetime
    to_at: datetime
    step_s: float
    points: tuple[TrafficPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTotals:
    """What one cluster did in all samples together."""

    requests: int
    failures: int
    started: int
    open_max: int | None
    open_last: int | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficFacts:
    """What the gateway counted, by the samples; `covered_share` is of the upgrade's time."""

    samples: int
    covered_share: float | None
    requests: int | None
    failures: int | None
    clusters: Mapping[Cluster, ClusterTotals | None]
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Requests that ended, and how many of them failed."""

    requests: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCounts:
    """What the gates counted while steps held, by the journal; `covered_share` is of the time."""

    covered_share: float | None
    clusters: Mapping[Cluster, Counted | None]
    blue_before_change: int
    green_without_weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFacts:
    """A time without a success of the witness that was longer than the rule allows."""

    from_at: datetime
    to_at: datetime
    gap_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessFacts:
    """What the product's own witness saw over the whole upgrade, by the samples."""

    samples: int
    covered_share: float | None
    requests: int | None
    failed: int | None
    max_gap_ms: float | None
    gap_limit_ms: float
    gaps: tuple[GapFacts, ...]
    p50_typical_ms: float | None
    p99_typical_ms: float | None
    p99_worst_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """What one check of the gates answered."""

    name: str
    looks: int
    passed: int
    failed: int
    unknown: int
    last_at: datetime
    last_outcome: str
    last_value: float | None
    last_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One word of the gates, with the numbers that it rests on."""

    at: datetime
    verdict: str
    reasons: tuple[str, ...]
    evidence: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """All that the gates of one step said: each change of mind, and the last word."""

    step: str
    stage: str
    verdict: str
    looks: int
    left_out: int
    asked: Mapping[str, Json] | None
    judgements: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFacts:
    """What an operator said, and whether it was obeyed."""

    at: datetime
    actor: str
    kind: str
    signal_id: str
    data: Mapping[str, Json]
    reason: str
    is_refused: bool
    refusal: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltFacts:
    """The upgrade stopped until a person decided."""

    at: datetime
    step: str
    reason: str
    remedy: str
    is_in_doubt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackFacts:
    """The upgrade undid itself: why, by whom, and how soon traffic was back."""

    at: datetime
    cause: str
    is_automatic: bool
    actor: str
    reason: str
    steps: tuple[str, ...]
    traffic_back_at: datetime | None
    traffic_back_s: float | None
    finished_at: datetime | None
    duration_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureSpan:
    """A time in which one cluster failed requests."""

    cluster: Cluster
    from_at: datetime
    to_at: datetime
    requests: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureFacts:
    """Whose the failed requests were."""

    sentence: str
    requests: int | None
    counted_share: float | None
    total: int | None
    blue: int | None
    blue_before_change: int | None
    blue_unanswered: int | None
    blue_given_up: int | None
    green: int | None
    green_without_weight: int | None
    green_unanswered: int | None
    green_given_up: int | None
    witness_unexplained: int | None
    other_than_green: int | None
    spans: tuple[FailureSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFacts:
    """What the evidence rests on, so that it can be checked."""

    records: int
    first_seq: int
    last_seq: int
    first_digest: str
    last_digest: str
    run_first_seq: int
    run_last_seq: int
    generations: int
    is_verified: bool
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one upgrade."""

    format: int
    upgrade: str
    run_id: str
    gateway: str
    reason: str
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    as_of: datetime
    duration_s: float
    outcome: str
    stage: str
    end_reason: str
    verdict: VerdictFacts
    failures: FailureFacts
    slowest_change_ms: float | None
    clusters: Mapping[str, Json]
    plan: PlanFacts
    rules: tuple[RuleTally, ...]
    changes: tuple[ChangeFacts, ...]
    rollback: RollbackFacts | None
    gates: tuple[GateFacts, ...]
    signals: tuple[SignalFacts, ...]
    halts: tuple[HaltFacts, ...]
    stages: tuple[StageFacts, ...]
    steps: tuple[StepFacts, ...]
    split: tuple[SplitPoint, ...]
    traffic: TrafficFacts
    gate_counts: GateCounts | None
    witness: WitnessFacts
    checks: tuple[CheckFacts, ...]
    journal: JournalFacts
    unknown: tuple[str, ...] = field(default=())
