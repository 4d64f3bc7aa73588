"""Sends one signal to an upgrade and waits until the journal says what became of it."""

from dataclasses import dataclass

from bascule.app.clock import SystemClock
from bascule.app.state_dir import StateDir
from bascule.app.upgrades import choose_unfinished
from bascule.cli.ordering import build_order, read_state, require_runtime
from bascule.cli.patience import Patience, take_patience
from bascule.cli.rendering import Output
from bascule.errors import OutcomeUnknownError, PlanError
from bascule.journal.record import Json
from bascule.storage.opening import Store, open_store
from bascule.upgrade.events import Result
from bascule.upgrade.run.state import Mark, Signalled, UpgradeState
from bascule.upgrade.signals import Order, SteerUpgrade, UpgradeVerb, build_command
from bascule.upgrade.state import GatewayState

POLL_S = 0.02
"""How often the journal is looked at for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of a signal, and the upgrade after it."""

    signal: Signalled
    run: UpgradeState
    state: GatewayState


async def fetch_state(state_dir: StateDir) -> GatewayState:
    """Return what the journal says. Raises PlanError where nothing has been started yet."""
    async with open_store(state_dir.location) as store:
        return await read_state(store)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an operator says to an upgrade; an empty name means the one that is under way."""

    name: str | None
    verb: UpgradeVerb
    data: dict[str, Json]
    reason: str = ""


async def send(
    state_dir: StateDir, wish: Wish, *, timeout_s: float | None, output: Output
) -> Answered:
    """Put the signal into the inbox, wake the runtime and return what the journal says of it.

    Raises PlanError when it is refused, OutcomeUnknownError when no answer is there in time.
    """
    require_runtime(state_dir)
    clock = SystemClock()
    async with open_store(state_dir.location) as store:
        state = await read_state(store)
        run = choose_unfinished(state, wish.name)
        signal = SteerUpgrade(name=run.name, verb=wish.verb, data=wish.data)
        order = build_order(signal, wish.reason, clock)
        await store.put(build_command(order))
        patience = await take_patience(state_dir, clock, said_s=timeout_s, output=output)
        return await await_answer(store, order, patience)


async def await_answer(store: Store, order: Order, patience: Patience) -> Answered:
    """Return what became of `order` as soon as the journal says it.

    Raises PlanError when it is refused, OutcomeUnknownError when no answer is there in time.
    """
    seq = 0
    while patience.is_left():
        if await store.read(after_seq=seq):
            state = await read_state(store)
            seq = state.seq
            found = find_answer(state, order)
            if found is not None:
                return found
        await patience.pause(POLL_S)
    raise OutcomeUnknownError(
        f"signal {order.id} has no answer yet; whether it is obeyed is not known",
        remedy="look with `bascule upgrade status`: it names the last signals",
    )


def find_answer(state: GatewayState, order: Order) -> Answered | None:
    """Return what became of `order`, or None while that is not known.

    Raises PlanError when it was refused.
    """
    for run in state.upgrades:
        if run.run_id == order.id:
            began = Mark(seq=run.started.seq, at=run.started.at, actor=run.started.actor)
            signal = Signalled(signal_id=order.id, kind="start", mark=began)
            return Answered(signal=signal, run=run, state=state)
        taken = run.signal(order.id)
        if taken is not None and taken.refusal:
            raise PlanError(f"refused: {taken.refusal}", remedy=taken.remedy)
        if taken is not None:
            return Answered(signal=taken, run=run, state=state)
    outcome = state.outcome_of(order.id)
    if outcome is not None and outcome.result is Result.REFUSED:
        raise PlanError(f"refused: {outcome.reason}", remedy=outcome.remedy)
    return None
