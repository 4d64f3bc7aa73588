"""`bascule upgrade watch`: an upgrade as it goes, until it is over."""

import asyncio
from dataclasses import dataclass

import typer

from bascule.app.clock import SystemClock
from bascule.app.state_dir import StateDir
from bascule.app.upgrades import choose_upgrade, upgrade_document
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption, Where, choose_state_dir, repeat_where
from bascule.cli.ordering import read_state
from bascule.cli.rendering import Output, error_document, print_document, print_error, print_lines
from bascule.cli.upgrade.ending import error_of, say_end, say_traffic
from bascule.cli.upgrade.following import follow
from bascule.cli.upgrade.progress import build_progress
from bascule.cli.upgrade.steering import NameArgument
from bascule.storage.lock import read_holder
from bascule.storage.opening import open_store
from bascule.upgrade.run.stages import Stage
from bascule.upgrade.run.state import UpgradeState
from bascule.upgrade.state import GatewayState

STANDS_STILL = "no runtime works on this gateway: the upgrade stands still until there is one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule upgrade watch` is told."""

    name: NameArgument = None
    where: Where
    output: OutputOption = Output.TEXT


@takes(Arguments)
def watch(arguments: Arguments) -> None:
    """Show an upgrade as it goes, until it is over; Ctrl-C ends the watching only.

    Ends with the exit code of the upgrade: 0 when it is completed.
    """
    state_dir = choose_state_dir(arguments.where)
    where = repeat_where(arguments.where)
    conclude(*asyncio.run(watch_run(state_dir, arguments.name, arguments.output, where)))


async def watch_run(
    state_dir: StateDir, name: str | None, output: Output, where: str
) -> tuple[UpgradeState, GatewayState, Output]:
    """Show the newest upgrade of that name, or the newest of all, until it is over."""
    clock = SystemClock()

    def look() -> str:
        is_alone = not state_dir.url and read_holder(state_dir.lock) is None
        return STANDS_STILL if is_alone else ""

    async with open_store(state_dir.location) as store:
        run = choose_upgrade(await read_state(store), name)
        progress = build_progress(output, where)
        try:
            over = await follow(store, run.run_id, progress, clock, on_look=look)
        finally:
            progress.close()
        return over, await read_state(store), output


def conclude(run: UpgradeState, state: GatewayState, output: Output) -> None:
    """Say how the upgrade ended; ends with its exit code."""
    error = error_of(run)
    if output is Output.JSON:
        said = error_document(error) if error is not None else None
        print_document({"upgrade": upgrade_document(run, state), "error": said})
    else:
        is_back = run.stage is Stage.ROLLED_BACK
        print_lines([*([say_traffic(state)] if is_back else []), say_end(run)])
    if error is not None:
        print_error(error)
        raise typer.Exit(error.exit_code)
