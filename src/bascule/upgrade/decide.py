"""What to do with an order: act on it, or refuse it, with reasons. Nothing is changed here."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, assert_never

from bascule.checks.findings import Finding
from bascule.errors import PlanError
from bascule.gateway.driver import Capabilities
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights, render_percent
from bascule.upgrade.events import WAY_BACK, Result
from bascule.upgrade.pace import AT_ONCE
from bascule.upgrade.readiness import (
    TrafficView,
    check_lists,
    check_routes,
    has_any_endpoint,
    rising_clusters,
)
from bascule.upgrade.run.rollback import has_retired
from bascule.upgrade.signals import (
    EVERY_HOST,
    Order,
    RollBack,
    SetWeights,
    SplitSignal,
    Switch,
)
from bascule.upgrade.state import GatewayState, Outcome

STOP_WRITERS = "stop it first: two that write one gateway undo each other's work"
PATIENCE_S = 10.0
"""How long an order waits for a cluster that is still being listed."""
SAME_AGAIN = (
    "nobody saw how the rollback before this one ended: this one makes sure of it, and goes back "
    "no further"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Record the intent and set `wanted`; `notes` are what was overridden or accepted."""

    wanted: Split
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Record that nothing was done, and why."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class AlreadyEnded:
    """The order came a second time; it is one order."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again soon: a cluster is still being listed, as after a restart."""

    reason: str


Decision: TypeAlias = Act | Refuse | AlreadyEnded | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the world when an order is decided; `age_s` is the order's."""

    view: TrafficView
    capabilities: Capabilities
    age_s: float
    age_max_s: float = AT_ONCE.order_age_max_s
    writers: tuple[Finding, ...] = ()
    """Who else writes the gateway, as blockers: of a move forward only."""


def decide(state: GatewayState, order: Order, signal: SplitSignal, facts: Facts) -> Decision:
    """Return what to do with `order`, whose signal is `signal`, when nothing is in flight."""
    view = facts.view
    ended = state.outcome_of(order.id)
    if ended is not None:
        return AlreadyEnded(ended)
    if facts.age_s > facts.age_max_s:
        return refuse_old(facts.age_s)
    if state.unfinished is not None:
        return refuse_meanwhile(state.unfinished.name, signal)
    try:
        wanted = plan_split(state, signal, order.at)
        check_step(wanted, facts.capabilities)
    except PlanError as error:
        return Refuse(reason=error.message, remedy=error.remedy)
    if isinstance(signal, RollBack):
        found = decide_rollback(state, wanted, view)
        if isinstance(found, Act) and _is_open_end(state) and not signal.cancels:
            return replace(found, notes=(SAME_AGAIN, *found.notes))
        return found
    aim = _Aim(wanted=wanted, view=view, writers=facts.writers)
    decision = _decide_forward(state, order, signal, aim)
    if isinstance(decision, Refuse) and facts.age_s < PATIENCE_S and _is_loading(view):
        return Wait(decision.reason)
    return decision


def leads_back(state: GatewayState, wanted: Split) -> bool:
    """Return whether `wanted` only gives blue back what the last shift took from it.

    Nothing that a rollback does not wait for is waited for on that way.
    """
    home = state.homes[-1] if state.homes else state.split
    back = {*rising_clusters(state.split, home)} - {Cluster.GREEN}
    return {*rising_clusters(state.split, wanted)} <= back


def refuse_old(age_s: float) -> Refuse:
    """Return the answer to an order that no runtime took in time."""
    return Refuse(
        reason=f"it waited {age_s:.0f} s for a runtime, too long to be still meant",
        remedy="say it again if it is",
    )


def refuse_meanwhile(name: str, signal: SplitSignal) -> Refuse:
    """Return the answer to an order that came while the upgrade `name` is unfinished."""
    # An upgrade chooses the weights until it is over; its own verbs say so to it.
    verb = "rollback" if isinstance(signal, RollBack) else "weights"
    return Refuse(
        reason=f"the upgrade {name} is under way and chooses the weights",
        remedy=f"use `bascule upgrade {verb} {name}`, or look with `bascule upgrade status {name}`",
    )


def plan_split(state: GatewayState, signal: SplitSignal, at: datetime) -> Split:
    """Return the split that `signal`, given at that time, asks for.

    Raises PlanError where it cannot be.
    """
    match signal:
        case Switch():
            return _plan_switch(state, signal)
        case SetWeights():
            if signal.host == EVERY_HOST:
                return Split(signal.weights, state.split.by_host)
            return Split(state.split.default, {**state.split.by_host, signal.host: signal.weights})
        case RollBack():
            if _is_open_end(state) or (signal.cancels and _is_rolling_back(state, at)):
                return state.split
            if not state.homes:
                raise PlanError(
                    "there is nothing to roll back to: no switch or shift is recorded",
                    remedy="use `bascule switch` to move traffic",
                )
            return state.homes[-1]
        case _:
            assert_never(signal)


def _is_rolling_back(state: GatewayState, at: datetime) -> bool:
    """Return whether a rollback was under way then: that one is meant.

    Who allows that an operation is cancelled has seen a rollback wait for it, and wants no other.
    """
    if state.in_flight is not None:
        return state.in_flight.intent.kind == WAY_BACK
    last = _last_rollback(state)
    return last is not None and last.stamp.at >= at


def _is_open_end(state: GatewayState) -> bool:
    """Return whether nobody knows how the last rollback ended: who says it again means that one."""
    last = _last_rollback(state)
    return state.in_flight is None and last is not None and last.result is Result.UNKNOWN


def _last_rollback(state: GatewayState) -> Outcome | None:
    """Return the rollback that traffic was moved by last; None where it was something else."""
    moved = (o for o in reversed(state.recent) if o.result in {Result.DONE, Result.UNKNOWN})
    last = next(moved, None)
    is_it = last is not None and last.kind == WAY_BACK and last.split == state.split
    return last if is_it else None


def _plan_switch(state: GatewayState, signal: Switch) -> Split:
    if signal.source is signal.target:
        raise PlanError(f"{signal.source} cannot be switched to itself")
    if signal.source is not state.active:
        raise PlanError(
            f"{signal.source} is not the active cluster: {state.active} is",
            remedy=f"look with `bascule status`; say --from {state.active} to leave {state.active}",
        )
    return Split(Weights.all_to(signal.target))


def check_step(wanted: Split, capabilities: Capabilities) -> None:
    """Raise PlanError if the gateway cannot split requests so finely."""
    step = capabilities.weight_step_bp
    for weights in (wanted.default, *wanted.by_host.values()):
        if weights.blue_bp % step:
            raise PlanError(
                f"the gateway takes weights in steps of {render_percent(step)}, "
                f"not {render_percent(weights.green_bp)}",
                remedy=f"choose a multiple of {render_percent(step)}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
    """Where to, and what is known on the way."""

    wanted: Split
    view: TrafficView
    writers: tuple[Finding, ...]


def _decide_forward(
    state: GatewayState, order: Order, signal: Switch | SetWeights, aim: _Aim
) -> Decision:
    wanted = aim.wanted
    findings = (
        *_check_host(signal, aim.view),
        *find_hindrances(state.split, wanted, aim.view),
        *(f"{each.subject}: {each.message}" for each in aim.writers),
    )
    is_forced = signal.is_forced
    if not findings:
        return Act(wanted=wanted)
    if not is_forced:
        first = STOP_WRITERS if aim.writers else "make it ready"
        return Refuse(
            reason="; ".join(findings),
            remedy=f"{first}, or use --force with --reason to go on all the same",
        )
    if not order.reason:
        return Refuse(reason="--force needs a reason", remedy="give one with --reason")
    return Act(wanted=wanted, notes=tuple(f"forced: {finding}" for finding in findings))


def decide_rollback(state: GatewayState, wanted: Split, view: TrafficView) -> Act | Refuse:
    """Ask only that the target can answer at all; say what else is wrong with it."""
    for target in rising_clusters(state.split, wanted):
        if target in state.retired:
            return _refuse_retired(state, target)
        if not has_any_endpoint(view, target):
            return Refuse(
                reason=f"{target} has no ready endpoint for any route",
                remedy="bring it up first: going back to it would serve nobody",
            )
    return Act(wanted=wanted, notes=find_hindrances(state.split, wanted, view))


def _refuse_retired(state: GatewayState, cluster: Cluster) -> Refuse:
    by = next((run.name for run in reversed(state.upgrades) if has_retired(run, cluster)), None)
    who = f"the upgrade {by}" if by is not None else "an earlier upgrade"
    return Refuse(
        reason=f"{cluster} was retired by {who}: there is no way back to it",
        remedy="traffic stays as it is; to go on, upgrade to another cluster",
    )


def find_hindrances(before: Split, wanted: Split, view: TrafficView) -> tuple[str, ...]:
    """Return what speaks against going from `before` to `wanted` now, as sentences."""
    lists = [
        finding
        for target in rising_clusters(before, wanted)
        for finding in check_lists(view, target)
    ]
    return (*lists, *check_routes(view, before, wanted))


def _is_loading(view: TrafficView) -> bool:
    return any(
        not (view.lists[c].is_complete or view.lists[c].is_stale) if c in view.lists else True
        for c in Cluster
    )


def _check_host(signal: Switch | SetWeights, view: TrafficView) -> tuple[str, ...]:
    if not isinstance(signal, SetWeights) or signal.host == EVERY_HOST:
        return ()
    known = {host.name for host in view.routes.hosts}
    return () if signal.host in known else (f"no Ingress names the host {signal.host}",)
