"""An upgrade as one JSON document, for `bascule upgrade status` and for control.sock."""

from bascule.errors import UsageError
from bascule.journal.record import Json
from bascule.routing.weights import Split
from bascule.upgrade.encoding import render_split, render_time
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.rollback import Eligibility, judge_eligibility
from bascule.upgrade.run.state import Mark, Signalled, StepStatus, UpgradeState
from bascule.upgrade.state import GatewayState

SIGNALS_SHOWN_MAX = 10


def choose_upgrade(state: GatewayState, name: str | None) -> UpgradeState:
    """Return the upgrade of that name, or the newest. Raises UsageError if there is none."""
    found = state.upgrade if not name else state.upgrade_named(name)
    if found is not None:
        return found
    known = ", ".join(dict.fromkeys(u.name for u in state.upgrades))
    if name and known:
        raise UsageError(f"there is no upgrade {name!r} on this gateway", remedy=f"known: {known}")
    raise UsageError(
        "no upgrade has been started on this gateway",
        remedy="start one with `bascule upgrade start -f upgrade.yaml`",
    )


def choose_unfinished(state: GatewayState, name: str | None) -> UpgradeState:
    """Return the upgrade that a signal is for. Raises UsageError if none is under way."""
    if name:
        return choose_upgrade(state, name)
    if state.unfinished is None:
        newest = state.upgrade
        over = f": {newest.name} is over ({newest.stage})" if newest is not None else ""
        raise UsageError(
            f"no upgrade is under way on this gateway{over}",
            remedy="see `bascule upgrade history`; where a completed one has kept the old cluster, "
            "`bascule rollback` moves traffic back",
        )
    return state.unfinished


def upgrade_document(
    run: UpgradeState,
    state: GatewayState,
    *,
    live: Split | None = None,
    way_back: Eligibility | None = None,
) -> dict[str, Json]:
    """Return what is known of an upgrade; `live` is the split that the gateway shows, if known.

    `way_back` is what a runtime says of it, who knows whether anybody would be served.
    """
    way_back = way_back or judge_eligibility(run)
    is_newest = run is state.upgrade
    return {
        "name": run.name,
        "run_id": run.run_id,
        "digest": run.digest,
        "stage": run.stage.value,
        "posture": None if run.is_over else run.posture.value,
        "started": _mark(run.started),
        "reason": run.reason,
        "ended": None if run.ended is None else {**_mark(run.ended), "reason": run.end_reason},
        "step": _current(run),
        "weights": render_split(state.split) if is_newest else None,
        "live_weights": None if live is None else render_split(live),
        "gate": _gate(run),
        "approval": _approval(run),
        "paused": None if run.paused is None else _mark(run.paused),
        "halted": _halted(run),
        "rollback": {
            "is_possible": way_back.is_possible,
            "reason": way_back.reason.replace("the end begins", "it is over"),
            "cause": None if run.rollback is None else run.rollback.cause,
            "is_automatic": None if run.rollback is None else run.rollback.is_automatic,
        },
        "signals": [signal_document(s) for s in reversed(run.signals[-SIGNALS_SHOWN_MAX:])],
        "steps": [_step(run, step) for step in run.queue],
    }


def summarise_upgrade(state: GatewayState) -> dict[str, Json] | None:
    """Return the few facts of the newest upgrade that `bascule status` shows; None without one."""
    run = state.upgrade
    if run is None:
        return None
    return {
        "name": run.name,
        "stage": run.stage.value,
        "posture": None if run.is_over else run.posture.value,
        "step": _current(run),
    }


def signal_document(signal: Signalled) -> dict[str, Json]:
    """Return a signal and what became of it; `refusal` is empty when it was taken."""
    return {
        "signal_id": signal.signal_id,
        "kind": signal.kind,
        **_mark(signal.mark),
        "reason": signal.reason,
        "refusal": signal.refusal,
        "remedy": signal.remedy,
        "data": dict(signal.data),
    }


def gate_of(step: Step) -> str:
    """Return the gate of an approval step; empty for any other."""
    return str(step.args.get("gate") or step.key) if step.kind == StepKind.APPROVAL else ""


def _mark(mark: Mark) -> dict[str, Json]:
    return {"at": mark.at.isoformat(), "actor": mark.actor, "seq": mark.seq}


def _current(run: UpgradeState) -> Json:
    step = run.current
    if step is None or run.is_over:
        return None
    begun = run.step(step.key)
    return {
        **_step(run, step),
        "number": run.queue.index(step) + 1,
        "total": len(run.queue),
        "waits_for": None if begun.waits is None else begun.waits.reason,
        "waits_until": None if begun.waits is None else render_time(begun.waits.until),
    }


def _step(run: UpgradeState, step: Step) -> dict[str, Json]:
    known = run.step(step.key)
    return {
        "key": step.key,
        "stage": step.stage.value,
        "kind": step.kind,
        "title": step.title,
        "status": known.status.value,
        "attempt": known.attempt,
        "started_at": None if known.started is None else known.started.at.isoformat(),
        "finished_at": None if known.finished is None else known.finished.at.isoformat(),
        "reason": known.reason,
    }


def _gate(run: UpgradeState) -> Json:
    """Return the newest verdict: of the step that is worked on, else of the last one judged."""
    judged = [
        run.step(step.key).judged
        for step in (*run.plan.steps, *(run.rollback.steps if run.rollback else ()))
        if run.step(step.key).judged is not None
    ]
    last = judged[-1] if judged else None
    if last is None:
        return None
    return {
        "key": last.key,
        "verdict": last.verdict,
        "reasons": list(last.reasons),
        "evidence": {k: v for k, v in last.evidence.items() if k != "progress"},
    }


def _approval(run: UpgradeState) -> Json:
    """Return the gate that a person has to say yes to now; null when none waits."""
    step = run.current
    if run.is_over or step is None or run.step(step.key).status is not StepStatus.STARTED:
        return None
    waits = run.step(step.key).waits
    gate = gate_of(step)
    if not gate and waits is not None and "waits for an approval" in waits.reason:
        gate = step.key
    if not gate:
        return None
    typed = step.args.get("typed")
    return {"gate": gate, "typed": typed if isinstance(typed, str) else None}


def _halted(run: UpgradeState) -> Json:
    if run.halted is None:
        return None
    return {
        "key": run.halted.key,
        "reason": run.halted.reason,
        "remedy": run.halted.remedy,
        "is_in_doubt": run.halted.is_in_doubt,
    }
