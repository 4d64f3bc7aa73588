"""`bascule platform destroy`: removes what the platform made, and nothing else."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.platform.apply import open_effects
from bascule.cli.platform.asking import ask_name
from bascule.cli.platform.opening import (
    Access,
    Opened,
    Source,
    fetch_plan,
    hold_state,
    open_arm,
    open_file,
)
from bascule.cli.platform.text import render_unmaking_lines
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import PlanError
from bascule.platform.destroy import fetch_found, remove_resources
from bascule.platform.plan.unmaking import UnmakingPlan, plan_unmaking, render_unmaking


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule platform destroy` is told."""

    source: Source
    access: Access
    name: Annotated[
        str | None, typer.Option("--name", help="The platform's name, in place of typing it.")
    ] = None
    despite_traffic: Annotated[
        str,
        typer.Option("--despite-traffic", help="Name of the gateway that may go with its traffic."),
    ] = ""
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def destroy(arguments: Arguments) -> None:
    """Remove what this platform made, by its tag; asks for the platform's name.

    What carries traffic is refused. Ends with 3 when something stands against it; then nothing is
    removed.
    """
    opened = open_file(arguments.source.file, arguments.access)
    with hold_state(arguments.source, opened.ids.spec.name) as directory:
        plan, gone = asyncio.run(_destroy(arguments, opened, directory))
    if arguments.output is Output.JSON:
        print_document({"plan": render_unmaking(plan), "removed": gone})
    elif gone:
        print_lines([f"done: {len(gone)} removed"])


async def _destroy(
    arguments: Arguments, opened: Opened, directory: Path
) -> tuple[UnmakingPlan, tuple[str, ...]]:
    async with open_arm(opened.cloud, arguments.access.credential) as arm:
        desired, existing, _ = await fetch_plan(arm, opened)
        found = await fetch_found(arm, opened.ids, desired, existing)
        plan = plan_unmaking(opened.ids, found, despite_traffic=arguments.despite_traffic)
        is_text = arguments.output is Output.TEXT
        if is_text:
            print_lines(render_unmaking_lines(plan))
        _require_no_blockers(plan)
        if plan.is_empty or arguments.dry_run:
            return plan, ()
        ask_name(plan.name, given=arguments.name, remedy=f"say --name {plan.name}")
        return plan, await remove_resources(open_effects(arm, directory, is_told=is_text), plan)


def _require_no_blockers(plan: UnmakingPlan) -> None:
    if plan.blockers:
        raise PlanError(
            f"this platform is not removed, first reason: {plan.blockers[0]}",
            remedy="see the lines with ! and BLOCKER above; nothing was removed",
        )
