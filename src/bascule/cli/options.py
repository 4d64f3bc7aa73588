"""Options that several verbs share, and how a verb finds the gateway that they mean."""

import getpass
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from bascule.app.state_dir import StateDir, find_state_dir
from bascule.cli.rendering import Output
from bascule.errors import SpecError
from bascule.ids import CommandId, GatewayName

TIMEOUT_S = 45.0

OutputOption: TypeAlias = Annotated[
    Output, typer.Option("--output", "-o", help="Text for people, or one JSON document.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which gateway is meant."""

    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="The gateway's file (gateway.yaml).")
    ] = None
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="The gateway's name, where there are several.")
    ] = None
    state: Annotated[
        Path | None,
        typer.Option("--state", help="State directory, if not $XDG_STATE_HOME/bascule/NAME."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How sure the operator is, why it is done, and how long the answer may take."""

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    reason: Annotated[str, typer.Option("--reason", help="Why; for the journal.")] = ""
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, max=600, help="Seconds to wait for the outcome.")
    ] = TIMEOUT_S


ForceOption: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Go on though a cluster is not ready; needs --reason.")
]


def choose_state_dir(where: Where) -> StateDir:
    """Return the state directory of the gateway that is meant.

    Raises UsageError when none or several fit, SpecError when the file is wrong.
    """
    name = GatewayName(where.gateway) if where.gateway is not None else None
    if where.file is not None and where.state is None:
        from bascule.spec.load import parse_gateway

        name = parse_gateway(read_file(where.file), where.file).name
    return find_state_dir(os.environ, name=name, state=where.state)


def read_file(file: Path) -> str:
    """Return the text of a file that the user named. Raises SpecError if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(
            f"cannot be read: {error.strerror}", file=str(file), remedy="name an existing file"
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError("is not UTF-8 text", file=str(file)) from error


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
