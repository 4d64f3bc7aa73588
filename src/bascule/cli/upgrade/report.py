"""`bascule upgrade report`: the evidence of an upgrade, for people and for machines."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.reports import (
    fetch_evidence,
    find_run,
    name_report,
    render_json,
    write_report,
)
from bascule.app.state_dir import StateDir
from bascule.app.upgrades import choose_upgrade
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.ordering import read_state
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.upgrade.steering import NameArgument
from bascule.journal.record import Json
from bascule.report.html import render_html
from bascule.storage.opening import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule upgrade report` is told."""

    name: NameArgument = None
    run: Annotated[
        str | None,
        typer.Option("--run", help="A run by its id, or how that begins; the newest if absent."),
    ] = None
    html: Annotated[Path | None, typer.Option("--html", help="Write the page to this file.")] = None
    json: Annotated[Path | None, typer.Option("--json", help="Write the JSON to this file.")] = None
    where: Where
    output: OutputOption = Output.TEXT


@takes(Arguments)
def report(arguments: Arguments) -> None:
    """Write the report of an upgrade, over or not, from its journal and its samples.

    Without --html and --json it goes into the directory `reports` of the gateway, where each run
    has files of its own.
    """
    state_dir = choose_state_dir(arguments.where)
    document = asyncio.run(fetch_report(state_dir, arguments.name, arguments.run))
    files = choose_files(state_dir, arguments, document)
    for path, is_page in files:
        write_report(path, render_html(document) if is_page else render_json(document))
    if arguments.output is Output.JSON:
        print_document(document)
    else:
        print_lines(f"report: {path}" for path, _ in files)


async def fetch_report(state_dir: StateDir, name: str | None, run: str | None) -> dict[str, Json]:
    """Return the evidence of an upgrade, or of the run whose id begins with `run`.

    Raises UsageError when there is none.
    """
    async with open_store(state_dir.location) as store:
        if run is not None:
            return await fetch_evidence(store, find_run(await store.read(), name, run))
        newest = choose_upgrade(await read_state(store), name)
        return await fetch_evidence(store, newest.run_id)


def choose_files(
    state_dir: StateDir, arguments: Arguments, document: Mapping[str, Json]
) -> list[tuple[Path, bool]]:
    """Return the files to write, each with whether it is the page."""
    named = [(arguments.html, True), (arguments.json, False)]
    files = [(path.absolute(), is_page) for path, is_page in named if path is not None]
    if files or arguments.output is Output.JSON:
        return files
    page = name_report(state_dir.reports, str(document["upgrade"]), str(document["run_id"]))
    return [(page, True), (page.with_suffix(".json"), False)]
