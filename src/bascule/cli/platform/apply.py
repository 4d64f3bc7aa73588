"""`bascule platform apply`: makes the platform what the file says."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.platform.asking import ask
from bascule.cli.platform.opening import (
    Access,
    Opened,
    Source,
    fetch_plan,
    hold_state,
    open_arm,
    open_file,
)
from bascule.cli.platform.plan import require_no_blockers
from bascule.cli.platform.text import render_plan_lines, render_progress
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.platform.apply import Applied, apply_resources
from bascule.platform.effects import Effects
from bascule.platform.pending import PendingFile
from bascule.platform.plan.model import PlatformPlan
from bascule.platform.ports import Arm, Progress

_NOTHING = Applied()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule platform apply` is told."""

    source: Source
    access: Access
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def apply(arguments: Arguments) -> None:
    """Make the platform what the file says: the plan is shown, confirmed, and carried out.

    It may be ended at any moment and said again: it goes on where it was. Ends with 3 when
    something stands against it; then nothing is changed.
    """
    opened = open_file(arguments.source.file, arguments.access)
    with hold_state(arguments.source, opened.ids.spec.name) as directory:
        plan, applied = asyncio.run(_apply(arguments, opened, directory))
    if arguments.output is Output.JSON:
        document = {"digest": plan.digest, "made": applied.made, "changed": applied.changed}
        print_document(document)
        return
    if not plan.is_empty:
        print_lines([f"done: {len(applied.made)} made, {len(applied.changed)} changed"])


async def _apply(
    arguments: Arguments, opened: Opened, directory: Path
) -> tuple[PlatformPlan, Applied]:
    async with open_arm(opened.cloud, arguments.access.credential) as arm:
        desired, _, plan = await fetch_plan(arm, opened)
        is_text = arguments.output is Output.TEXT
        if is_text:
            print_lines(render_plan_lines(plan))
        require_no_blockers(plan)
        if plan.is_empty:
            return plan, _NOTHING
        ask("Make it so?", is_sure=arguments.yes)
        effects = open_effects(arm, directory, is_told=is_text)
        return plan, await apply_resources(effects, desired.resources, owner=plan.name)


def open_effects(arm: Arm, directory: Path, *, is_told: bool) -> Effects:
    """Return what writes, remembering in `directory`, and telling what happens if `is_told`."""

    def tell(progress: Progress) -> None:
        if is_told:
            print_lines([render_progress(progress)])

    return Effects(arm=arm, pending=PendingFile(directory), on_progress=tell)
