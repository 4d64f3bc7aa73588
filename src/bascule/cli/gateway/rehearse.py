"""`bascule gateway rehearse`: measures how long an update of a gateway takes."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from bascule.app.gateways.hands import Hands, find_place
from bascule.app.gateways.rehearsals import Rehearsal
from bascule.app.gateways.rehearsing import check_rehearsal, rehearse_update
from bascule.cli.arguments import takes
from bascule.cli.gateway.agreeing import Deed, do_agreed
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
    hold = partial(open_source, arguments.source, is_writing=True)
    found = do_agreed(_build_deed(arguments), hold, is_sure=arguments.yes)[1]
    if found is None:
        return
    if arguments.output is Output.JSON:
        print_document({"at": found.at.isoformat(), "update_s": found.took_s})
    else:
        print_lines([f"an update took {found.took_s:.1f} s; `bascule plan` reckons with it"])


def _build_deed(arguments: Arguments) -> Deed[str, Rehearsal]:
    """Return the measuring; what is agreed to is which gateway it is."""
    name = find_place(arguments.source.read()).name

    async def look(hands: Hands) -> str:
        await check_rehearsal(hands)
        return hands.settings.gateway_id

    async def act(hands: Hands, _gateway_id: str) -> Rehearsal:
        return await rehearse_update(hands)

    def ask_first() -> None:
        ask(f"Update {name} now, changing nothing that serves?", is_sure=False)

    return Deed(look=look, show=bool, ask=ask_first, gist=str, act=act)
