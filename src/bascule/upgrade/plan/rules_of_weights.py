"""Rules on how traffic rises from step to step: by shares of the requests, or host by host."""

from collections.abc import Iterator, Sequence

from bascule.checks.findings import Finding, Severity
from bascule.ids import Cluster
from bascule.routing.weights import TOTAL_BP, Split, render_percent
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.reading import PlannedWeights, read_holds, read_weights

JUMP_MAX_BP = 5_000
"""A larger rise in one step is spoken about."""
_REST = ""
"""Stands for the hosts that nobody has named; no host is called so."""


def lint_weights(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Say where weights fall, or rise in one leap.

    All hosts count alike, since how many requests each of them gets is not known.
    """
    if facts.split.default.only is Cluster.GREEN:
        return  # said by `lint_start`
    before = facts.split
    weights = list(read_weights(plan))
    hosts = _find_moved(weights, facts)
    for step in weights:
        yield from _list_falls(step, before, hosts)
        rise = _mean_share(step.split, hosts) - _mean_share(before, hosts)
        if rise > JUMP_MAX_BP and len(weights) > 1:
            yield _leap(step, before, hosts)
        before = step.split
    yield from _at_once(plan, facts)


def _find_moved(weights: Sequence[PlannedWeights], facts: Facts) -> tuple[str, ...]:
    """Return the hosts that the plan moves, and what stands for those that are not known."""
    named = {host for step in weights for host in step.split.by_host}
    known = set() if facts.routes is None else {host.name for host in facts.routes.hosts}
    names = sorted(known) or [*sorted(named), _REST]
    return tuple(
        name
        for name in names
        if any(step.split.for_host(name) != facts.split.for_host(name) for step in weights)
    )


def _mean_share(split: Split, hosts: Sequence[str]) -> float:
    return sum(split.for_host(host).green_bp for host in hosts) / max(1, len(hosts))


def _list_falls(step: PlannedWeights, before: Split, hosts: Sequence[str]) -> Iterator[Finding]:
    shares = {
        (before.for_host(host).green_bp, step.split.for_host(host).green_bp) for host in hosts
    }
    for old, new in sorted(shares):
        if new < old:
            yield Finding(
                severity=Severity.WARNING,
                code="WeightFalls",
                subject=step.step.key,
                message=f"{step.step.key} gives green {render_percent(new)}, less than "
                f"the {render_percent(old)} before it",
                remedy="let weights rise from step to step",
            )


def _leap(step: PlannedWeights, before: Split, hosts: Sequence[str]) -> Finding:
    old, new = (_mean_share(split, hosts) / 100 for split in (before, step.split))
    is_by_host = len({before.for_host(host) for host in hosts}) > 1
    moved = sum(step.split.for_host(host) != before.for_host(host) for host in hosts)
    what = f": it moves {moved} of {len(hosts)} hosts" if is_by_host else ""
    return Finding(
        severity=Severity.WARNING,
        code="WeightJumps",
        subject=step.step.key,
        message=f"{step.step.key} leaps from {old:.3g} % to {new:.3g} %{what}",
        remedy="put a step in between, so that a green that is too small shows earlier",
    )


def _at_once(plan: Plan, facts: Facts) -> Iterator[Finding]:
    weights = list(read_weights(plan))
    if len(weights) != 1 or weights[0].green_bp < TOTAL_BP:
        return
    key = weights[0].step.key
    has_time = any(h.hold_s > 0 and h.step.key == "bake" for h in read_holds(plan, facts.split))
    then = "" if has_time else ", and without a bake"
    yield Finding(
        severity=Severity.WARNING,
        code="AllAtOnce",
        subject=key,
        message=f"{key} sends everything to green in one step{then}: the first users are all users",
        remedy="begin with a small weight or a single host, or mirror first, and give bake.hold "
        "some time",
    )
