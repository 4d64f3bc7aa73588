"""`bascule status`: the gateway at a glance, asked of the runtime or put together without it."""

from bascule.app.state_dir import StateDir
from bascule.cli.lean import Line
from bascule.cli.places import find_place
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import TransportError
from bascule.journal.record import Json
from bascule.storage.lock import read_holder

HELP = (
    "Show clusters, weights, routes that are bound or down, problems, Envoy, the upgrade and the "
    "last orders.\n  Without a runtime it shows the journal and what Envoy says."
)
NAME_HELP = ""


def run(line: Line) -> None:
    """Show the status."""
    place = find_place(file=line.file, gateway=line.gateway, state=line.state)
    document = fetch_status(place)
    if line.output is Output.JSON:
        print_document(document)
        return
    from bascule.cli.status_text import render_status

    print_lines(render_status(document))


def fetch_status(state_dir: StateDir) -> dict[str, Json]:
    """Return the status as the runtime tells it, or what is known without one."""
    if read_holder(state_dir.lock) is not None:
        from bascule.app.asking import ask

        try:
            return ask(state_dir.control_socket, {"op": "status"})
        except TransportError as error:
            reason: Json = error.message
    else:
        here = "on this machine, for this gateway" if state_dir.url else "on this gateway"
        reason = f"no runtime works {here}"
    from bascule.app.offline import build_offline_status

    return {**build_offline_status(state_dir), "runtime_reason": reason}
