"""Sends one order to the runtime and waits for its journalled outcome.

The inbox is the truth: what is put there is carried out even if this process ends. So an outcome
that does not come in time is reported as not known, never as failed or done.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from bascule.app.clock import SystemClock
from bascule.app.state_dir import StateDir
from bascule.cli.options import new_order_id, operator_name
from bascule.cli.patience import Patience, ring, take_patience
from bascule.cli.rendering import Output
from bascule.clock import Clock
from bascule.errors import (
    BasculeError,
    DriverError,
    OutcomeUnknownError,
    PlanError,
    TransportError,
    UsageError,
)
from bascule.journal.store import JournalStore
from bascule.routing.weights import Split
from bascule.storage.lock import read_holder
from bascule.storage.opening import Store, open_store
from bascule.upgrade.decide import plan_split, refuse_meanwhile
from bascule.upgrade.events import Result
from bascule.upgrade.signals import Order, Signal, SplitSignal, build_command
from bascule.upgrade.state import GatewayState, Outcome, fold

POLL_S = 0.01
"""How often the journal is looked at for the outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an order would do, found before anything is sent."""

    state: GatewayState
    order: Order
    wanted: Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an order ended, and what the journal says after it."""

    outcome: Outcome
    state: GatewayState


def require_runtime(state_dir: StateDir) -> None:
    """Raise TransportError when no runtime holds the gateway: nobody would carry an order out.

    Where the journal is far away the runtime may be on another machine: then nobody can know.
    """
    if not state_dir.url and read_holder(state_dir.lock) is None:
        raise TransportError(
            f"no runtime works on {state_dir.path}; nothing was changed",
            remedy="start it with `bascule run -f gateway.yaml`, or go on with an upgrade by "
            "`bascule upgrade start -f upgrade.yaml`, then say this again",
        )


async def fetch_plan(state_dir: StateDir, signal: SplitSignal, *, reason: str) -> Plan:
    """Return the plan for `signal`. Raises PlanError where it cannot be, JournalError."""
    clock = SystemClock()
    await ring(state_dir, "prepare")
    async with open_store(state_dir.location) as journal:
        state = await read_state(journal)
    if state.unfinished is not None:
        refusal = refuse_meanwhile(state.unfinished.name, signal)
        raise PlanError(f"refused: {refusal.reason}", remedy=refusal.remedy)
    order = build_order(signal, reason, clock)
    return Plan(state=state, order=order, wanted=plan_split(state, signal, order.at))


def confirm(lines: Sequence[str], *, is_sure: bool, question: str) -> None:
    """Show what will be done and ask, unless `is_sure`.

    Raises UsageError where nobody can be asked, typer.Exit when the answer is no.
    """
    if is_sure:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "this changes live traffic and there is no terminal to ask on; nothing was changed",
            remedy="say --yes to go on without a question",
        )
    for line in lines:
        typer.echo(line, err=True)
    if not typer.confirm(question, err=True):
        typer.echo("nothing was changed", err=True)
        raise typer.Exit(1)


async def carry_out(
    state_dir: StateDir, plan: Plan, *, timeout_s: float | None, output: Output
) -> Ended:
    """Put the order into the inbox, wake the runtime and return the journalled outcome.

    Raises OutcomeUnknownError when none is there after `timeout_s`, JournalError when the inbox
    cannot be written: then nothing was changed.
    """
    async with open_store(state_dir.location) as journal:
        await journal.put(build_command(plan.order))
        patience = await take_patience(state_dir, SystemClock(), said_s=timeout_s, output=output)
        return await _wait(journal, plan, patience)


def error_of(outcome: Outcome) -> BasculeError | None:
    """Return the error whose exit code tells a script how the order ended; None when done."""
    match outcome.result:
        case Result.DONE:
            return None
        case Result.REFUSED:
            return PlanError(f"refused: {outcome.reason}", remedy=outcome.remedy)
        case Result.FAILED:
            return DriverError(f"failed: {outcome.reason}", remedy=outcome.remedy)
        case Result.UNKNOWN:
            remedy = outcome.remedy or "look with `bascule status`"
            return OutcomeUnknownError(f"the outcome is not known: {outcome.reason}", remedy=remedy)


def build_order(signal: Signal, reason: str, clock: Clock) -> Order:
    """Return a fresh order of the person who runs this command."""
    return Order(
        id=new_order_id(), at=clock.now(), actor=operator_name(), signal=signal, reason=reason
    )


async def _wait(journal: Store, plan: Plan, patience: Patience) -> Ended:
    seq = plan.state.seq
    while patience.is_left():
        if await journal.read(after_seq=seq):
            state = await read_state(journal)
            outcome = state.outcome_of(plan.order.id)
            if outcome is not None:
                return Ended(outcome=outcome, state=state)
            seq = state.seq
        await patience.pause(POLL_S)
    raise OutcomeUnknownError(
        f"order {plan.order.id} has no outcome yet; whether it took place is not known",
        remedy="look with `bascule status`: it names the last orders and the live weights",
    )


async def read_state(journal: JournalStore) -> GatewayState:
    """Return the fold of the journal. Raises PlanError where nothing has been started yet."""
    state = fold(await journal.read())
    if state is None:
        raise PlanError(
            "the gateway has not been started yet", remedy="start it with `bascule run`"
        )
    return state
