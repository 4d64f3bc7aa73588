"""`bascule upgrade explain`: why an upgrade, or one step of it, did what it did."""

from dataclasses import dataclass
from typing import Annotated

import typer

from bascule.app.offline import read_records
from bascule.app.upgrades import choose_upgrade
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.upgrade.explain_text import (
    build_story,
    explain_run,
    explain_step,
    explanation_document,
    find_step,
)
from bascule.cli.upgrade.steering import NameArgument
from bascule.errors import InvariantError
from bascule.upgrade.state import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule upgrade explain` is told."""

    name: NameArgument = None
    step: Annotated[str | None, typer.Argument(help="Only this step; all of them if absent.")] = (
        None
    )
    where: Where
    output: OutputOption = Output.TEXT


@takes(Arguments)
def explain(arguments: Arguments) -> None:
    """Say why an upgrade, or one step of it, did what it did: gates with their numbers, people."""
    records = read_records(choose_state_dir(arguments.where))
    state = fold(records)
    if state is None:
        raise InvariantError("a journal with records opens no gateway")
    run = choose_upgrade(state, arguments.name)
    story = build_story(run, records)
    step = find_step(run, arguments.step) if arguments.step is not None else None
    if arguments.output is Output.JSON:
        print_document(explanation_document(story, step))
    else:
        print_lines(explain_run(story, state) if step is None else explain_step(story, step))
