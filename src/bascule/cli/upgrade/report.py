"""`bascule upgrade report`: the evidence of an upgrade, for people and for machines."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.reports import fetch_evidence, render_json, write_private
from bascule.app.state_dir import StateDir
from bascule.app.upgrades import choose_upgrade
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.upgrade.sending import read_state
from bascule.cli.upgrade.steering import NameArgument
from bascule.journal.record import Json
from bascule.report.html import render_html
from bascule.storage.opening import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule upgrade report` is told."""

    name: NameArgument = None
    html: Annotated[Path | None, typer.Option("--html", help="Write the page to this file.")] = None
    json: Annotated[Path | None, typer.Option("--json", help="Write the JSON to this file.")] = None
    where: Where
    output: OutputOption = Output.TEXT


@takes(Arguments)
def report(arguments: Arguments) -> None:
    """Write the report of an upgrade, over or not, from its journal and its samples.

    Without --html and --json it goes into the directory `reports` of the gateway.
    """
    state_dir = choose_state_dir(arguments.where)
    document = asyncio.run(fetch_report(state_dir, arguments.name))
    files = choose_files(state_dir, arguments, str(document["upgrade"]))
    for path, is_page in files:
        write_private(path, render_html(document) if is_page else render_json(document))
    if arguments.output is Output.JSON:
        print_document(document)
    else:
        print_lines(f"report: {path}" for path, _ in files)


async def fetch_report(state_dir: StateDir, name: str | None) -> dict[str, Json]:
    """Return the evidence of an upgrade. Raises UsageError when there is none of that name."""
    async with open_store(state_dir.location) as store:
        run = choose_upgrade(await read_state(store), name)
        return await fetch_evidence(store, run.run_id)


def choose_files(state_dir: StateDir, arguments: Arguments, name: str) -> list[tuple[Path, bool]]:
    """Return the files to write, each with whether it is the page."""
    named = [(arguments.html, True), (arguments.json, False)]
    files = [(path.absolute(), is_page) for path, is_page in named if path is not None]
    if files or arguments.output is Output.JSON:
        return files
    base = state_dir.reports / name
    return [(base.with_name(f"{name}.html"), True), (base.with_name(f"{name}.json"), False)]
