"""The verbs that say something to a running upgrade."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeAlias

import typer

from bascule.app.clock import SystemClock
from bascule.app.state_dir import StateDir
from bascule.app.upgrades import choose_unfinished, signal_document, upgrade_document
from bascule.cli.arguments import takes
from bascule.cli.cancelling import CancelOption, choose_cancels, say_cancels
from bascule.cli.documents import say_moment
from bascule.cli.options import (
    TIMEOUT_HELP,
    TIMEOUT_MAX_S,
    Consent,
    OutputOption,
    Where,
    choose_state_dir,
)
from bascule.cli.ordering import confirm, read_state, require_runtime
from bascule.cli.patience import take_patience
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.topology import render_weights
from bascule.cli.upgrade.sending import (
    Answered,
    Wish,
    fetch_state,
    send,
)
from bascule.cli.upgrade.status_text import say_hand_weights, say_stage
from bascule.cli.weights_command import parse_shares
from bascule.errors import OutcomeUnknownError, PlanError, UsageError
from bascule.journal.record import Json
from bascule.routing.weights import parse_weights
from bascule.storage.opening import open_store
from bascule.upgrade.gates.wording import say_duration
from bascule.upgrade.run.rollback import TRAFFIC_KEY, is_traffic_awaited, judge_eligibility
from bascule.upgrade.run.state import Signalled, UpgradeState
from bascule.upgrade.run.steering import EXTENDABLE
from bascule.upgrade.signals import UpgradeVerb

ANSWERS = ("done", "redo", "skip")
POLL_S = 0.1

NameArgument: TypeAlias = Annotated[
    str | None, typer.Argument(help="The upgrade; the one that is under way if absent.")
]


YesOption: TypeAlias = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask; without a terminal nobody is asked.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What every one of these verbs is told: of which gateway, and why."""

    where: Where
    reason: Annotated[str, typer.Option("--reason", help="Why; for the journal.")] = ""
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0.1, max=TIMEOUT_MAX_S, help=TIMEOUT_HELP),
    ] = None
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArguments:
    """What `pause`, `resume` and `retry` are told."""

    name: NameArgument = None
    saying: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortArguments:
    """What `bascule upgrade abort` is told."""

    name: NameArgument = None
    yes: YesOption = False
    saying: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveArguments:
    """What `bascule upgrade approve` is told."""

    name: NameArgument = None
    gate: Annotated[str, typer.Option("--gate", help="The gate; the one that waits if absent.")] = (
        ""
    )
    typed: Annotated[
        str | None, typer.Option("--typed", help="The name of the cluster, where a gate asks it.")
    ] = None
    saying: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsArguments:
    """What `bascule upgrade weights` is told."""

    words: Annotated[
        list[str],
        typer.Argument(help="[NAME] blue=PERCENT green=PERCENT; one of them is enough."),
    ]
    yes: YesOption = False
    saying: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerArguments:
    """What `bascule upgrade answer` is told."""

    words: Annotated[list[str], typer.Argument(help="[NAME] done, redo or skip.")]
    saying: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendArguments:
    """What `bascule upgrade extend` is told."""

    name: NameArgument = None
    by: Annotated[str, typer.Option("--by", help="How much longer, such as 24h, 90m or 2d.")]
    saying: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackArguments:
    """What `bascule upgrade rollback` is told."""

    name: NameArgument = None
    where: Where
    consent: Consent
    cancels: CancelOption = None
    output: OutputOption = Output.TEXT


@takes(ApproveArguments)
def approve(arguments: ApproveArguments) -> None:
    """Say yes to a gate that waits for a person."""
    data: dict[str, Json] = {"gate": arguments.gate, "typed": arguments.typed}
    _say(arguments.name, UpgradeVerb.APPROVE, data, arguments.saying)


@takes(NamedArguments)
def pause(arguments: NamedArguments) -> None:
    """Stop where it is; traffic stays as it is until `resume`."""
    _say(arguments.name, UpgradeVerb.PAUSE, {}, arguments.saying)


@takes(NamedArguments)
def resume(arguments: NamedArguments) -> None:
    """Go on after a pause, with the weights of the plan."""
    _say(arguments.name, UpgradeVerb.RESUME, {}, arguments.saying)


@takes(AbortArguments)
def abort(arguments: AbortArguments) -> None:
    """Give up before green got any traffic; afterwards use `rollback`."""
    ask_at_terminal(
        arguments,
        ["give the upgrade up: what it set up is taken back, and it is over"],
        "Give it up?",
    )
    _say(arguments.name, UpgradeVerb.ABORT, {}, arguments.saying)


@takes(NamedArguments)
def retry(arguments: NamedArguments) -> None:
    """Try the step again at which the upgrade has halted."""
    _say(arguments.name, UpgradeVerb.RETRY, {}, arguments.saying)


@takes(WeightsArguments)
def weights(arguments: WeightsArguments) -> None:
    """Set the weights by hand, such as green=30; the upgrade is paused by it."""
    name, shares = split_words(arguments.words, is_ours=lambda word: "=" in word)
    wanted = parse_weights(parse_shares(shares))
    ask_at_terminal(
        arguments,
        [f"traffic goes to {render_weights(wanted)}, and the upgrade is paused"],
        "Move live traffic so?",
    )
    blue_bp = wanted.blue_bp
    _say(name, UpgradeVerb.WEIGHTS, {"blue_bp": blue_bp}, arguments.saying)


@takes(AnswerArguments)
def answer(arguments: AnswerArguments) -> None:
    """Say what became of a step that is in doubt: done, redo or skip."""
    name, answers = split_words(arguments.words, is_ours=lambda word: word in ANSWERS)
    if len(answers) != 1:
        raise UsageError("one answer is needed", remedy=f"say one of {', '.join(ANSWERS)}")
    _say(name, UpgradeVerb.ANSWER, {"answer": answers[0]}, arguments.saying)


@takes(ExtendArguments)
def extend(arguments: ExtendArguments) -> None:
    """Make the hold before the old cluster is retired longer."""
    _say(arguments.name, UpgradeVerb.EXTEND, {"by_s": parse_span(arguments.by)}, arguments.saying)


@takes(RollbackArguments)
def rollback(arguments: RollbackArguments) -> None:
    """Take all traffic back to where it was, in one step, and undo the rest after it."""
    roll_back_upgrade(arguments)


def roll_back_upgrade(arguments: RollbackArguments) -> None:
    """Ask, send the signal, and wait until the traffic is back.

    Of an upgrade that rolls back already it may be said whose operation is not waited for.
    """
    cancels = choose_cancels(arguments.cancels)
    state_dir = choose_state_dir(arguments.where)
    require_runtime(state_dir)
    run = choose_unfinished(asyncio.run(fetch_state(state_dir)), arguments.name)
    if not (cancels and is_traffic_awaited(run)):
        check_way_back(run)
    confirm(
        [
            f"roll back {run.name} on {state_dir.path.name}, which is in {run.stage}:",
            f"  traffic goes to {render_weights(run.before.default)}, in one step",
            *(f"  and {h} to {render_weights(w)}" for h, w in run.before.by_host.items()),
            "  then what the upgrade set up is taken back; after that it is over",
            *say_cancels(cancels),
        ],
        is_sure=arguments.consent.yes,
        question="Roll back?",
    )
    data: dict[str, Json] = {"cancels": list(cancels)}
    reason = arguments.consent.reason
    wish = Wish(name=run.name, verb=UpgradeVerb.ROLLBACK, data=data, reason=reason)
    timeout_s, output = arguments.consent.timeout, arguments.output
    answered = asyncio.run(send(state_dir, wish, timeout_s=timeout_s, output=output))
    back = asyncio.run(wait_for_traffic(state_dir, answered, timeout_s=timeout_s, output=output))
    _show(back, arguments.output, [_say_back(back.run)])


def check_way_back(run: UpgradeState) -> None:
    """Raise PlanError if `run` cannot be rolled back."""
    found = judge_eligibility(run)
    if not found.is_possible:
        raise PlanError(
            f"{run.name} cannot be rolled back: {found.reason}",
            remedy=f"look with `bascule upgrade status {run.name}`",
        )


def split_words(
    words: Sequence[str], *, is_ours: Callable[[str], bool]
) -> tuple[str | None, list[str]]:
    """Return the upgrade's name, if the first word is none of ours, and the other words."""
    if words and not is_ours(words[0]):
        return words[0], list(words[1:])
    return None, list(words)


def parse_span(text: str) -> float:
    """Return the seconds of a time such as 24h. Raises UsageError for anything else."""
    from bascule.spec.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error), remedy="write a time such as 24h, 90m or 2d") from error


async def wait_for_traffic(
    state_dir: StateDir, asked: Answered, *, timeout_s: float | None, output: Output
) -> Answered:
    """Return the upgrade once its rollback has moved the traffic, or is over.

    Raises OutcomeUnknownError when that does not come in time.
    """
    patience = await take_patience(state_dir, SystemClock(), said_s=timeout_s, output=output)
    async with open_store(state_dir.location) as store:
        while patience.is_left():
            state = await read_state(store)
            run = state.upgrade_named(asked.run.name)
            if run is not None and (run.is_over or is_traffic_back(run)):
                return Answered(signal=asked.signal, run=run, state=state)
            await patience.pause(POLL_S)
    raise OutcomeUnknownError(
        f"{asked.run.name} rolls back, but its traffic is not seen back after "
        f"{patience.limit_s:g} s",
        remedy=f"look with `bascule upgrade status {asked.run.name}`",
    )


def is_traffic_back(run: UpgradeState) -> bool:
    """Return whether the step that moves the traffic back is over, or was not needed."""
    if run.rollback is None:
        return False
    moving = [step for step in run.rollback.steps if step.key == TRAFFIC_KEY]
    return all(run.step(step.key).is_over for step in moving)


def _say_back(run: UpgradeState) -> str:
    over = "; the upgrade is over" if run.is_over else "; the rest is being undone"
    return f"traffic is back: {render_weights(run.before.default)}{over}"


def ask_at_terminal(
    arguments: AbortArguments | WeightsArguments, lines: Sequence[str], question: str
) -> None:
    """Ask at a terminal; a script says what it means."""
    is_sure = arguments.yes or not sys.stdin.isatty()
    confirm(lines, is_sure=is_sure, question=question)


def _say(name: str | None, verb: UpgradeVerb, data: dict[str, Json], saying: Saying) -> None:
    state_dir = choose_state_dir(saying.where)
    wish = Wish(name=name, verb=verb, data=data, reason=saying.reason)
    answered = asyncio.run(send(state_dir, wish, timeout_s=saying.timeout, output=saying.output))
    _show(answered, saying.output, say_taken(answered.signal, answered.run))


def say_taken(signal: Signalled, run: UpgradeState) -> list[str]:
    """Return what a signal that was taken has brought about, where that needs a word."""
    match signal.kind:
        case "approve":
            return [f"  gate {signal.data.get('gate')} is approved"]
        case "weights":
            return [f"  traffic goes to {say_hand_weights(signal.data)}; it is paused"]
        case "extend":
            return [f"  {say_hold_end(run)}"]
        case _:
            return []


def say_hold_end(run: UpgradeState) -> str:
    """Return until when the hold before retire holds, or how long it will once it begins."""
    from bascule.upgrade.run.holding import find_hold_s

    step = run.plan.step(EXTENDABLE)
    if step is None:
        return "no hold before retire lies ahead"
    hold_s = find_hold_s(run, step)
    began = run.step(step.key).started
    if began is None:
        return f"{step.key} now holds for {say_duration(hold_s)} from when it begins"
    until = began.at + timedelta(seconds=hold_s)
    return f"{step.key} now holds until {say_moment(until.isoformat())}"


def _show(answered: Answered, output: Output, lines: Sequence[str]) -> None:
    document = upgrade_document(answered.run, answered.state)
    signal = signal_document(answered.signal)
    if output is Output.JSON:
        print_document({"signal": signal, "upgrade": document, "error": None})
        return
    done = f"{answered.run.name}: {answered.signal.kind} is taken"
    print_lines([done, *lines, f"  now {say_stage(document)}"])
