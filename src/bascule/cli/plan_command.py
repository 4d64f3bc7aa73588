"""`bascule plan`: every step of an upgrade, with reasons and findings; changes nothing."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.clock import SystemClock
from bascule.app.files import read_file
from bascule.app.known import fetch_known
from bascule.app.planning import NOTHING_KNOWN, Prepared, prepare_plan
from bascule.app.state_dir import find_state_dir
from bascule.checks.findings import render_finding
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.places import STATE_HELP
from bascule.cli.plan_text import render_plan_text
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import PlanError
from bascule.journal.record import Json
from bascule.spec.load import parse_upgrade
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.estimate import estimate_plan
from bascule.upgrade.plan.model import render_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule plan` is told."""

    file: Annotated[Path, typer.Option("--file", "-f", help="The upgrade's file (upgrade.yaml).")]
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no cluster and no gateway: the file alone.")
    ] = False
    state: Annotated[str | None, typer.Option("--state", help=STATE_HELP)] = None
    output: OutputOption = Output.TEXT


@takes(Arguments)
def plan(arguments: Arguments) -> None:
    """Print what an upgrade will do, step by step, and what stands against it.

    Nothing is changed. Ends with 3 when something stands against it.
    """
    spec = parse_upgrade(read_file(arguments.file), arguments.file, read_file)
    prepared = asyncio.run(_prepare(arguments, spec))
    count = len(prepared.blockers)
    if arguments.output is Output.JSON:
        print_document(plan_document(prepared))
        if count:
            raise typer.Exit(PlanError.exit_code)
        return
    print_lines(render_plan_text(prepared.plan, prepared.findings))
    if count:
        what = "one thing stands" if count == 1 else f"{count} things stand"
        raise PlanError(
            f"{what} against this upgrade: see BLOCKER above",
            remedy=f"put it right, then `bascule plan -f {arguments.file}` again",
        )
    print_lines([f"next: bascule upgrade start -f {arguments.file}"])


async def _prepare(arguments: Arguments, spec: Upgrade) -> Prepared:
    clock = SystemClock()
    known = NOTHING_KNOWN
    if not arguments.offline:
        place = find_state_dir(os.environ, name=spec.gateway.name, state=arguments.state)
        known = await fetch_known(place, clock=clock)
    return await prepare_plan(spec, known, clock=clock, is_offline=arguments.offline)


def plan_document(prepared: Prepared) -> dict[str, Json]:
    """Return a plan and what was found of it as one document."""
    estimate = estimate_plan(prepared.plan)
    return {
        "plan": render_plan(prepared.plan),
        "digest": prepared.plan.digest,
        "findings": [render_finding(finding) for finding in prepared.findings],
        "estimate_s": estimate.known_s,
        "not_estimated": list(estimate.unknown),
    }
