"""Upgrades that never were, as journal and samples: what a report is made of, in any length."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from bascule.gateway.driver import Histogram
from bascule.ids import Cluster, CommandId
from bascule.journal.record import GENESIS, Entry, Json, Record, build_record
from bascule.journal.store import Sample
from bascule.report.evidence import build_evidence, render_evidence
from bascule.report.facts.run_log import RunLog, read_run
from bascule.routing.weights import Split, Weights
from bascule.upgrade.encoding import render_split
from bascule.upgrade.events import (
    KIND_BY_EVENT,
    Event,
    Finished,
    Intended,
    Opened,
    Result,
    Witnessed,
    render_event,
)
from bascule.upgrade.gates.absorbing import absorb, begin
from bascule.upgrade.gates.encoding import parse_gates, render_gates
from bascule.upgrade.gates.judge import judge
from bascule.upgrade.gates.model import Counts, Gates, GateVerdict, Interval, LatencyRule
from bascule.upgrade.plan.model import Plan, Policy, Step, StepKind, parse_plan
from bascule.upgrade.run.events import (
    KIND_BY_RUN_EVENT,
    Ended,
    GateJudged,
    RollbackBegan,
    RunEvent,
    SignalRefused,
    SignalTaken,
    StageEntered,
    Started,
    StepFinished,
    StepResult,
    StepStarted,
    StepWaits,
    render_run_event,
)
from bascule.upgrade.run.stages import Stage

START = datetime(2026, 11, 23, 8, 58, 12, 340_000, tzinfo=UTC)
BOUNDS_MS = (0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0)
GATES = Gates(
    success_min=0.999,
    below_blue_max=0.002,
    latency=(LatencyRule(percentile=99, over_blue_max_ms=50),),
)
ADA = "ada@desk"
RUNTIME = "bascule"


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How a cluster answers: share that fails, and latency as a lognormal curve."""

    failing: float = 0.0
    median_ms: float = 24.0
    spread: float = 0.45


@dataclass(slots=True)
class MadeUp:
    """A journal and samples that grow as time is let pass; one seed, one upgrade."""

    name: str
    seed: int = 7
    rate: Callable[[float], float] = lambda _: 120.0
    sample_s: float = 1.0
    at: datetime = START
    records: list[Record] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    split: Split = field(default_factory=lambda: Split(Weights.all_to(Cluster.BLUE)))
    behaviour: dict[Cluster, Behaviour] = field(
        default_factory=lambda: {Cluster.BLUE: Behaviour(), Cluster.GREEN: Behaviour(median_ms=21)}
    )
    preview_rate: float = 0.0
    streams: dict[Cluster, float] = field(
        default_factory=lambda: {Cluster.BLUE: 14.0, Cluster.GREEN: 0.0}
    )
    orders: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 — a seed, not a secret
        self.say(Opened(split=self.split), actor=ADA)

    def say(self, *events: Event | RunEvent, actor: str = RUNTIME) -> None:
        """Append events as one writer would."""
        for event in events:
            if isinstance(event, RunEvent):
                kind, data = KIND_BY_RUN_EVENT[type(event)], render_run_event(event)
            else:
                kind, data = KIND_BY_EVENT[type(event)], render_event(event)
            entry = Entry(at=self.at, actor=actor, kind=kind, data=data)
            previous = self.records[-1].digest if self.records else GENESIS
            record = build_record(entry, seq=len(self.records) + 1, generation=1, previous=previous)
            self.records.append(record)

    def start(self, plan: Plan) -> None:
        self.say(
            Started(
                upgrade=self.name,
                run_id=f"run-{self.name}",
                plan=plan,
                digest=plan.digest,
                before=self.split,
                reason="Kubernetes 1.33 leaves support",
            ),
            actor=ADA,
        )

    def enter(self, stage: Stage) -> None:
        self.say(StageEntered(upgrade=self.name, stage=stage))

    def do(self, key: str, seconds: float, output: dict[str, Json] | None = None) -> None:
        """Do a step that takes so long."""
        self.say(StepStarted(upgrade=self.name, key=key, attempt=1))
        self.wait(seconds)
        self.finish(key, output=output)

    def finish(
        self,
        key: str,
        result: StepResult = StepResult.DONE,
        reason: str = "",
        output: dict[str, Json] | None = None,
    ) -> None:
        self.say(
            StepFinished(
                upgrade=self.name, key=key, result=result, reason=reason, output=output or {}
            )
        )

    def shift(self, key: str, green_percent: float) -> None:
        """Set weights as a step of the plan, with the word of the witness 3 s later."""
        self.say(StepStarted(upgrade=self.name, key=key, attempt=1))
        self.change(Split(Weights(10_000 - round(green_percent * 100))), actor=RUNTIME)
        self.finish(key)
        self.wait(3.0)
        self.say(self._witnessed())

    def change(self, wanted: Split, *, actor: str) -> None:
        self.orders += 1
        order_id = CommandId(f"{self.name}/{self.orders}")
        intent = Intended(order_id=order_id, kind="upgrade", before=self.split, wanted=wanted)
        self.say(intent, actor=actor)
        command_ms = round(self._random.uniform(4, 11), 3)
        acknowledged_at = self.at + timedelta(milliseconds=command_ms)
        effective_at = acknowledged_at + timedelta(milliseconds=self._random.uniform(0, 6))
        self.at = effective_at + timedelta(milliseconds=120)
        self.split = wanted
        finished = Finished(
            order_id=order_id,
            result=Result.DONE,
            split=wanted,
            command_ms=command_ms,
            acknowledged_at=acknowledged_at,
            effective_at=effective_at,
            instances=1,
        )
        self.say(finished, actor=actor)

    def _witnessed(self) -> Witnessed:
        failing = self.behaviour[Cluster.GREEN].failing * self.split.default.green_bp / 10_000
        failed = round(62 * failing)
        rules: list[Json] = [
            {
                "number": 1,
                "holds": failed == 0,
                "reason": f"{failed} of 62 requests of the witness failed; the gateway counts "
                f"{round(360 * failing)} failures",
            },
            {"number": 2, "holds": True, "reason": "0 gaps; the longest is 71 ms"},
            {"number": 3, "holds": True, "reason": "p99 58 ms, 56 ms before, limit 106 ms"},
            {
                "number": 4,
                "holds": True if self.split.default.only else None,
                "reason": "0 requests reached the cluster that takes nothing"
                if self.split.default.only
                else "both clusters may answer, or unknown",
            },
            {"number": 5, "holds": None, "reason": "stream resets are not seen by the witness"},
            {"number": 6, "holds": None, "reason": "side effects are not seen by the witness"},
        ]
        summary: dict[str, Json] = {
            "judge": "bascule",
            "holds": failed == 0,
            "requests": 62,
            "failed": failed,
            "excused": 0,
            "failure_rate_bound": None if failed else 0.0484,
            "gateway_requests": 360,
            "gateway_failures": round(360 * failing),
            "max_gap_ms": 71.2,
            "p99_ms": {"baseline": 56.0, "during": 58.0},
            "wrong_cluster_after_effective": 0 if self.split.default.only else None,
            "still_open": 3 if self.split.default.only else None,
            "unmeasured": 0,
            "rules": rules,
            "reasons": [],
        }
        return Witnessed(order_id=CommandId(f"{self.name}/{self.orders}"), summary=summary)

    def wait(self, seconds: float) -> tuple[Interval, ...]:
        """Let time pass; traffic goes on as the split says. Returns what the gateway counted."""
        intervals = []
        left = seconds
        while left > 1e-6:
            step = min(self.sample_s, left)
            left -= step
            intervals.append(self._sample(step))
        return tuple(intervals)

    def _sample(self, step: float) -> Interval:
        from_at, to_at = self.at, self.at + timedelta(seconds=step)
        rate = self.rate((from_at - START).total_seconds())
        clusters: dict[str, Json] = {}
        counts: dict[Cluster, Counts] = {}
        for cluster in Cluster:
            share = self.split.default.of(cluster) / 10_000
            extra = self.preview_rate if cluster is Cluster.GREEN else 0.0
            counts[cluster] = self._counts(cluster, (rate * share + extra) * step)
            clusters[cluster.value] = _render_counts(counts[cluster])
        green_bp = self.split.default.green_bp
        weights: dict[str, Json] = {"blue_bp": 10_000 - green_bp, "green_bp": green_bp}
        span: dict[str, Json] = {"from": from_at.isoformat(), "to": to_at.isoformat()}
        self.samples.append(
            Sample(
                at=to_at,
                data={"kind": "traffic", **span, "clusters": clusters, "split": weights},
            )
        )
        asked = max(1, round(20 * step))
        green = self.behaviour[Cluster.GREEN]
        failed = sum(
            self._random.random() < green.failing * green_bp / 10_000 for _ in range(min(asked, 60))
        )
        witness: dict[str, Json] = {
            "requests": asked,
            "failed": min(failed, counts[Cluster.GREEN].failures),
            "max_gap_ms": round(self._random.uniform(52, 90), 1),
            "p50_ms": round(self._random.gauss(24, 0.6), 2),
            "p99_ms": round(abs(self._random.gauss(57, 5)) + 10, 2),
        }
        self.samples.append(Sample(at=to_at, data={"kind": "witness", **span, **witness}))
        self.at = to_at
        return Interval(seq=len(self.samples), from_at=from_at, to_at=to_at, counts=counts)

    def _counts(self, cluster: Cluster, mean: float) -> Counts:
        how = self.behaviour[cluster]
        requests = max(0, round(self._random.gauss(mean, math.sqrt(mean)))) if mean else 0
        failures = 0
        if how.failing:
            expected = requests * how.failing
            failures = min(requests, max(0, round(self._random.gauss(expected, expected**0.5))))
        target = self.streams[cluster]
        return Counts(
            requests=requests,
            failures=failures,
            started=requests,
            open=round(target + requests * how.median_ms / 1000),
            latency=self._histogram(how, requests),
        )

    def _histogram(self, how: Behaviour, requests: int) -> Histogram:
        counts = [0] * (len(BOUNDS_MS) + 1)
        left = requests
        below = 0.0
        for place, bound in enumerate(BOUNDS_MS):
            reach = 0.5 * (1 + math.erf(math.log(bound / how.median_ms) / how.spread / 2**0.5))
            mean = requests * (reach - below)
            below = reach
            noise = self._random.gauss(0, math.sqrt(mean) * 0.6) if mean else 0.0
            counts[place] = min(left, max(0, round(mean + noise)))
            left -= counts[place]
        counts[next(i for i, bound in enumerate(BOUNDS_MS) if bound > how.median_ms)] += left
        return Histogram(bounds_ms=BOUNDS_MS, counts=tuple(counts))

    def hold(self, key: str, seconds: float, *, look_s: float = 30.0) -> bool:
        """Hold and let the real gates judge each second; False when they fail."""
        self.say(StepStarted(upgrade=self.name, key=key, attempt=1))
        plan = _plan_of(self.records)
        step = plan.step(key)
        gates = parse_gates((step.args.get("gates") if step is not None else None) or {})
        progress = begin(gates)
        passed_s = 0.0
        while True:
            intervals = self.wait(min(self.sample_s, seconds))
            passed_s += min(self.sample_s, seconds)
            progress = absorb(progress, gates, intervals)
            judged = judge(progress, gates, elapsed_s=passed_s, hold_s=seconds)
            word = GateJudged(
                upgrade=self.name,
                key=key,
                verdict=judged.verdict.value,
                reasons=judged.reasons,
                evidence=judged.evidence,
            )
            if judged.verdict is GateVerdict.FAIL:
                self.say(word)
                self.finish(key, StepResult.FAILED, "; ".join(judged.reasons))
                return False
            if judged.verdict is GateVerdict.PASS:
                self.say(word)
                self.finish(key)
                return True
            if passed_s % look_s < self.sample_s:
                self.say(word)

    def approve(self, gate: str, seconds: float, typed: str | None = None) -> None:
        key = f"{gate}-approval"
        self.say(StepStarted(upgrade=self.name, key=key, attempt=1))
        self.say(StepWaits(upgrade=self.name, key=key, reason=f"approval of {gate}"))
        self.wait(seconds)
        self.say(
            SignalTaken(
                upgrade=self.name,
                signal_id=f"{self.name}-approve-{gate}",
                kind="approve",
                data={"gate": gate, "typed": typed},
                reason="looked at the dashboards with the shop team",
            ),
            actor=ADA,
        )
        self.finish(key)

    def refuse(self, kind: str, reason: str, remedy: str = "") -> None:
        self.say(
            SignalRefused(
                upgrade=self.name,
                signal_id=f"{self.name}-{kind}-{len(self.records)}",
                kind=kind,
                reason=reason,
                remedy=remedy,
            ),
            actor="bob@desk",
        )

    def end(self, stage: Stage, reason: str = "") -> None:
        self.say(Ended(upgrade=self.name, stage=stage, reason=reason))


def _render_counts(counts: Counts) -> dict[str, Json]:
    latency = counts.latency or Histogram(bounds_ms=(), counts=(0,))
    return {
        "requests": counts.requests,
        "failures": counts.failures,
        "open": counts.open,
        "started": counts.started,
        "latency": {"bounds_ms": list(latency.bounds_ms), "counts": list(latency.counts)},
    }


def _plan_of(records: list[Record]) -> Plan:
    started = next(r for r in records if r.entry.kind == "upgrade_started")
    return parse_plan(started.entry.data["plan"])


def step(key: str, stage: Stage, kind: StepKind, title: str = "", /, **args: Json) -> Step:
    return Step(key=key, stage=stage, kind=kind, args=args, title=title or key, estimate_s=1.0)


def build_plan(name: str, *, shares: tuple[float, ...]) -> Plan:
    gates = render_gates(GATES)
    quiet = render_gates(Gates(has_traffic=False))
    steps = [
        step("preflight", Stage.PREFLIGHT, StepKind.CHECK, "look for what stands against it"),
        step("provision-green", Stage.PROVISION, StepKind.AWAIT_CLUSTER, "green's API answers"),
        step("sync", Stage.SYNC, StepKind.AWAIT_ROUTES, "every route is ready on green"),
        step("preview-on", Stage.VERIFY, StepKind.ARRANGE, "preview of green by header"),
        step("verify", Stage.VERIFY, StepKind.HOLD, "probe green", gates=quiet),
    ]
    for share in shares:
        key = f"shift-{share:g}"
        split = render_split(Split(Weights(10_000 - round(share * 100))))
        title = f"{share:g} % of the requests to green"
        steps.append(step(key, Stage.SHIFT, StepKind.SET_WEIGHTS, title, split=split))
        steps.append(
            step(f"{key}-hold", Stage.SHIFT, StepKind.HOLD, f"judge {share:g} %", gates=gates)
        )
        if share == 25:
            steps.append(step(f"{key}-approval", Stage.SHIFT, StepKind.APPROVAL, gate=key))
    steps += [
        step(
            "bake",
            Stage.BAKE,
            StepKind.HOLD,
            "green takes all, blue stays warm",
            gates=gates,
        ),
        step("preview-off", Stage.BAKE, StepKind.ARRANGE, "preview off"),
        step("retire-approval", Stage.BAKE, StepKind.APPROVAL, gate="retire", typed="old"),
        step("retire-idle", Stage.BAKE, StepKind.PROVE_IDLE, "blue is idle", cluster="blue"),
        step(
            "retire-blue", Stage.RETIRE, StepKind.RETIRE, "blue leaves the gateway", cluster="blue"
        ),
    ]
    return Plan(
        name=name,
        gateway="shop",
        steps=tuple(steps),
        policy=Policy(),
        clusters={
            "blue": {"name": "aks-shop-1-33", "kubeconfig": "~/.kube/config", "context": "old"},
            "green": {"name": "aks-shop-1-35", "kubeconfig": "~/.kube/config", "context": "new"},
        },
        witness_hosts=("shop.example.com",),
    )


def _until_shift(made: MadeUp, plan: Plan, *, hold_s: float) -> None:
    made.wait(1.0)
    made.start(plan)
    made.do("preflight", 1.6, {"findings": []})
    made.enter(Stage.PROVISION)
    made.do("provision-green", 2.4)
    made.enter(Stage.SYNC)
    made.say(StepStarted(upgrade=made.name, key="sync", attempt=1))
    made.say(
        StepWaits(upgrade=made.name, key="sync", reason="2 of 14 routes have no ready endpoint")
    )
    made.wait(hold_s / 4)
    made.finish("sync")
    made.enter(Stage.VERIFY)
    made.do("preview-on", 0.3)
    made.preview_rate = 4.0
    made.hold("verify", hold_s)
    made.preview_rate = 0.0


def made_up() -> MadeUp:
    """An upgrade `up` with a single share that has just begun."""
    made = MadeUp("up")
    made.start(build_plan("up", shares=(50,)))
    return made


def log_of(made: MadeUp) -> RunLog:
    return read_run(made.records, made.name)


def completed(*, hold_s: float = 60.0, bake_s: float = 180.0) -> MadeUp:
    """An upgrade that went well, with an approval and a signal that was refused."""
    made = MadeUp("shop-1-35")
    plan = build_plan(made.name, shares=(5, 25, 50, 100))
    _until_shift(made, plan, hold_s=hold_s)
    made.enter(Stage.SHIFT)
    for share in (5.0, 25.0, 50.0, 100.0):
        made.streams = {
            Cluster.BLUE: 14.0 * (1 - share / 100),
            Cluster.GREEN: 14.0 * share / 100,
        }
        made.shift(f"shift-{share:g}", share)
        made.hold(f"shift-{share:g}-hold", hold_s)
        if share == 25:
            made.refuse(
                "abort", "green has had traffic, and abort never moves traffic", "roll back"
            )
            made.approve("shift-25", hold_s / 2)
    made.enter(Stage.BAKE)
    made.hold("bake", bake_s)
    _retire(made, thinks_s=hold_s / 3, idle_s=10.0)
    return made


def rolled_back(*, hold_s: float = 60.0) -> MadeUp:
    """An upgrade in which green fails some requests and is slower, and a gate sees it."""
    made = MadeUp("shop-1-35", seed=11)
    plan = build_plan(made.name, shares=(5, 25, 50, 100))
    _until_shift(made, plan, hold_s=hold_s)
    made.enter(Stage.SHIFT)
    made.shift("shift-5", 5)
    made.hold("shift-5-hold", hold_s)
    made.behaviour[Cluster.GREEN] = Behaviour(failing=0.06, median_ms=39.0, spread=0.7)
    made.shift("shift-25", 25)
    made.hold("shift-25-hold", hold_s)
    cause = str(made.records[-1].entry.data["reason"])
    steps = (
        step("rollback-traffic", Stage.ROLLBACK, StepKind.SET_WEIGHTS, "all traffic back to blue"),
        step("undo-arrangement", Stage.ROLLBACK, StepKind.ARRANGE, "preview and mirroring off"),
    )
    made.say(
        RollbackBegan(
            upgrade=made.name, cause=f"shift-25-hold: {cause}", steps=steps, is_automatic=True
        )
    )
    made.shift("rollback-traffic", 0)
    made.do("undo-arrangement", 0.3)
    made.wait(8.0)
    made.end(Stage.ROLLED_BACK, cause)
    return made


def a_week(*, sample_s: float = 300.0) -> MadeUp:
    """A week of bake after a shift of two hours, the samples thinned to one in `sample_s`."""
    made = MadeUp("payments-1-35", seed=5, sample_s=sample_s)
    made.rate = lambda s: 240 + 150 * math.sin((s / 3600 - 2) / 24 * 2 * math.pi)
    plan = build_plan(made.name, shares=(1, 5, 25, 50, 100))
    _until_shift(made, plan, hold_s=600.0)
    made.enter(Stage.SHIFT)
    for share in (1.0, 5.0, 25.0, 50.0, 100.0):
        made.shift(f"shift-{share:g}", share)
        made.hold(f"shift-{share:g}-hold", 1_800, look_s=300)
        if share == 25:
            made.approve("shift-25", 900)
    made.enter(Stage.BAKE)
    made.hold("bake", 7 * 86_400, look_s=3_600)
    _retire(made, thinks_s=7_200, idle_s=600)
    return made


def _retire(made: MadeUp, *, thinks_s: float, idle_s: float) -> None:
    made.do("preview-off", 0.3)
    made.approve("retire", thinks_s, typed="old")
    made.do("retire-idle", idle_s)
    made.enter(Stage.RETIRE)
    made.do("retire-blue", 0.5)
    made.end(Stage.COMPLETED)


def unfinished(*, hold_s: float = 20.0) -> MadeUp:
    """An upgrade that waits for an approval, and whose samples were lost."""
    made = MadeUp("shop-1-36", seed=3)
    plan = build_plan(made.name, shares=(25, 100))
    _until_shift(made, plan, hold_s=hold_s)
    made.enter(Stage.SHIFT)
    made.shift("shift-25", 25)
    made.hold("shift-25-hold", hold_s)
    key = "shift-25-approval"
    made.say(StepStarted(upgrade=made.name, key=key, attempt=1))
    made.say(StepWaits(upgrade=made.name, key=key, reason="gate shift-25 waits for an approval"))
    made.samples.clear()
    return made


@cache
def document_of(world: str) -> dict[str, Json]:
    """Return the evidence of one of the worlds above, made once; copy it before changing it."""
    made = {
        "completed": lambda: completed(hold_s=5.0, bake_s=5.0),
        "rolled_back": lambda: rolled_back(hold_s=5.0),
        "a_week": lambda: a_week(sample_s=3_600.0),
        "unfinished": unfinished,
        "hostile": hostile,
    }[world]()
    return render_evidence(build_evidence(made.records, made.name, made.samples))


HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>&amp;\u2028\x00\"'"


def hostile() -> MadeUp:
    """An upgrade in which every text tries to break out of the page."""
    made = MadeUp(HOSTILE, seed=2)
    plan = build_plan(made.name, shares=(50,))
    made.start(plan)
    made.do("preflight", 1.0)
    made.finish("preflight", reason=HOSTILE)
    made.refuse("abort", HOSTILE, HOSTILE)
    made.say(
        GateJudged(upgrade=made.name, key=HOSTILE, verdict=HOSTILE, reasons=(HOSTILE,)),
        actor=HOSTILE,
    )
    made.say(
        RollbackBegan(
            upgrade=made.name,
            cause=HOSTILE,
            steps=(step(HOSTILE, Stage.ROLLBACK, StepKind.HOOK, HOSTILE),),
        ),
        actor=HOSTILE,
    )
    made.wait(3.0)
    made.say(Ended(upgrade=made.name, stage=Stage.ROLLED_BACK, reason=HOSTILE), actor=HOSTILE)
    return made
