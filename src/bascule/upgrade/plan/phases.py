"""From the first user on green to the end of blue, as steps: shift, bake, retire."""

from collections.abc import Iterator

from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.routing.weights import TOTAL_BP, render_percent
from bascule.spec.durations import render_duration
from bascule.spec.traffic import Hosts, StepSpec
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.encoding import render_split
from bascule.upgrade.gates.encoding import render_gates
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.gating import NO_GATES
from bascule.upgrade.plan.holding import Hold, Judging, plan_approval, plan_hold, render_share
from bascule.upgrade.plan.hooks import plan_hooks
from bascule.upgrade.plan.making import plan_removal, plan_stopping
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.plan.shares import Share, plan_shares, render_names
from bascule.upgrade.plan.surroundings import (
    build_arrangement,
    plan_arrangement,
    surroundings_key,
)
from bascule.upgrade.plan.updates import estimate_act_s, render_cost
from bascule.upgrade.run.stages import Stage

IDLE_TIMEOUT_S = 86_400.0
"""How long is waited for blue to become idle before a person is asked."""


def plan_shift(spec: Upgrade, facts: Facts, judging: Judging) -> Iterator[Step]:
    """Yield the steps in which green gets more and more."""
    for place, share in enumerate(plan_shares(spec.steps, spec.hosts, facts.split)):
        step = share.step
        what = _render_gain(share, spec.hosts)
        yield Step(
            key=share.key,
            stage=Stage.SHIFT,
            kind=StepKind.SET_WEIGHTS,
            args={"split": render_split(share.split)},
            title=f"green gets {what}",
            reason=f"{_why_share(spec.steps, place)}{render_cost(facts)}",
            estimate_s=estimate_act_s(facts),
        )
        yield plan_hold(
            Hold(
                key=f"{share.key}-hold",
                stage=Stage.SHIFT,
                hold_s=step.hold_s,
                share_bp=TOTAL_BP if step.hosts else step.weight_bp,
                is_by_host=bool(step.hosts),
                title=f"green is judged on {_render_gain(share)}",
                reason="a regression should show here, before more users meet it",
            ),
            judging,
        )
        if step.approval:
            why = f"the spec asks for it (steps[{place}].approval)"
            yield plan_approval(share.key, Stage.SHIFT, reason=why)
        yield from plan_hooks(spec, share.key, Stage.SHIFT)


def _render_gain(share: Share, moved: Hosts | None = None) -> str:
    """Return what green gets, for a title; with `moved`, of which hosts too."""
    if share.step.hosts:
        return f"all requests of {render_names(share.step.hosts)}"
    requests = render_share(share.step.weight_bp)
    if moved is None:
        return requests
    kept = share.whole_hosts if share.step.weight_bp < TOTAL_BP else ()
    beside = f", and keeps all of {render_names(kept)}" if kept else ""
    return f"{requests}{_of_hosts(moved)}{beside}"


def _of_hosts(hosts: Hosts) -> str:
    if hosts.include:
        return f" of {len(set(hosts.include) - set(hosts.exclude))} named hosts"
    return f" of all hosts but {len(hosts.exclude)}" if hosts.exclude else ""


def _why_share(steps: tuple[StepSpec, ...], place: int) -> str:
    step = steps[place]
    if place == len(steps) - 1:
        return "the last share: blue keeps running and can take all of it back in one step"
    if place == 0:
        if step.hosts:
            return "some hosts first: whatever is wrong with green, only their users meet it"
        return "the smallest share first: whatever is wrong with green, few users meet it"
    before = steps[place - 1]
    held = render_names(before.hosts) if before.hosts else render_percent(before.weight_bp)
    more = "more hosts show what those" if step.hosts else "more requests show what fewer"
    return f"{held} has held; {more} could not"


def plan_bake(spec: Upgrade, facts: Facts, judging: Judging) -> Iterator[Step]:
    """Yield the time in which green takes all and blue stays warm."""
    if spec.bake.hold_s > 0:
        yield plan_hold(
            Hold(
                key="bake",
                stage=Stage.BAKE,
                hold_s=spec.bake.hold_s,
                share_bp=spec.steps[-1].weight_bp,
                title="green takes all, blue stays warm",
                reason="some faults need time: leaks, caches, jobs of the hour",
            ),
            judging,
        )
    if spec.bake.approval:
        yield plan_approval("bake", Stage.BAKE, reason="the spec asks for it (bake.approval)")
    yield from plan_hooks(spec, "bake", Stage.BAKE)
    around = build_arrangement(spec, facts.capabilities)
    if around != NOTHING_ARRANGED:
        key = surroundings_key(around, "off")
        title = "nothing but the split stands in the gateway any more"
        yield plan_arrangement(key, Stage.BAKE, NOTHING_ARRANGED, facts, title=title)


def plan_retirement(spec: Upgrade, facts: Facts) -> Iterator[Step]:
    """Yield how blue is taken out of the gateway; nothing where it is never to be.

    It is kept for the hold, in which the way back is still open, and goes only with a person's word
    and with proof that nobody uses it.
    """
    if spec.retire.policy == "never":
        return
    name = facts.clusters[Cluster.BLUE].name
    if spec.retire.hold_s > 0:
        yield _keep_blue(name, spec.retire.hold_s)
    yield plan_approval(
        "retire",
        Stage.BAKE,
        reason=f"what follows is not undone: type {name}, the cluster that goes",
        typed=name,
    )
    yield _prove_idle(spec.retire.idle_s)
    yield from plan_stopping(spec, facts)
    yield _take_out(name, facts)
    yield from plan_removal(spec, facts)


def _keep_blue(name: str, hold_s: float) -> Step:
    return Step(
        key="retire-hold",
        stage=Stage.BAKE,
        kind=StepKind.HOLD,
        args={"hold_s": hold_s, "gates": render_gates(NO_GATES)},
        title=f"blue ({name}) is kept, for a way back",
        reason="nothing is judged: it is time for people; anyone can extend it",
        estimate_s=hold_s,
    )


def _prove_idle(quiet_s: float) -> Step:
    return Step(
        key="retire-idle",
        stage=Stage.BAKE,
        kind=StepKind.PROVE_IDLE,
        args={
            "cluster": Cluster.BLUE.value,
            "quiet_s": quiet_s,
            "timeout_s": IDLE_TIMEOUT_S,
        },
        title="blue has no request, no open stream and no sticky user for "
        f"{render_duration(quiet_s)}",
        reason="a cluster goes only with proof that nobody uses it",
        estimate_s=quiet_s,
    )


def _take_out(name: str, facts: Facts) -> Step:
    why = (
        "the cluster itself is not touched: it was there before the upgrade"
        if facts.platform is None
        else "nothing may be sent to what is removed next"
    )
    return Step(
        key="retire-blue",
        stage=Stage.RETIRE,
        kind=StepKind.RETIRE,
        args={"cluster": Cluster.BLUE.value},
        title=f"blue ({name}) is taken out of the gateway",
        reason=f"{why}{render_cost(facts)}",
        estimate_s=estimate_act_s(facts),
    )
