"""What `switch`, `weights` and `rollback` have in common: say, ask, send, wait, show."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import typer

from bascule.app.outcomes import outcome_document
from bascule.cli.cancelling import say_cancels
from bascule.cli.options import Consent, Where, choose_state_dir
from bascule.cli.ordering import (
    Ended,
    Plan,
    carry_out,
    confirm,
    error_of,
    fetch_plan,
    require_runtime,
)
from bascule.cli.rendering import Output, error_document, print_document, print_error, print_lines
from bascule.cli.topology import (
    render_outcome,
    render_topology,
    render_weights,
    state_document,
)
from bascule.journal.record import Json
from bascule.routing.weights import Split
from bascule.upgrade.signals import RollBack, SplitSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of the split that an operator asks for."""

    signal: SplitSignal
    where: Where
    consent: Consent
    output: Output


def run_change(change: Change) -> None:
    """Carry the change out and show how it ended.

    Raises the errors of what is refused before it is sent; ends with the exit code of the outcome.
    """
    begun_s = time.monotonic()
    state_dir = choose_state_dir(change.where)
    require_runtime(state_dir)
    plan = asyncio.run(fetch_plan(state_dir, change.signal, reason=change.consent.reason))
    confirm(
        render_change(plan, state_dir.path.name),
        is_sure=change.consent.yes,
        question="Move live traffic so?",
    )
    asked_s = time.monotonic() if not change.consent.yes else begun_s
    ended = asyncio.run(
        carry_out(state_dir, plan, timeout_s=change.consent.timeout, output=change.output)
    )
    _show(change, ended, operator_ms=(time.monotonic() - asked_s) * 1000)


def render_change(plan: Plan, gateway: str) -> list[str]:
    """Return what is, what will be, and whose operation may be cancelled for it."""
    signal = plan.order.signal
    return [
        f"{plan.order.kind} on {gateway}:",
        *(f"  now:  {line}" for line in _render_split(plan.state.split)),
        *(f"  then: {line}" for line in _render_split(plan.wanted)),
        *(say_cancels(signal.cancels) if isinstance(signal, RollBack) else ()),
    ]


def _render_split(split: Split) -> list[str]:
    hosts = (f"{host}: {render_weights(weights)}" for host, weights in split.by_host.items())
    return [render_weights(split.default), *hosts]


def _show(change: Change, ended: Ended, *, operator_ms: float) -> None:
    error = error_of(ended.outcome)
    if change.output is Output.JSON:
        document: Mapping[str, Json] = {
            **outcome_document(ended.outcome),
            **state_document(ended.state),
            "operator_ms": round(operator_ms, 3),
        }
        print_document({**document, "error": error_document(error) if error else None})
    elif error is None:
        print_lines(render_outcome(ended.outcome, operator_ms))
        print_lines(render_topology(ended.state.active, ended.state.split))
    if error is not None:
        print_error(error)
        raise typer.Exit(error.exit_code)
