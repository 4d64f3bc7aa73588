"""What the verbs of `bascule gateway` share: their options, and the way to the gateway."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.files import read_file
from bascule.app.gateways.agic import Tell
from bascule.app.gateways.hands import Hands, open_hands
from bascule.app.logs import set_up_logs
from bascule.cli.options import Where, choose_state_dir, operator_name
from bascule.cli.places import FILE_HELP, STATE_HELP
from bascule.cli.rendering import Output
from bascule.errors import PlanError, UsageError
from bascule.spec.durations import parse_duration
from bascule.spec.gateway import Gateway
from bascule.spec.load import parse_any_gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which gateway is meant."""

    file: Annotated[Path, typer.Option("--file", "-f", help=FILE_HELP)]
    state: Annotated[str | None, typer.Option("--state", help=STATE_HELP)] = None

    def read(self) -> Gateway:
        """Return what the file says. Raises SpecError."""
        return parse_any_gateway(read_file(self.file), self.file, read_file)


@asynccontextmanager
async def open_source(source: Source, *, is_writing: bool) -> AsyncIterator[Hands]:
    """Yield what a verb works with. Raises LockedError while a runtime works, if it writes."""
    set_up_logs(least="warning")
    gateway = source.read()
    where = Where(gateway=gateway.name, state=source.state)
    async with open_hands(
        gateway, choose_state_dir(where), owner=operator_name(), is_writing=is_writing
    ) as hands:
        yield hands


def teller(output: Output) -> Tell:
    """Return what tells how far a verb is: people at once, scripts on standard error."""

    def tell(line: str) -> None:
        typer.echo(line, err=output is Output.JSON)

    return tell


def parse_silence(text: str) -> float:
    """Return seconds; `0` needs no unit. Raises UsageError for what is no duration."""
    try:
        return parse_duration("0s" if text == "0" else text)
    except ValueError as error:
        raise UsageError(f"--silence: {error}") from None


def refuse_blockers(what: str, blockers: Sequence[str]) -> None:
    """Return where there are none. Raises PlanError."""
    if blockers:
        raise PlanError(
            f"{what}, first reason: {blockers[0]}",
            remedy="see the lines with BLOCKER of --plan; nothing was changed",
        )
