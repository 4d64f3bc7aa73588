"""How a verb finds the gateway that is meant, and reads the files that are named."""

import os
from pathlib import Path

from bascule.app.files import read_file
from bascule.app.state_dir import StateDir, find_state_dir
from bascule.errors import UsageError
from bascule.ids import GatewayName

FILE_HELP = "The file of the gateway or of an upgrade (gateway.yaml, upgrade.yaml)."
GATEWAY_HELP = "The gateway's name, where there are several."
STATE_HELP = (
    "State directory, if not $XDG_STATE_HOME/bascule/NAME; or a postgresql:// URL for the journal."
)
OUTPUT_HELP = "Text for people, or one JSON document."


def find_place(*, file: str | None, gateway: str | None, state: str | None) -> StateDir:
    """Return the state directory of the gateway that is meant.

    Raises UsageError when none or several fit, SpecError when the file is wrong.
    """
    name = GatewayName(gateway) if gateway is not None else None
    if file is not None and (state is None or "://" in state):
        from bascule.spec.load import parse_any_gateway

        path = Path(file)
        name = parse_any_gateway(read_file(path), path, read_file).name
    if name is None and state is not None and "://" in state:
        name = _only_gateway(state)
    return find_state_dir(os.environ, name=name, state=state)


def _only_gateway(url: str) -> GatewayName | None:
    """Return the gateway whose journal is in the database, if there is one and no other."""
    import asyncio

    from bascule.storage.opening import find_gateways, parse_location

    parse_location(url, gateway=GatewayName("any"))
    names = asyncio.run(find_gateways(url))
    if len(names) > 1:
        raise UsageError(
            f"there are several gateways: {', '.join(names)}",
            remedy="choose one with --gateway NAME",
        )
    return names[0] if names else None


def name_place(*, file: str | None, gateway: str | None, state: str | None) -> str:
    """Return the options as they have to be repeated in a command that is shown; may be empty."""
    given = (("-f", file), ("--gateway", gateway), ("--state", state and _hide_password(state)))
    return "".join(f" {option} {value}" for option, value in given if value)


def _hide_password(state: str) -> str:
    return state if "://" not in state else "postgresql://..."
