"""`bascule upgrade start`: the plan is shown, approved, and run; here, or by `bascule run`."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.asking import ANSWER_S, exchange
from bascule.app.clock import SystemClock
from bascule.app.files import read_file
from bascule.app.known import fetch_known
from bascule.app.planning import Prepared, prepare_plan
from bascule.app.state_dir import StateDir
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.ordering import build_order, confirm
from bascule.cli.patience import take_patience
from bascule.cli.places import STATE_HELP, find_place, name_place
from bascule.cli.plan_text import render_plan_text
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.upgrade.foreground import Task, run_here
from bascule.cli.upgrade.sending import await_answer
from bascule.cli.upgrade.watch import conclude, watch_run
from bascule.errors import LockedError, PlanError, UsageError
from bascule.routing.arrangement import NOTHING_ARRANGED
from bascule.routing.weights import render_percent
from bascule.spec.load import parse_upgrade
from bascule.spec.upgrade import Upgrade
from bascule.storage.lock import read_holder
from bascule.storage.opening import open_store
from bascule.upgrade.encoding import parse_split
from bascule.upgrade.plan.model import Plan, StepKind
from bascule.upgrade.run.rollback import find_last_chance
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.signals import Order, StartUpgrade, build_command
from bascule.upgrade.state import GatewayState


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule upgrade start` is told."""

    file: Annotated[Path, typer.Option("--file", "-f", help="The upgrade's file (upgrade.yaml).")]
    state: Annotated[str | None, typer.Option("--state", help=STATE_HELP)] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    reason: Annotated[str, typer.Option("--reason", help="Why; for the journal.")] = ""
    detach: Annotated[
        bool, typer.Option("--detach", help="Hand it to the `bascule run` that works, and end.")
    ] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def start(arguments: Arguments) -> None:
    """Start an upgrade, or go on with it after an interruption.

    A `bascule run` that holds the gateway runs it; else it is run here. Ends with 0 when it is
    completed, 8 when a gate rolled it back, 3 when something stands against it.
    """
    spec = parse_upgrade(read_file(arguments.file), arguments.file, read_file)
    place = find_place(file=None, gateway=spec.gateway.name, state=arguments.state)
    if arguments.detach:
        _refuse_if_nobody_is_there(place)
    _refuse_if_held_in_silence(place)
    prepared, unfinished = asyncio.run(prepare(spec, place))
    order = _agree(arguments, prepared, unfinished)
    gateway = spec.gateway.name if place.url or arguments.state is None else None
    where = name_place(file=None, gateway=gateway, state=arguments.state)
    if read_holder(place.lock) is None and not arguments.detach:
        task = Task(
            spec=spec,
            place=place,
            file=arguments.file,
            order=order,
            name=prepared.plan.name,
            where=where,
            place_option=name_place(file=None, gateway=None, state=arguments.state),
        )
        try:
            conclude(*run_here(task, arguments.output))
        except LockedError:
            if not place.url:
                raise
        else:
            return
    _hand_over(arguments, place, order, where)


def _refuse_if_nobody_is_there(place: StateDir) -> None:
    """Raise UsageError where an upgrade would be handed over to nobody."""
    if not place.url and read_holder(place.lock) is None:
        raise UsageError(
            f"no runtime works on {place.path}: there is nobody to hand the upgrade to",
            remedy="start `bascule run`, or leave --detach out",
        )


def _refuse_if_held_in_silence(place: StateDir) -> None:
    """Raise LockedError when the runtime that holds the gateway here lives, and does not answer.

    One that does not listen is just starting or ending.
    """
    holder = read_holder(place.lock)
    if holder is None:
        return
    try:
        exchange(place.control_socket, b'{"op": "wake"}\n', ANSWER_S)
    except TimeoutError as error:
        raise LockedError(
            f"process {holder} holds {place.path} and does not answer; nothing was changed",
            remedy=f"if it was stopped, let it go on (`kill -CONT {holder}`) or end it (`kill -9 "
            f"{holder}`; Envoy goes on serving), then say this again",
        ) from error
    except (OSError, ValueError):
        return


async def prepare(spec: Upgrade, place: StateDir) -> tuple[Prepared, UpgradeState | None]:
    """Return the plan, and the upgrade that is unfinished on the gateway, if one is.

    With one, it is the plan as it would have been made when that one began.
    """
    clock = SystemClock()
    known = await fetch_known(place, clock=clock)
    unfinished = known.state.unfinished if known.state is not None else None
    if known.state is not None and unfinished is not None:
        known = replace(known, state=as_at_start(known.state, unfinished))
    return await prepare_plan(spec, known, clock=clock), unfinished


def as_at_start(state: GatewayState, run: UpgradeState) -> GatewayState:
    """Return what was known of the gateway when `run`, its newest upgrade, began."""
    return replace(
        state,
        split=run.before,
        arrangement=NOTHING_ARRANGED,
        upgrades=tuple(u for u in state.upgrades if u is not run),
    )


def check_same_course(run: UpgradeState, plan: Plan) -> None:
    """Raise PlanError unless `plan` does what `run` is doing.

    What was only seen while planning, such as versions and estimates, may differ.
    """
    if _course(plan) == _course(run.plan):
        return
    raise PlanError(
        f"{run.name} is unfinished with plan {run.digest[:12]}, and this file makes plan "
        f"{plan.digest[:12]}",
        remedy=f"finish it with the file that it was started with, or `bascule run`, or "
        f"`bascule upgrade rollback {run.name}`",
    )


def _course(plan: Plan) -> object:
    steps = [(step.key, step.stage, step.kind, dict(step.args)) for step in plan.steps]
    return (plan.name, plan.gateway, steps, plan.policy)


def _agree(
    arguments: Arguments, prepared: Prepared, unfinished: UpgradeState | None
) -> Order | None:
    """Return the order that begins the upgrade; None where it has begun and goes on."""
    if unfinished is None:
        _approve(arguments, prepared)
        return build_order(StartUpgrade(prepared.plan), arguments.reason, SystemClock())
    check_same_course(unfinished, prepared.plan)
    _say(arguments, f"going on with {unfinished.name}, which is in {unfinished.stage}")
    return None


def _approve(arguments: Arguments, prepared: Prepared) -> None:
    """Show the plan and ask. Raises PlanError for blockers."""
    plan = prepared.plan
    if arguments.output is Output.TEXT:
        print_lines([*render_plan_text(plan, prepared.findings), ""])
    if prepared.blockers:
        first = prepared.blockers[0]
        raise PlanError(
            f"{len(prepared.blockers)} finding(s) stand against this upgrade, first: "
            f"{first.subject}: {first.message}",
            remedy=first.remedy or "put it right, then say this again",
        )
    confirm(summarise(plan), is_sure=arguments.yes, question="Start the upgrade?")


def summarise(plan: Plan) -> list[str]:
    """Return what will happen to live traffic, and until when it can be undone."""
    shares = []
    for step in plan.steps:
        if step.kind == StepKind.SET_WEIGHTS:
            split = parse_split(step.args.get("split"))
            moved = [split.default, *split.by_host.values()]
            shares.append(render_percent(max(weights.green_bp for weights in moved)))
    last = find_last_chance(plan)
    automatic = "rolled back by itself" if plan.policy.is_rollback_automatic else "halted"
    return [
        f"{plan.name} on gateway {plan.gateway}: {len(plan.steps)} steps",
        f"  green gets: {', '.join(shares) or 'nothing'}",
        f"  when a gate fails it is {automatic}",
        f"  it can be rolled back until {'it is over' if last == 'the end' else f'{last} begins'}",
    ]


def _hand_over(arguments: Arguments, place: StateDir, order: Order | None, where: str) -> None:
    name = None
    if order is not None:
        name = asyncio.run(_send(place, order))
        _say(arguments, f"{name} is begun by the runtime that holds the gateway")
    if arguments.detach:
        if arguments.output is Output.JSON:
            print_document({"upgrade": name, "run_id": order.id if order else None, "error": None})
        else:
            print_lines([f"watch it: bascule upgrade watch{where}"])
        return
    conclude(*asyncio.run(watch_run(place, name, arguments.output, where)))


async def _send(place: StateDir, order: Order) -> str:
    """Put the order into the inbox and return the upgrade's name once it has begun."""
    clock = SystemClock()
    fresh = replace(order, at=clock.now())
    async with open_store(place.location) as store:
        await store.put(build_command(fresh))
        patience = await take_patience(place, clock, said_s=None)
        found = await await_answer(store, fresh, patience)
    return found.run.name


def _say(arguments: Arguments, line: str) -> None:
    if arguments.output is Output.TEXT:
        print_lines([line])
