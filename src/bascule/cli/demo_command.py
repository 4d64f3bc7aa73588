"""`bascule demo`: a shop is switched between two lab clusters under load, and judged."""

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.lab.story.document import Document, build_document
from bascule.lab.story.script import Display, Story
from bascule.lab.story.settings import (
    DURATION_DEFAULT_S,
    RATE_DEFAULT,
    REPORT_DEFAULT,
    StorySettings,
)
from bascule.lab.story.stage import Stage, open_stage
from bascule.lab.story.summary import render_summary

EXIT_NOT_ZERO_DOWNTIME = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule demo` is told."""

    routes: Annotated[
        int, typer.Option("--routes", help="Routes beside the shop's own, a host each.")
    ] = 0
    rate: Annotated[float, typer.Option("--rate", help="Requests a second.")] = RATE_DEFAULT
    duration: Annotated[float, typer.Option("--duration", help="Seconds under load, about.")] = (
        DURATION_DEFAULT_S
    )
    keep: Annotated[bool, typer.Option("--keep", help="Leave clusters and gateway running.")] = (
        False
    )
    report: Annotated[
        Path, typer.Option("--report", help="Where the upgrade's report is written.")
    ] = REPORT_DEFAULT
    output: OutputOption = Output.TEXT


@takes(Arguments)
def demo(arguments: Arguments) -> None:
    """Start two lab clusters and a gateway, and upgrade a shop under load: there, back, there.

    Ends with exit code 0 only if no rule of zero downtime was broken and both judges agree.
    """
    settings = StorySettings(
        routes=arguments.routes,
        rate=arguments.rate,
        duration_s=arguments.duration,
        keep=arguments.keep,
        report=arguments.report.absolute(),
    )
    try:
        document, lines = asyncio.run(_tell(settings, arguments.output))
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    if arguments.output is Output.JSON:
        print_document(document)
    else:
        print_lines([*render_summary(document), *lines])
    if not document["ok"]:
        raise typer.Exit(EXIT_NOT_ZERO_DOWNTIME)


async def _tell(settings: StorySettings, output: Output) -> tuple[Document, list[str]]:
    _cancel_on_signals()
    display = _build_display(output)
    try:
        async with open_stage(settings) as stage:
            told = await Story(stage, display).tell()
            return build_document(told), _how_to_end(stage) if settings.keep else []
    finally:
        display.close()


def _cancel_on_signals() -> None:
    """End the story at the first signal; later ones must not disturb the clearing up."""
    task = asyncio.current_task()
    seen: list[int] = []

    def cancel(number: int) -> None:
        seen.append(number)
        if task is not None and len(seen) == 1:
            task.cancel()
        else:
            sys.stderr.write("clearing up; this takes a few seconds\n")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, cancel, number)


def _build_display(output: Output) -> Display:
    if output is Output.TEXT and sys.stdout.isatty():
        from rich.console import Console

        from bascule.lab.story.display import LiveDisplay

        return LiveDisplay(Console())
    from bascule.lab.story.display import PlainDisplay

    stream = sys.stderr if output is Output.JSON else sys.stdout
    return PlainDisplay(lambda line: print(line, file=stream, flush=True))


def _how_to_end(stage: Stage) -> list[str]:
    export = f"export XDG_STATE_HOME={stage.environment['XDG_STATE_HOME']}"
    ports = f"https on port {stage.places.https_port}, http on port {stage.places.http_port}"
    end = f"bascule stop; bascule lab down --name demo; rm -r {stage.directory}"
    return [
        "",
        f"left running: {ports}, files in {stage.directory}",
        f"to look at it:  {export}; bascule status",
        f"to end it all:  {export}; {end}",
    ]
