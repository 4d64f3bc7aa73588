"""`bascule demo`: a shop is moved between two lab clusters under load, and judged.

With --azure the clusters are made and removed in a lab's Azure.
"""

import asyncio
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.cli.arguments import takes
from bascule.cli.lab_command import LatencyModel
from bascule.cli.options import OutputOption
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import UsageError
from bascule.lab.story.acts import Display
from bascule.lab.story.azure.document import build_document as build_azure_document
from bascule.lab.story.azure.document import render_summary as render_azure_summary
from bascule.lab.story.azure.files import HTTP_PORT
from bascule.lab.story.azure.script import AzureStory
from bascule.lab.story.azure.settings import ENVOYS_REPORT_DEFAULT, AzureSettings
from bascule.lab.story.azure.settings import RATE_DEFAULT as AZURE_RATE_DEFAULT
from bascule.lab.story.azure.settings import REPORT_DEFAULT as AZURE_REPORT_DEFAULT
from bascule.lab.story.azure.stage import AzureStage, open_azure_stage
from bascule.lab.story.document import Document, build_document
from bascule.lab.story.script import Story
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

    azure: Annotated[
        bool,
        typer.Option("--azure", help="In a lab with an Azure: green is made, and blue removed."),
    ] = False
    routes: Annotated[
        int, typer.Option("--routes", help="Routes beside the shop's own, a host each.")
    ] = 0
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            help=f"Requests a second; {RATE_DEFAULT:g}, with --azure "
            f"{AZURE_RATE_DEFAULT:g}, if not said.",
        ),
    ] = None
    duration: Annotated[
        float | None,
        typer.Option(
            "--duration", help=f"Seconds under load, about; {DURATION_DEFAULT_S:g} if not said."
        ),
    ] = None
    keep: Annotated[bool, typer.Option("--keep", help="Leave clusters and gateway running.")] = (
        False
    )
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            help=f"Where the upgrade's report is written; {REPORT_DEFAULT} or "
            f"{AZURE_REPORT_DEFAULT} if not said.",
        ),
    ] = None
    envoys: Annotated[
        bool,
        typer.Option("--envoys", help="With --azure: the gateway leads to an Envoy, for shares."),
    ] = False
    latency_model: Annotated[
        LatencyModel | None,
        typer.Option("--latency-model", help="How long the lab's Azure takes; fast if not said."),
    ] = None
    speed: Annotated[
        float | None,
        typer.Option("--speed", help="What recorded durations are divided by; 1 if not said."),
    ] = None
    output: OutputOption = Output.TEXT


@takes(Arguments)
def demo(arguments: Arguments) -> None:
    """Start two lab clusters and a gateway, and upgrade a shop under load: there, back, there.

    With --azure: make the platform in a lab's Azure, then green and the way there by an upgrade.
    Ends with exit code 0 only if no rule of zero downtime was broken and both judges agree; with
    --azure, if no request failed and Azure is as it should be.
    """
    tell = _tell_azure(arguments) if arguments.azure else _tell(arguments)
    try:
        document, lines = asyncio.run(tell)
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    if arguments.output is Output.JSON:
        print_document(document)
    else:
        print_lines(lines)
    if not document["ok"]:
        raise typer.Exit(EXIT_NOT_ZERO_DOWNTIME)


async def _tell(arguments: Arguments) -> tuple[Document, list[str]]:
    if arguments.latency_model is not None or arguments.speed is not None or arguments.envoys:
        raise UsageError(
            "--latency-model, --speed and --envoys are for the demonstration with --azure",
            remedy="add --azure, or leave them out",
        )
    settings = StorySettings(
        routes=arguments.routes,
        rate=_or(arguments.rate, RATE_DEFAULT),
        duration_s=_or(arguments.duration, DURATION_DEFAULT_S),
        keep=arguments.keep,
        report=(arguments.report or REPORT_DEFAULT).absolute(),
    )
    with _showing(arguments.output) as display:
        async with open_stage(settings) as stage:
            document = build_document(await Story(stage, display).tell())
            return document, [*render_summary(document), *_left_running(stage)]


async def _tell_azure(arguments: Arguments) -> tuple[Document, list[str]]:
    if arguments.routes or arguments.duration is not None:
        raise UsageError(
            "--routes and --duration are not for the demonstration with --azure",
            remedy="leave them out",
        )
    usual = ENVOYS_REPORT_DEFAULT if arguments.envoys else AZURE_REPORT_DEFAULT
    settings = AzureSettings(
        rate=_or(arguments.rate, AZURE_RATE_DEFAULT),
        keep=arguments.keep,
        report=(arguments.report or usual).absolute(),
        model="real" if arguments.latency_model is LatencyModel.REAL else "fast",
        speed=_or(arguments.speed, 1.0),
        envoys=arguments.envoys,
    )
    with _showing(arguments.output) as display:
        async with open_azure_stage(settings) as stage:
            document = build_azure_document(await AzureStory(stage, display).tell())
            return document, [*render_azure_summary(document), *_azure_left_running(stage)]


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


@contextmanager
def _showing(output: Output) -> Iterator[Display]:
    """Yield who shows a story; the first signal ends it from here on."""
    _cancel_on_signals()
    display = _build_display(output)
    try:
        yield display
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


def _left_running(stage: Stage) -> list[str]:
    if not stage.settings.keep:
        return []
    ports = f"https on port {stage.places.https_port}, http on port {stage.places.http_port}"
    return _how_to_end(ports, stage.directory, stage.environment, name="demo")


def _azure_left_running(stage: AzureStage) -> list[str]:
    if not stage.settings.keep:
        return []
    where = f"http://{stage.address}:{HTTP_PORT}"
    return _how_to_end(where, stage.directory, stage.environment, name="demo-azure")


def _how_to_end(
    where: str, directory: Path, environment: Mapping[str, str], *, name: str
) -> list[str]:
    export = f"export XDG_STATE_HOME={environment['XDG_STATE_HOME']}"
    end = f"bascule stop; bascule lab down --name {name}; rm -r {directory}"
    return [
        "",
        f"left running: {where}, files in {directory}",
        f"to look at it:  {export}; bascule status",
        f"to end it all:  {export}; {end}",
    ]
