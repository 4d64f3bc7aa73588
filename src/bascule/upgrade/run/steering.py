"""What an operator's signal does to a running upgrade, or why it is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bascule.journal.record import Json
from bascule.routing.weights import TOTAL_BP, Split, Weights
from bascule.upgrade.encoding import parse_split, read_names
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.rollback import (
    has_moved_traffic,
    is_traffic_awaited,
    judge_eligibility,
)
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.signals import Order, RollBack, Signal, SteerUpgrade, UpgradeVerb

ANSWERS = ("done", "redo", "skip")
EXTENDABLE = "retire-hold"
"""The hold that `extend` makes longer."""
EXTEND_MAX_S = 366 * 86_400.0
"""By so much in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Obey; `data` is what is recorded of the signal."""

    data: Mapping[str, Json]
    begins_rollback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Do not obey, and say why."""

    reason: str
    remedy: str = ""


def decide_signal(state: UpgradeState, signal: SteerUpgrade) -> Take | Decline:
    """Return what to do with `signal` when `state` is unfinished."""
    return _RULES[signal.verb](state, signal.data)


def is_still_meant(state: UpgradeState | None, order: Order, signal: Signal) -> bool:
    """Return whether an old signal is obeyed: one that stops or goes back, said to this very run.

    Not to obey it would let the upgrade go on against the last word of its operator.
    """
    return (
        state is not None
        and isinstance(signal, SteerUpgrade)
        and signal.name == state.name
        and signal.verb in {UpgradeVerb.PAUSE, UpgradeVerb.ABORT, UpgradeVerb.ROLLBACK}
        and order.at >= state.started.at
    )


def calls_back(state: UpgradeState, order: Order) -> bool:
    """Return whether `order` would make the upgrade go back now."""
    signal = order.signal
    if isinstance(signal, RollBack):
        signal = SteerUpgrade(name=state.name, verb=UpgradeVerb.ROLLBACK)
    if not isinstance(signal, SteerUpgrade) or signal.name != state.name:
        return False
    found = decide_signal(state, signal)
    return isinstance(found, Take) and found.begins_rollback


def find_cancels(signal: Signal, state: UpgradeState | None) -> tuple[str, ...]:
    """Return whose operations on the gateway may be cancelled by a rollback that `signal` asks."""
    if isinstance(signal, RollBack):
        return signal.cancels
    if not isinstance(signal, SteerUpgrade) or state is None or signal.name != state.name:
        return ()
    is_back = signal.verb is UpgradeVerb.ROLLBACK
    return read_names(signal.data, "cancels") if is_back else ()


def _approve(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    current = state.current
    is_asked = current is not None and not _is_within_hold(state, current)
    gate = str(data.get("gate") or "") or (gate_of(current) if current and is_asked else "")
    # A hold is let pass while it holds, by its name; an approval may be given before its turn, and
    # of the same name it is what is meant until the time of the hold is over.
    ahead = [
        s
        for s in state.queue
        if not state.step(s.key).is_over and (s.kind == StepKind.APPROVAL or s is current)
        if gate_of(s)
    ]
    ahead.sort(key=lambda s: _is_within_hold(state, s))
    known = {gate_of(s): s for s in reversed(ahead)}
    if not gate:
        return Decline(
            reason="nothing waits for an approval now",
            remedy=f"name a gate with --gate: {', '.join(reversed(known))}" if known else "",
        )
    if gate not in known:
        return Decline(
            reason=f"no gate {gate!r} lies ahead",
            remedy=f"the gates ahead are: {', '.join(reversed(known))}",
        )
    typed, expected = data.get("typed"), known[gate].args.get("typed")
    if expected and typed != expected:
        return Decline(
            reason=f"the gate {gate} needs the name of the cluster, typed out",
            remedy=f"say --typed {expected}, if that is the cluster you mean",
        )
    return Take(data={"gate": gate, "typed": typed, "key": known[gate].key})


def _is_within_hold(state: UpgradeState, step: Step) -> bool:
    """Return whether it is a hold whose time is not over: nobody has to approve it."""
    waits = state.step(step.key).waits
    return step.kind == StepKind.HOLD and (waits is None or waits.until is not None)


def gate_of(step: Step) -> str:
    """Return the name by which a step's gate is approved; empty where it has none."""
    match step.kind:
        case StepKind.APPROVAL:
            return str(step.args.get("gate") or step.key)
        case StepKind.HOLD:
            return step.key
        case _:
            return ""


def _pause(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    del data
    if state.paused is not None:
        return Decline(
            reason=f"it is paused already, by {state.paused.actor}",
            remedy=f"go on with `bascule upgrade resume {state.name}`",
        )
    if state.rollback is not None:
        return Decline(reason="a rollback is not paused: traffic would stay where it is not wanted")
    return Take(data={})


def _resume(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    del data
    if state.paused is None:
        remedy = "see `bascule upgrade status` for what it waits for"
        return Decline(reason="it is not paused", remedy=remedy)
    return Take(data={})


def _abort(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    del data
    if has_moved_traffic(state):
        return Decline(
            reason="green has had traffic, and abort never moves traffic",
            remedy=f"use `bascule upgrade rollback {state.name}`",
        )
    return _roll_back(state, {})


def _roll_back(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    cancels: list[Json] = [*read_names(data, "cancels")]
    if cancels and is_traffic_awaited(state):
        return Take(data={"cancels": cancels})
    found = judge_eligibility(state)
    if not found.is_possible:
        return Decline(reason=f"it cannot be rolled back: {found.reason}")
    return Take(data={"cancels": cancels} if cancels else {}, begins_rollback=True)


def _weights(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    blue_bp = data.get("blue_bp")
    is_whole = isinstance(blue_bp, int) and not isinstance(blue_bp, bool)
    if not is_whole or not 0 <= int(str(blue_bp)) <= TOTAL_BP:
        return Decline(reason=f"{blue_bp!r} is not a share of blue in hundredths of a percent")
    if state.stage not in {Stage.SHIFT, Stage.BAKE}:
        return Decline(
            reason=f"weights are set by hand while traffic shifts or bakes, not in {state.stage}"
        )
    return Take(data={"blue_bp": blue_bp})


def plan_hand_split(state: UpgradeState, weights: Weights) -> Split:
    """Return the split for weights set by hand: only what the plan moves is moved."""
    moving = [s for s in state.plan.steps if s.kind == StepKind.SET_WEIGHTS]
    before = state.before
    if not moving:
        return Split(weights, before.by_host)
    last = parse_split(moving[-1].args.get("split"))
    default = weights if last.default != before.default else before.default
    hosts = {
        host: weights if share != before.for_host(host) else share
        for host, share in last.by_host.items()
    }
    return Split(default, hosts)


def _look(state: UpgradeState) -> str:
    return f"see `bascule upgrade status {state.name}` for what it waits for"


def _retry(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    del data
    if state.halted is None:
        return Decline(
            reason="it has not halted: there is nothing to try again", remedy=_look(state)
        )
    if state.halted.is_in_doubt:
        return Decline(
            reason=f"whether {state.halted.key} took place is not known",
            remedy=f"look, then say `bascule upgrade answer {state.name} {'|'.join(ANSWERS)}`",
        )
    return Take(data={})


def _answer(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    answer = str(data.get("answer"))
    if state.halted is None or not state.halted.is_in_doubt:
        retry = f"say `bascule upgrade retry {state.name}`, or roll it back"
        return Decline(
            reason="no step is in doubt: there is nothing to answer",
            remedy=_look(state) if state.halted is None else retry,
        )
    if answer not in ANSWERS:
        return Decline(reason=f"{answer!r} is no answer", remedy=f"say one of {', '.join(ANSWERS)}")
    return Take(data={"answer": answer, "key": state.halted.key})


def _extend(state: UpgradeState, data: Mapping[str, Json]) -> Take | Decline:
    by_s = data.get("by_s")
    is_number = isinstance(by_s, int | float) and not isinstance(by_s, bool)
    if not is_number or not 0 < float(str(by_s)) <= EXTEND_MAX_S - state.extended_s:
        remedy = f"say --by 24h; no hold is made longer by more than {EXTEND_MAX_S / 86_400:g}d"
        return Decline(reason=f"{by_s!r} is not a time to extend by", remedy=remedy)
    step = state.plan.step(EXTENDABLE)
    if step is None or state.rollback is not None or state.step(step.key).is_over:
        return Decline(reason="no hold before retire lies ahead")
    return Take(data={"by_s": by_s})


_RULES: Mapping[UpgradeVerb, Callable[[UpgradeState, Mapping[str, Json]], Take | Decline]] = {
    UpgradeVerb.APPROVE: _approve,
    UpgradeVerb.PAUSE: _pause,
    UpgradeVerb.RESUME: _resume,
    UpgradeVerb.ABORT: _abort,
    UpgradeVerb.ROLLBACK: _roll_back,
    UpgradeVerb.WEIGHTS: _weights,
    UpgradeVerb.RETRY: _retry,
    UpgradeVerb.ANSWER: _answer,
    UpgradeVerb.EXTEND: _extend,
}
