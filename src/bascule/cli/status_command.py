"""`bascule status`: the gateway at a glance, asked of the runtime or put together without it."""

import asyncio
from dataclasses import dataclass

from bascule.app.control import fetch_answer
from bascule.app.state_dir import StateDir
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.status_text import render_status
from bascule.errors import TransportError
from bascule.journal.record import Json
from bascule.storage.lock import read_holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule status` is told."""

    where: Where
    output: OutputOption = Output.TEXT


@takes(Arguments)
def status(arguments: Arguments) -> None:
    """Show clusters, weights, routes that are bound or down, problems, Envoy and the last orders.

    Without a runtime it shows the journal and what Envoy says, and that the rest is not known.
    """
    document = asyncio.run(_fetch(choose_state_dir(arguments.where)))
    if arguments.output is Output.JSON:
        print_document(document)
    else:
        print_lines(render_status(document))


async def _fetch(state_dir: StateDir) -> dict[str, Json]:
    if read_holder(state_dir.lock) is not None:
        try:
            return await fetch_answer(state_dir.control_socket, {"op": "status"})
        except TransportError as error:
            reason: Json = error.message
    else:
        reason = "no runtime works on this gateway"
    from bascule.app.offline import fetch_offline_status

    return {**await fetch_offline_status(state_dir), "runtime_reason": reason}
