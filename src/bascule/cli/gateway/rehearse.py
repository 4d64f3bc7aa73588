"""`bascule gateway rehearse`: measures how long an update of a gateway takes."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import typer

from bascule.app.gateways.rehearsals import Rehearsal
from bascule.app.gateways.rehearsing import rehearse_update
from bascule.cli.arguments import takes
from bascule.cli.gateway.opening import Source, open_source
from bascule.cli.options import OutputOption
from bascule.cli.platform.asking import ask
from bascule.cli.rendering import Output, print_document, print_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule gateway rehearse` is told."""

    source: Source
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def rehearse(arguments: Arguments) -> None:
    """Measure how long an update takes, and with it a rollback, by one that changes one tag.

    Azure goes by all instances as with any update, so do it in a window, while no runtime works.
    `bascule plan` shows the time from then on.
    """
    found = asyncio.run(_rehearse(arguments))
    if arguments.output is Output.JSON:
        print_document({"at": found.at.isoformat(), "update_s": found.took_s})
    else:
        print_lines([f"an update took {found.took_s:.1f} s; `bascule plan` reckons with it"])


async def _rehearse(arguments: Arguments) -> Rehearsal:
    async with open_source(arguments.source, is_writing=True) as hands:
        name = hands.settings.gateway_id.rpartition("/")[2]
        ask(f"Update {name} now, changing nothing that serves?", is_sure=arguments.yes)
        return await rehearse_update(hands)
