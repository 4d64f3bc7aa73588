"""The lab's verdict: the six rules of zero downtime, each held to what a client saw.

The rules stand in docs/explanation/zero-downtime.md; nothing here comes from the product.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from bascule.lab.load.evidence import Evidence
from bascule.lab.load.failures import Failure, count_failures
from bascule.lab.load.latency import LatencyReport, measure_latency
from bascule.lab.load.orders import Command
from bascule.lab.load.plan import LaneKind
from bascule.lab.load.samples import CLUSTERS, cluster_code
from bascule.lab.load.stats import Span, failure_bound
from bascule.lab.load.streams import StreamEnd

UNMEASURED_SHARE_MAX = 0.01
PENDING_S_MAX = 60.0
"""No request is pending for longer; so much earlier than a command it may have been scheduled."""
IN_FLIGHT_S = 1.0
"""The old cluster's last answers count from this much before the intent."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; `holds` None means that it could not be judged, which is not enough."""

    number: int
    holds: bool | None
    text: str


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """Lives of streams: `open` is those that were open at the last command."""

    opened: int
    open: int
    moved: int
    ended: int
    reset: int
    reset_after_drain: int
    refused: int


class Switched(msgspec.Struct, frozen=True, kw_only=True):
    """One command as the client saw it; None is unknown."""

    name: str
    convergence_ms: float | None
    convergence_quick_ms: float | None
    """As above, without the requests that asked for a late answer."""
    wrong_cluster: int | None


class Stickiness(msgspec.Struct, frozen=True, kw_only=True):
    """Users with cookies: who changed cluster while nothing was commanded, or moved back."""

    users: int
    flaps: int
    moved_back: int


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """Idempotent POSTs in the ledgers of the clusters."""

    posts: int
    duplicates: int
    lost: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the load saw."""

    judge: str
    holds: bool
    rules: tuple[Rule, ...]
    requests: int
    failed: int
    excused: int
    failure_rate_bound: float | None
    failures: tuple[Failure, ...]
    wrong_cluster_after_effective: int | None
    latency: LatencyReport
    streams: Streams
    effects: Effects | None
    stickiness: Stickiness | None
    switches: tuple[Switched, ...]
    unmeasured_requests: int
    unmeasured_share: float
    own_stalls: int
    own_stall_max_ms: float
    requests_by_lane: dict[str, int]
    answers_by_cluster: dict[str, int]
    left_out: tuple[str, ...]
    rate: float


def judge(evidence: Evidence) -> Verdict:
    """Return the verdict on a run."""
    failures = count_failures(evidence)
    latency = measure_latency(evidence)
    streams = _count_streams(evidence)
    effects = _count_effects(evidence)
    switches = tuple(_see_switch(evidence, c) for c in evidence.story.commands)
    wrong = _sum_known([s.wrong_cluster for s in switches if _takes_all(evidence, s.name)])
    requests = len(evidence.samples)
    unmeasured_share = latency.unmeasured_requests / requests if requests else 1.0
    failed = failures.failed + streams.refused
    rules = (
        _judge_failed(failed, requests),
        *_judge_times(latency, unmeasured_share),
        *_judge_side_effects(evidence, wrong, streams, effects),
    )
    return Verdict(
        judge="lab.load",
        holds=all(rule.holds is True for rule in rules),
        rules=rules,
        requests=requests,
        failed=failed,
        excused=failures.excused,
        failure_rate_bound=failure_bound(requests) if failed == 0 else None,
        failures=failures.failures,
        wrong_cluster_after_effective=wrong,
        latency=latency,
        streams=streams,
        effects=effects,
        stickiness=_watch_users(evidence),
        switches=switches,
        unmeasured_requests=latency.unmeasured_requests,
        unmeasured_share=round(unmeasured_share, 6),
        own_stalls=len(evidence.stalls),
        own_stall_max_ms=_longest_ms(evidence.stalls),
        requests_by_lane=_requests_by_lane(evidence),
        answers_by_cluster=_answers_by_cluster(evidence),
        left_out=evidence.left_out(),
        rate=round(requests / max(1e-9, evidence.stopped_s - evidence.started_s), 1),
    )


def _judge_times(latency: LatencyReport, unmeasured_share: float) -> tuple[Rule, Rule]:
    return _judge_gaps(latency, unmeasured_share), _judge_latency(latency, unmeasured_share)


def _judge_side_effects(
    evidence: Evidence, wrong: int | None, streams: Streams, effects: Effects | None
) -> tuple[Rule, ...]:
    has_posts = _has_posts(evidence)
    return (
        _judge_wrong(wrong),
        _judge_streams(streams),
        _judge_effects(effects, has_posts=has_posts),
    )


def _longest_ms(spans: Sequence[Span]) -> float:
    return round(max((span.length_s for span in spans), default=0.0) * 1000, 3)


def _judge_failed(failed: int, requests: int) -> Rule:
    return Rule(number=1, holds=failed == 0, text=f"{failed} of {requests} requests failed")


def _judge_wrong(wrong: int | None) -> Rule:
    return Rule(
        number=4,
        holds=None if wrong is None else wrong == 0,
        text=f"{_known(wrong)} answers by the wrong cluster after the effective time",
    )


def _judge_streams(streams: Streams) -> Rule:
    return Rule(
        number=5,
        holds=streams.reset == 0,
        text=f"{streams.reset} streams reset before the declared drain",
    )


def _judge_gaps(latency: LatencyReport, unmeasured_share: float) -> Rule:
    count = len(latency.gaps)
    text = f"{count} gaps; the longest is {latency.max_gap_ms:g} ms"
    if unmeasured_share > UNMEASURED_SHARE_MAX:
        text += f"; {unmeasured_share:.2%} unmeasured by the generator's own stalls"
    return Rule(number=2, holds=count == 0 and unmeasured_share <= UNMEASURED_SHARE_MAX, text=text)


def _judge_latency(latency: LatencyReport, unmeasured_share: float) -> Rule:
    p99, limit = latency.p99_ms, latency.p99_limit_ms
    if p99.baseline is None or p99.during is None or limit is None:
        return Rule(number=3, holds=None, text="p99 unknown: no baseline or nothing switched")
    text = f"p99 {p99.during:g} ms, baseline {p99.baseline:g} ms, limit {limit:g} ms"
    if unmeasured_share > UNMEASURED_SHARE_MAX:
        text += f"; {unmeasured_share:.2%} unmeasured by the generator's own stalls"
    holds = p99.during <= limit and unmeasured_share <= UNMEASURED_SHARE_MAX
    return Rule(number=3, holds=holds, text=text)


def _judge_effects(effects: Effects | None, *, has_posts: bool) -> Rule:
    if not has_posts:
        return Rule(number=6, holds=True, text="no POST was sent")
    if effects is None:
        return Rule(number=6, holds=None, text="the ledgers of the clusters are unknown")
    if effects.lost and not effects.duplicates:
        text = f"{effects.lost} of {effects.posts} POSTs were answered but are in no ledger"
        return Rule(number=6, holds=None, text=text)
    return Rule(
        number=6,
        holds=effects.duplicates == 0,
        text=f"{effects.duplicates} of {effects.posts} POSTs took effect twice",
    )


def _has_posts(evidence: Evidence) -> bool:
    return any(lane.kind is LaneKind.POST for lane in evidence.plan.lanes)


def _takes_all(evidence: Evidence, name: str) -> bool:
    return any(c.name == name and c.to for c in evidence.story.commands)


def _sum_known(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) and values else None


def _known(value: int | None) -> str:
    return "an unknown number of" if value is None else str(value)


def _count_streams(evidence: Evidence) -> Streams:
    ends: Counter[StreamEnd] = Counter()
    moved = after_drain = open_at_last = 0
    commands = evidence.story.commands
    last_s = commands[-1].begun_s if commands else evidence.stopped_s
    for record in evidence.streams:
        ended_s = record.ended_s if record.ended_s is not None else float("inf")
        drained_s = evidence.story.drained.get(record.cluster, float("inf"))
        is_excused = record.end is StreamEnd.RESET and ended_s >= drained_s
        after_drain += is_excused
        ends[record.end] += not is_excused
        moved += record.is_moved
        open_at_last += bool(record.cluster) and record.began_s <= last_s < ended_s
    return Streams(
        opened=sum(1 for record in evidence.streams if record.cluster),
        open=open_at_last,
        moved=moved,
        ended=ends[StreamEnd.ENDED],
        reset=ends[StreamEnd.RESET],
        reset_after_drain=after_drain,
        refused=ends[StreamEnd.REFUSED],
    )


def _count_effects(evidence: Evidence) -> Effects | None:
    ledgers = evidence.story.effects
    if not ledgers or not _has_posts(evidence):
        return None
    total: Counter[str] = Counter()
    for ledger in ledgers.values():
        total.update(ledger)
    posts = lost = 0
    for row in range(len(evidence.samples)):
        lane = evidence.lane_of(row)
        if lane.kind is LaneKind.POST:
            posts += 1
            lost += evidence.is_ok(row) and total[f"{lane.name}-{row}"] == 0
    return Effects(posts=posts, duplicates=sum(1 for n in total.values() if n > 1), lost=lost)


def _see_switch(evidence: Evidence, command: Command) -> Switched:
    return Switched(
        name=command.name,
        convergence_ms=_convergence_ms(evidence, command, with_slow=True),
        convergence_quick_ms=_convergence_ms(evidence, command, with_slow=False),
        wrong_cluster=_count_wrong(evidence, command),
    )


def _convergence_ms(evidence: Evidence, command: Command, *, with_slow: bool) -> float | None:
    """Return the time from the intent to the old cluster's last answer to a request sent before.

    None for a split, where the old cluster rightly goes on, and when a stamp is unknown or the old
    cluster was not seen at all.
    """
    intent_s, acknowledged_s = command.intent_s, command.acknowledged_s
    if not command.to or intent_s is None or acknowledged_s is None:
        return None
    samples, new = evidence.samples, cluster_code(command.to)
    last_s: float | None = None
    for row in evidence.rows_in(Span(intent_s - PENDING_S_MAX, acknowledged_s)):
        if not evidence.is_ok(row) or samples.cluster[row] in (0, new):
            continue
        is_of_this = (
            samples.sent[row] < acknowledged_s and samples.done[row] > intent_s - IN_FLIGHT_S
        )
        if is_of_this and (with_slow or not evidence.lane_of(row).slow_ms):
            last_s = max(last_s or 0.0, samples.done[row])
    return None if last_s is None else round(max(0.0, last_s - intent_s) * 1000, 3)


def _count_wrong(evidence: Evidence, command: Command) -> int | None:
    """Return how many requests and streams, begun after the effective time, the old one took.

    A request still on its way when the next command began may rightly be answered by that one's
    cluster: only answers before it count. None for a split, or when the effective time is unknown.
    """
    if not command.to or command.effective_s is None:
        return None
    samples, new = evidence.samples, cluster_code(command.to)
    until_s = evidence.next_begun_s(command)
    wrong = sum(
        1
        for row in evidence.rows_in(Span(command.effective_s - PENDING_S_MAX, until_s))
        if samples.sent[row] >= command.effective_s
        and samples.done[row] <= until_s
        and samples.cluster[row] not in (0, new)
    )
    wrong += sum(
        1
        for record in evidence.streams
        if command.effective_s <= record.began_s < until_s
        and record.cluster not in ("", command.to)
    )
    return wrong


def _watch_users(evidence: Evidence) -> Stickiness | None:
    """Follow each user's answers between commands: settled is after one took effect."""
    users = sum(lane.users for lane in evidence.plan.lanes)
    if users == 0:
        return None
    bounds = [(c.effective_s, evidence.next_begun_s(c)) for c in evidence.story.commands]
    seen: dict[tuple[int, int], int] = {}
    flaps = moved_back = 0
    last: dict[tuple[int, int], tuple[int, int]] = {}
    samples = evidence.samples
    for row in range(len(samples)):
        phase = _phase(bounds, samples.sent[row], samples.done[row])
        if samples.user[row] < 0 or phase is None or samples.cluster[row] == 0:
            continue
        user = (samples.lane[row], samples.user[row])
        cluster = samples.cluster[row]
        before = last.get(user)
        if before is not None and before[0] == phase:
            flaps += before[1] != cluster
        elif before is not None and _is_growing(evidence, before[0], phase):
            moved_back += before[1] == cluster_code("green") != cluster
        last[user] = (phase, cluster)
        seen[user] = cluster
    return Stickiness(users=len(seen), flaps=flaps, moved_back=moved_back)


def _phase(bounds: list[tuple[float | None, float]], sent_s: float, done_s: float) -> int | None:
    for number, (effective_s, until_s) in enumerate(bounds):
        if effective_s is not None and sent_s >= effective_s and done_s <= until_s:
            return number
    return None


def _is_growing(evidence: Evidence, before: int, now: int) -> bool:
    """Whether green's share only grew from one phase to the next: no rollback between them."""
    return all(c.to != "blue" for c in evidence.story.commands[before + 1 : now + 1])


def _requests_by_lane(evidence: Evidence) -> dict[str, int]:
    counts = Counter(evidence.samples.lane)
    return {lane.name: counts[index] for index, lane in enumerate(evidence.plan.lanes)}


def _answers_by_cluster(evidence: Evidence) -> dict[str, int]:
    counts = Counter(evidence.samples.cluster)
    return {name or "unknown": counts[code] for code, name in enumerate(CLUSTERS)}
