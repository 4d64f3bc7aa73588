"""Rules on a gateway that is slow to change and late to tell: updates, shares, times to judge."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from bascule.checks.findings import Finding, Severity
from bascule.routing.members import choose_members, list_shares
from bascule.routing.model import Backend, RouteSet
from bascule.routing.weights import TOTAL_BP, render_percent
from bascule.spec.durations import render_about, render_duration
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.gating import judges_traffic
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.reading import read_holds, read_weights
from bascule.upgrade.plan.shares import render_names
from bascule.upgrade.plan.updates import UPDATING_KINDS

LOOKS_MIN = 5
"""So many times at least counts have come before a step is judged by them."""
SERVICES_NAMED_MAX = 20
"""Of how many Services the shares are told one by one."""
PAIRS_MAX = 2_500
"""Of more pairs of numbers than this the shares are not worked out one by one."""
SHARES_SHOWN_MAX = 9
"""How many shares of one Service are listed; more lie close together."""


def lint_updates(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Say how often the whole gateway is updated, how long that takes, and what it means."""
    keys = [step.key for step in plan.steps if step.kind in UPDATING_KINDS]
    times = facts.update
    if times is not None and keys:
        count = "1 step updates" if len(keys) == 1 else f"{len(keys)} steps update"
        yield Finding(
            severity=Severity.INFO,
            code="GatewayUpdates",
            subject="gateway",
            message=f"{count} the whole gateway ({render_names(keys)}), by 1 PUT each: mostly in "
            f"{render_about(times.median_s)}, one in ten in more than {render_about(times.p90_s)} "
            f"({times.source}); each counts as a disruption",
        )
    if not facts.capabilities.is_switch_atomic and any(read_weights(plan)):
        yield Finding(
            severity=Severity.INFO,
            code="SwitchNotAtomic",
            subject="gateway",
            message="the instances of this gateway take over one after another: while they do, "
            "both versions answer, to one user too",
            remedy="let both versions work on the same data, before and after",
        )


def lint_judging_time(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Refuse to judge for so short a time that the gateway has hardly counted anything."""
    every_s = facts.capabilities.measures_every_s
    least_s = every_s * LOOKS_MIN
    short = [
        hold
        for hold in read_holds(plan, facts.split)
        if hold.hold_s < least_s and judges_traffic(hold.gates)
    ]
    if short:
        told = ", ".join(f"{hold.step.key} ({render_duration(hold.hold_s)})" for hold in short)
        least = render_duration(least_s)
        yield Finding(
            severity=Severity.BLOCKER,
            code="HoldTooShort",
            subject=short[0].step.key,
            message=f"{told}: what this gateway counts comes every {render_duration(every_s)}, and "
            f"late, so nothing can be judged in less than {least}",
            remedy=f"write `hold: {least}` or more there, or no rules in `analysis`",
        )


def lint_shares(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Tell which percentages each Service reaches, where numbers of addresses make the shares."""
    if not facts.capabilities.shares_by_members or facts.routes is None:
        return
    splits = [weights.split for weights in read_weights(plan)]
    shares = {w.green_bp for split in splits for w in (split.default, *split.by_host.values())}
    partial = sorted(shares - {0, TOTAL_BP})
    pairs = _list_pairs(facts.routes)
    if not partial:
        return
    for blue, green in pairs[:SERVICES_NAMED_MAX]:
        yield _tell_shares(blue, green, partial)
    more = len(pairs) - SERVICES_NAMED_MAX
    if more > 0:
        yield Finding(
            severity=Severity.INFO,
            code="SharesReachable",
            subject="gateway",
            message=f"{more} more Services reach the percentages that their numbers of pods allow",
        )


def _list_pairs(routes: RouteSet) -> list[tuple[Backend, Backend]]:
    """Return the backends of both clusters that stand for each other, each pair once."""
    found = {
        (route.blue.name, route.green.name): (route.blue, route.green)
        for host in routes.hosts
        for route in host.routes
        if route.blue is not None and route.green is not None
    }
    return [found[names] for names in sorted(found)]


def _tell_shares(blue: Backend, green: Backend, partial: Sequence[int]) -> Finding:
    numbers = len(blue.endpoints), len(green.endpoints)
    reached = {bp: choose_members(*numbers, bp).green_share for bp in partial}
    becomes = ", ".join(f"{render_percent(bp)} becomes {_render(reached[bp])} %" for bp in partial)
    is_far = any(share > 2 * Fraction(bp, TOTAL_BP) for bp, share in reached.items())
    return Finding(
        severity=Severity.WARNING if is_far else Severity.INFO,
        code="SharesReachable",
        subject=f"{blue.namespace}/{blue.service}",
        message=f"{blue.namespace}/{blue.service} has {numbers[0]} pods in blue and {numbers[1]} "
        f"in green, and can give green {_say_shares(*numbers)}: {becomes}",
        remedy="give green more pods, or move whole hosts" if is_far else "",
    )


def _say_shares(blue: int, green: int) -> str:
    if blue * green > PAIRS_MAX:
        least, most = Fraction(1, blue + 1), Fraction(green, green + 1)
        return (
            f"nothing, everything, and nearly each share from {_render(least)} to {_render(most)} %"
        )
    shares = list_shares(blue, green)
    if len(shares) <= SHARES_SHOWN_MAX:
        return f"{', '.join(map(_render, shares))} %"
    between = f"{len(shares) - 2} shares from {_render(shares[1])} to {_render(shares[-2])} %"
    return f"nothing, everything, and {between}"


def _render(share: Fraction) -> str:
    return f"{float(share) * 100:.3g}"
