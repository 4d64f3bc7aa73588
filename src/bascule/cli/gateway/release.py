"""`bascule gateway release`: gives a gateway back to AGIC, or to whom it is shared with."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from bascule.app.gateways.releasing import Release, ReleasePlan, plan_release, release_gateway
from bascule.cli.arguments import takes
from bascule.cli.gateway.agreeing import Deed, do_agreed
from bascule.cli.gateway.opening import Source, open_source, refuse_blockers, teller
from bascule.cli.gateway.text import release_document, release_plan_document, render_release_plan
from bascule.cli.options import OutputOption
from bascule.cli.platform.asking import ask
from bascule.cli.rendering import Output, print_document, print_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule gateway release` is told."""

    source: Source
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be done, and do nothing.")
    ] = False
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", help="A host that nobody needs any more; repeatable, or `all`."),
    ] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def release(arguments: Arguments) -> None:
    """Give a gateway back: ours out and AGIC's part in, by one update; then AGIC is woken up.

    What it would do is shown first. AGIC's pools get the addresses that its pods have now. Ends
    with 3 when something stands against it; then nothing is changed.
    """
    plan, done = _release(arguments)
    if arguments.output is Output.JSON:
        shown = None if done is None else release_document(done)
        print_document({"plan": release_plan_document(plan), "done": shown})
    elif done is not None and done.took_s is not None:
        print_lines([f"done: the update took {done.took_s:.1f} s"])


def _release(arguments: Arguments) -> tuple[ReleasePlan, Release | None]:
    if arguments.plan:
        return asyncio.run(_plan(arguments)), None
    hold = partial(open_source, arguments.source, is_writing=True)
    return do_agreed(_build_deed(arguments), hold, is_sure=arguments.yes)


async def _plan(arguments: Arguments) -> ReleasePlan:
    async with open_source(arguments.source, is_writing=False) as hands:
        plan = await plan_release(hands, frozenset(arguments.drop or ()))
    _show(arguments, plan)
    return plan


def _show(arguments: Arguments, plan: ReleasePlan) -> None:
    if arguments.output is Output.TEXT:
        print_lines(render_release_plan(plan))


def _build_deed(arguments: Arguments) -> Deed[ReleasePlan, Release]:
    def show(plan: ReleasePlan) -> bool:
        _show(arguments, plan)
        refuse_blockers("the gateway is not given back", plan.blockers)
        return True

    return Deed(
        look=lambda hands: plan_release(hands, frozenset(arguments.drop or ())),
        show=show,
        ask=lambda: ask("Give it back?", is_sure=False),
        gist=lambda plan: plan.gist,
        act=lambda hands, plan: release_gateway(hands, plan, tell=teller(arguments.output)),
    )
