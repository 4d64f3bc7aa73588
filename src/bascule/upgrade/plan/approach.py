"""What an upgrade does before any user is sent to green, as steps."""

from collections.abc import Iterator

from bascule.checks.inventory import HostScope
from bascule.ids import Cluster
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.routing.weights import render_percent
from bascule.spec.durations import render_duration
from bascule.spec.traffic import Hosts
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.holding import Hold, Judging, plan_approval, plan_hold
from bascule.upgrade.plan.hooks import plan_hooks
from bascule.upgrade.plan.making import plan_making
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.plan.surroundings import (
    build_arrangement,
    plan_arrangement,
    render_surroundings,
    surroundings_key,
)
from bascule.upgrade.plan.updates import estimate_act_s
from bascule.upgrade.run.stages import Stage

CHECK_S = 5.0
"""How long a look at both clusters is estimated to take."""


def plan_approach(spec: Upgrade, facts: Facts, judging: Judging) -> Iterator[Step]:
    """Yield all that happens before any user is sent to green."""
    yield Step(
        key="preflight",
        stage=Stage.PREFLIGHT,
        kind=StepKind.CHECK,
        title="look at both clusters and the gateway",
        reason="nothing begins while a cluster is not known or somebody else changes the gateway",
        estimate_s=CHECK_S,
    )
    yield from plan_making(spec, facts)
    yield Step(
        key="provision-green",
        stage=Stage.PROVISION,
        kind=StepKind.AWAIT_CLUSTER,
        args={"cluster": Cluster.GREEN.value},
        title=f"green ({facts.clusters[Cluster.GREEN].name}) answers and is listed whole",
        reason="what cannot be listed cannot be judged"
        if facts.platform is not None
        else "green exists already; what cannot be listed cannot be judged",
        estimate_s=CHECK_S,
    )
    yield _sync(spec, facts)
    yield from plan_hooks(spec, "sync", Stage.SYNC)
    yield from _verify(spec, facts, judging)
    yield from plan_hooks(spec, "verify", Stage.VERIFY)


def _sync(spec: Upgrade, facts: Facts) -> Step:
    excluded = spec.hosts.exclude
    hosts = [host for host in spec.hosts.include if host not in excluded]
    return Step(
        key="sync",
        stage=Stage.SYNC,
        kind=StepKind.AWAIT_ROUTES,
        args={
            "cluster": Cluster.GREEN.value,
            "timeout_s": spec.sync.timeout_s,
            "hosts": [*hosts],
            "exclude": [] if hosts else [*excluded],
        },
        title="green can answer every route that blue answers",
        reason="workloads come from elsewhere (GitOps or a pipeline); waits at most "
        f"{render_duration(spec.sync.timeout_s)}",
        estimate_s=estimate_act_s(facts) if _is_ready(facts, spec.hosts) else None,
    )


def _is_ready(facts: Facts, hosts: Hosts) -> bool:
    scope = HostScope(include=hosts.include, exclude=hosts.exclude)
    if facts.routes is None:
        return False
    return all(
        route.green is not None and route.green.is_ready
        for host in facts.routes.hosts
        if scope.has(host.name)
        for route in host.routes
        if route.blue is not None and route.blue.is_ready
    )


def _verify(spec: Upgrade, facts: Facts, judging: Judging) -> Iterator[Step]:
    basic = build_arrangement(spec, facts.capabilities)
    if basic != NOTHING_ARRANGED:
        yield plan_arrangement(
            surroundings_key(basic, "on"),
            Stage.VERIFY,
            basic,
            facts,
            title=render_surroundings(basic),
        )
    if spec.mirror is not None:
        share = render_percent(spec.mirror.share_bp)
        yield plan_arrangement(
            "mirror-on",
            Stage.VERIFY,
            build_arrangement(spec, facts.capabilities, has_mirror=True),
            facts,
            title=f"copies of {share} of the requests go to green; its answers are thrown away",
        )
    if _has_verify(spec):
        yield plan_hold(
            Hold(
                key="verify",
                stage=Stage.VERIFY,
                hold_s=max(spec.verify.hold_s, spec.mirror.hold_s if spec.mirror else 0.0),
                share_bp=spec.mirror.share_bp if spec.mirror else 0,
                title="green is judged before any user is sent there",
                reason="a green that is broken should show before anybody is hurt",
            ),
            judging,
        )
    if spec.verify.approval:
        yield plan_approval("verify", Stage.VERIFY, reason="the spec asks for it (verify.approval)")
    if spec.mirror is not None:
        yield plan_arrangement(
            "mirror-off", Stage.VERIFY, basic, facts, title="no more copies go to green"
        )


def _has_verify(spec: Upgrade) -> bool:
    """Return whether there is anything to judge green by, or its user wants the time anyway."""
    is_asked_for = "hold_s" in spec.verify.model_fields_set
    return is_asked_for or spec.mirror is not None or bool(spec.analysis.checks)
