"""`bascule gateway adopt`: takes a gateway over from AGIC."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from bascule.app.gateways.adopting import Adoption, AdoptionPlan, Wish, adopt_gateway, plan_adoption
from bascule.cli.arguments import takes
from bascule.cli.gateway.agreeing import Deed, do_agreed
from bascule.cli.gateway.opening import (
    Source,
    open_source,
    parse_silence,
    refuse_blockers,
    teller,
)
from bascule.cli.gateway.text import (
    adoption_document,
    adoption_plan_document,
    render_adoption_plan,
)
from bascule.cli.options import OutputOption
from bascule.cli.places import name_place
from bascule.cli.platform.asking import ask
from bascule.cli.rendering import Output, print_document, print_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule gateway adopt` is told."""

    source: Source
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be done, and do nothing.")
    ] = False
    silence: Annotated[
        str, typer.Option("--silence", help="How long nobody may have written; 0 asks nobody.")
    ] = "5m"
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", help="A host that nobody needs any more; repeatable, or `all`."),
    ] = None
    agic_prefix: Annotated[
        str | None, typer.Option(help="AGIC's appgw.subResourceNamePrefix, if names do not tell.")
    ] = None
    disable_add_on: Annotated[
        bool, typer.Option("--disable-add-on", help="Disable AKS's add-on, as the plan shows.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def adopt(arguments: Arguments) -> None:
    """Take a gateway over from AGIC; what it would do is shown first.

    AGIC is put to sleep, silence is proven, and the gateway gets two tags: no request goes
    elsewhere. `bascule run` then replaces AGIC's objects by ours. Ends with 3 when something stands
    against it; then nothing is changed. It may be ended at any moment and said again.
    """
    plan, adoption = _adopt(arguments)
    if arguments.output is Output.JSON:
        done = None if adoption is None else adoption_document(adoption)
        print_document({"plan": adoption_plan_document(plan), "done": done})
    elif adoption is not None:
        print_lines(render_done(adoption, arguments.source))


def render_done(adoption: Adoption, source: Source) -> list[str]:
    """Return what was done, and the command that has to follow soon."""
    took = adoption.took_s
    said = "it had the tags already" if took is None else f"the update took {took:.1f} s"
    place = name_place(file=str(source.file), gateway=None, state=source.state)
    return [f"done: {said}", f"next: bascule run{place}"]


def _adopt(arguments: Arguments) -> tuple[AdoptionPlan, Adoption | None]:
    deed = _build_deed(arguments)
    if arguments.plan:
        return asyncio.run(_plan(arguments)), None
    hold = partial(open_source, arguments.source, is_writing=True)
    return do_agreed(deed, hold, is_sure=arguments.yes)


async def _plan(arguments: Arguments) -> AdoptionPlan:
    async with open_source(arguments.source, is_writing=False) as hands:
        plan = await plan_adoption(hands, _wish(arguments))
    _show(arguments, plan)
    return plan


def _wish(arguments: Arguments) -> Wish:
    return Wish(
        agic_prefix=arguments.agic_prefix,
        dropped=frozenset(arguments.drop or ()),
        may_disable_add_on=arguments.disable_add_on,
    )


def _show(arguments: Arguments, plan: AdoptionPlan) -> None:
    if arguments.output is Output.TEXT:
        print_lines(render_adoption_plan(plan))


def _build_deed(arguments: Arguments) -> Deed[AdoptionPlan, Adoption]:
    wish, silence_s = _wish(arguments), parse_silence(arguments.silence)

    def show(plan: AdoptionPlan) -> bool:
        _show(arguments, plan)
        refuse_blockers("the gateway is not taken over", plan.blockers)
        return not plan.is_empty

    return Deed(
        look=lambda hands: plan_adoption(hands, wish),
        show=show,
        ask=lambda: ask("Take it over?", is_sure=False),
        gist=lambda plan: plan.gist,
        act=lambda hands, plan: adopt_gateway(
            hands, plan, silence_s=silence_s, tell=teller(arguments.output)
        ),
    )
