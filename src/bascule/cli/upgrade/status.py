"""`bascule upgrade status`: where an upgrade is, what it waits for, and what a person can do."""

from bascule.app.state_dir import StateDir
from bascule.cli.documents import read_map
from bascule.cli.lean import Line
from bascule.cli.places import find_place, name_place
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.upgrade.status_text import approve_command, render_upgrade
from bascule.errors import TransportError, UsageError
from bascule.journal.record import Json
from bascule.storage.lock import read_holder

HELP = (
    "Show stage, step, what it waits for and until when, the split, the gate's numbers,\n  which "
    "approval is needed, and until when it can be rolled back."
)
NAME_HELP = "The upgrade; the newest if absent."


def run(line: Line) -> None:
    """Show the upgrade."""
    options = {"file": line.file, "gateway": line.gateway, "state": line.state}
    place = find_place(**options)
    where = name_place(**options)
    document = fetch_upgrade(place, line.name)
    if line.output is Output.JSON:
        print_document({**document, "approval": _with_command(document, where)})
    else:
        print_lines(render_upgrade(document, where))


def fetch_upgrade(state_dir: StateDir, name: str | None) -> dict[str, Json]:
    """Return the document of an upgrade as the runtime tells it, or as its journal does.

    Raises UsageError when there is no such upgrade.
    """
    if read_holder(state_dir.lock) is not None:
        from bascule.app.asking import ask

        try:
            answer = ask(state_dir.control_socket, {"op": "upgrade", "name": name})
        except TransportError:
            pass  # a runtime that begins or ends: its journal tells the same
        else:
            if answer.get("error") is not None:
                raise UsageError(str(answer["error"]), remedy=str(answer.get("remedy", "")))
            return answer
    from bascule.app.offline import read_state
    from bascule.app.upgrades import choose_upgrade, upgrade_document

    state = read_state(state_dir)
    return {
        "gateway": state_dir.path.name,
        "runtime": None,
        **upgrade_document(choose_upgrade(state, name), state),
    }


def _with_command(document: dict[str, Json], where: str) -> Json:
    approval = read_map(document.get("approval"))
    if not approval:
        return None
    name = str(document.get("name"))
    return {**approval, "command": approve_command(name, approval, where)}
