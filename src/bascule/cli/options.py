"""Options that several verbs share, and how a verb finds the gateway that they mean."""

import getpass
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from bascule.app.state_dir import StateDir
from bascule.cli.places import (
    FILE_HELP,
    GATEWAY_HELP,
    OUTPUT_HELP,
    STATE_HELP,
    find_place,
    name_place,
)
from bascule.cli.rendering import Output
from bascule.ids import CommandId

TIMEOUT_MAX_S = 7_200.0
TIMEOUT_HELP = "Seconds to wait for the outcome; as long as the gateway may take if absent."

OutputOption: TypeAlias = Annotated[Output, typer.Option("--output", "-o", help=OUTPUT_HELP)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which gateway is meant."""

    file: Annotated[Path | None, typer.Option("--file", "-f", help=FILE_HELP)] = None
    gateway: Annotated[str | None, typer.Option("--gateway", help=GATEWAY_HELP)] = None
    state: Annotated[str | None, typer.Option("--state", help=STATE_HELP)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How sure the operator is, why it is done, and how long the answer may take."""

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    reason: Annotated[str, typer.Option("--reason", help="Why; for the journal.")] = ""
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0.1, max=TIMEOUT_MAX_S, help=TIMEOUT_HELP),
    ] = None


ForceOption: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Go on though a cluster is not ready; needs --reason.")
]


def choose_state_dir(where: Where) -> StateDir:
    """Return the state directory of the gateway that is meant.

    Raises UsageError when none or several fit, SpecError when the file is wrong.
    """
    file = str(where.file) if where.file is not None else None
    return find_place(file=file, gateway=where.gateway, state=where.state)


def repeat_where(where: Where) -> str:
    """Return the options as they have to be repeated in a command that is shown."""
    file = str(where.file) if where.file is not None else None
    return name_place(file=file, gateway=where.gateway, state=where.state)


def operator_name() -> str:
    """Return who runs this command, as `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.geteuid())
    return f"{user}@{socket.gethostname()}"


def new_order_id() -> CommandId:
    """Return a fresh idempotency key."""
    return CommandId(secrets.token_hex(8))
