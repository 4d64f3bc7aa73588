"""From the first user on green to the end of blue, as steps: shift, bake, retire."""

from collections.abc import Iterator

from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.routing.weights import render_percent
from bascule.spec.durations import render_duration
from bascule.spec.traffic import StepSpec
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.encoding import render_split
from bascule.upgrade.gates.encoding import render_gates
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.gating import NO_GATES
from bascule.upgrade.plan.holding import Hold, Judging, plan_approval, plan_hold, render_share
from bascule.upgrade.plan.hooks import plan_hooks
from bascule.upgrade.plan.making import plan_removal, plan_stopping
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.plan.shares import plan_split
from bascule.upgrade.plan.surroundings import (
    ACT_S,
    build_arrangement,
    plan_arrangement,
    surroundings_key,
)
from bascule.upgrade.run.stages import Stage

IDLE_TIMEOUT_S = 86_400.0
"""How long is waited for blue to become idle before a person is asked."""


def plan_shift(spec: Upgrade, facts: Facts, judging: Judging) -> Iterator[Step]:
    """Yield the steps in which green gets more and more."""
    for place, step in enumerate(spec.steps):
        share = render_share(step.weight_bp)
        split = plan_split(spec.hosts, facts.split, step.weight_bp)
        yield Step(
            key=step.key,
            stage=Stage.SHIFT,
            kind=StepKind.SET_WEIGHTS,
            args={"split": render_split(split)},
            title=f"green gets {share}{_of_hosts(spec)}",
            reason=_why_share(spec.steps, place),
            estimate_s=ACT_S,
        )
        yield plan_hold(
            Hold(
                key=f"{step.key}-hold",
                stage=Stage.SHIFT,
                hold_s=step.hold_s,
                share_bp=step.weight_bp,
                title=f"green is judged on {share}",
                reason="a regression should show here, before more users meet it",
            ),
            judging,
        )
        if step.approval:
            why = f"the spec asks for it (steps[{place}].approval)"
            yield plan_approval(step.key, Stage.SHIFT, reason=why)
        yield from plan_hooks(spec, step.key, Stage.SHIFT)


def _of_hosts(spec: Upgrade) -> str:
    hosts = spec.hosts
    if hosts.include:
        return f" of {len(set(hosts.include) - set(hosts.exclude))} named hosts"
    return f" of all hosts but {len(hosts.exclude)}" if hosts.exclude else ""


def _why_share(steps: tuple[StepSpec, ...], place: int) -> str:
    if place == 0 and len(steps) > 1:
        return "the smallest share first: whatever is wrong with green, few users meet it"
    if place == len(steps) - 1:
        return "the last share: blue keeps running and can take all of it back in one step"
    before = render_percent(steps[place - 1].weight_bp)
    return f"{before} has held; more requests show what fewer could not"


def plan_bake(spec: Upgrade, judging: Judging) -> Iterator[Step]:
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
    if build_arrangement(spec) != NOTHING_ARRANGED:
        key = surroundings_key(spec, "off")
        title = "nothing but the split stands in the gateway any more"
        yield plan_arrangement(key, Stage.BAKE, NOTHING_ARRANGED, title=title)


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
    yield _take_out(name, stays=facts.platform is None)
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


def _take_out(name: str, *, stays: bool) -> Step:
    return Step(
        key="retire-blue",
        stage=Stage.RETIRE,
        kind=StepKind.RETIRE,
        args={"cluster": Cluster.BLUE.value},
        title=f"blue ({name}) is taken out of the gateway",
        reason="the cluster itself is not touched: it was there before the upgrade"
        if stays
        else "nothing may be sent to what is removed next",
        estimate_s=ACT_S,
    )
