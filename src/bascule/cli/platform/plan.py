"""`bascule platform plan`: what would be done, and why; changes nothing."""

import asyncio
from dataclasses import dataclass

import typer

from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.platform.opening import Access, Opened, Source, fetch_plan, open_arm, open_file
from bascule.cli.platform.text import render_plan_lines
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import PlanError
from bascule.platform.plan.model import PlatformPlan, render_platform_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule platform plan` is told."""

    source: Source
    access: Access
    output: OutputOption = Output.TEXT


@takes(Arguments)
def plan(arguments: Arguments) -> None:
    """Say what would be created, changed, left alone and refused, with reasons.

    Nothing is changed. Ends with 3 when something stands against it.
    """
    opened = open_file(arguments.source.file, arguments.access)
    found = asyncio.run(_fetch(arguments, opened))
    if arguments.output is Output.JSON:
        print_document(render_platform_plan(found))
        if found.blockers:
            raise typer.Exit(PlanError.exit_code)
        return
    print_lines(render_plan_lines(found))
    require_no_blockers(found)
    if not found.is_empty:
        print_lines([f"next: bascule platform apply -f {arguments.source.file}"])


def require_no_blockers(plan: PlatformPlan) -> None:
    """Return if nothing stands against a plan. Raises PlanError that names the first thing."""
    if plan.blockers:
        count = len(plan.blockers)
        what = "one thing stands" if count == 1 else f"{count} things stand"
        raise PlanError(
            f"{what} against this platform, first: {plan.blockers[0]}",
            remedy="put it right as the plan says, then say this again; nothing was changed",
        )


async def _fetch(arguments: Arguments, opened: Opened) -> PlatformPlan:
    async with open_arm(opened.cloud, arguments.access.credential) as arm:
        _, _, found = await fetch_plan(arm, opened)
        return found
