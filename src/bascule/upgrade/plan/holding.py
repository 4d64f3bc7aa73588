"""Holds: how long a step is looked at, and by which gates it is judged meanwhile."""

from dataclasses import dataclass, replace

from bascule.routing.weights import TOTAL_BP, render_percent
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.gates.encoding import render_gates
from bascule.upgrade.gates.judge import split_alpha
from bascule.upgrade.gates.model import Gates
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.gating import build_gates, without_blue, without_traffic
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold that is to become a step. `share_bp` is what green gets; 0: no request at all."""

    key: str
    stage: Stage
    hold_s: float
    share_bp: int
    title: str
    reason: str
    is_by_host: bool = False
    """Whether `share_bp` is of some hosts alone, while blue has all of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What all holds of a plan share: `gates` are those with traffic in both clusters."""

    gates: Gates
    requests_per_s: float | None


def plan_judging(spec: Upgrade, facts: Facts) -> Judging:
    """Return how the holds are judged; together they keep to the false alarms that are allowed."""
    holds = len(spec.steps) + (spec.mirror is not None) + (spec.bake.hold_s > 0)
    alpha = split_alpha(spec.analysis.false_alarms_percent / 100, holds)
    gates = replace(build_gates(spec.analysis), alpha=alpha)
    return Judging(gates=gates, requests_per_s=facts.requests_per_s)


def plan_hold(hold: Hold, judging: Judging) -> Step:
    """Return the step of `hold`, its gates fitted to who gets traffic."""
    gates, note = _fitted(hold, judging.gates)
    return Step(
        key=hold.key,
        stage=hold.stage,
        kind=StepKind.HOLD,
        args={"hold_s": hold.hold_s, "gates": render_gates(gates)},
        title=hold.title,
        reason=f"{hold.reason}{note}",
        estimate_s=_estimate_s(hold, gates, judging.requests_per_s),
    )


def _fitted(hold: Hold, gates: Gates) -> tuple[Gates, str]:
    if hold.share_bp == 0:
        return without_traffic(gates), "; no user's request reaches green yet, so its checks decide"
    if hold.is_by_host:
        note = "; blue serves other hosts meanwhile, which are no measure of these"
        return without_blue(gates), note
    if hold.share_bp == TOTAL_BP:
        note = "; green has everything: nothing is left on blue to compare it with"
        return without_blue(gates), note
    return gates, ""


def _estimate_s(hold: Hold, gates: Gates, requests_per_s: float | None) -> float:
    """Return how long the hold takes: until its time is over and enough requests were seen."""
    known = 0.0 if hold.is_by_host else requests_per_s or 0.0  # of single hosts it is not known
    rate = known * hold.share_bp / TOTAL_BP
    wait_s = gates.requests_min / rate if gates.has_traffic and rate > 0 else 0.0
    return round(max(hold.hold_s, min(wait_s, hold.hold_s + gates.wait_max_s)), 1)


def plan_approval(gate: str, stage: Stage, *, reason: str, typed: str | None = None) -> Step:
    """Return the step in which a person says yes to `gate`; `typed` is what he has to type."""
    return Step(
        key=f"{gate}-approval",
        stage=stage,
        kind=StepKind.APPROVAL,
        args={"gate": gate, "typed": typed},
        title=f"a person approves {gate}",
        reason=reason,
    )


def render_share(share_bp: int) -> str:
    """Return what green gets, for a title."""
    return "all requests" if share_bp == TOTAL_BP else f"{render_percent(share_bp)} of the requests"
