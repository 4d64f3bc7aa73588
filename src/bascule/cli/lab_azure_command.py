"""`bascule lab fault` and `bascule lab requests`: what goes wrong in a lab's Azure, who asked."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption
from bascule.cli.rendering import Output, print_document, print_lines, render_columns
from bascule.lab.arm.resources import Document
from bascule.lab.supervisor import control
from bascule.lab.supervisor.azure import ask_azure
from bascule.lab.supervisor.description import NAME_DEFAULT

fault = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

NameOption: TypeAlias = Annotated[str, typer.Option("--name", help="Which lab.")]


class FaultKind(StrEnum):
    """What goes wrong."""

    ERROR = "error"
    THROTTLE = "throttle"
    HANG = "hang"
    LOSE = "lose"
    BUSY = "busy"
    SLOW = "slow"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddArguments:
    """What `bascule lab fault add` is told."""

    kind: Annotated[
        FaultKind,
        typer.Argument(
            help="error, throttle, hang, lose (the answer, after the effect), busy (a spell), "
            "slow or fail (operations)."
        ),
    ]
    name: NameOption = NAME_DEFAULT
    method: Annotated[str, typer.Option("--method", help="Only this method.")] = ""
    path: Annotated[
        str, typer.Option("--path", help="Only paths in which this regular expression is found.")
    ] = ""
    caller: Annotated[str, typer.Option("--caller", help="Only this client or object id.")] = ""
    operation: Annotated[
        str, typer.Option("--operation", help="For slow and fail: a part of the operation's name.")
    ] = ""
    times: Annotated[
        int | None, typer.Option("--times", min=1, help="How often; always if not said.")
    ] = None
    rate: Annotated[
        float, typer.Option("--rate", min=0, max=1, help="The share of requests that it strikes.")
    ] = 1.0
    status: Annotated[int, typer.Option("--status", help="For error: the status.")] = 500
    code: Annotated[str, typer.Option("--code", help="For error and fail: the code.")] = (
        "InternalServerError"
    )
    retry_after: Annotated[
        float, typer.Option("--retry-after", min=0, help="Retry-After of the refusal, in seconds.")
    ] = 0.0
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, help="For hang, busy, slow and fail: how long.")
    ] = 0.0
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class ListArguments:
    """What `bascule lab fault list` is told."""

    name: NameOption = NAME_DEFAULT
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearArguments:
    """What `bascule lab fault clear` is told."""

    fault: Annotated[str, typer.Argument(help="Which fault; all of them if not said.")] = ""
    name: NameOption = NAME_DEFAULT
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsArguments:
    """What `bascule lab requests` is told."""

    name: NameOption = NAME_DEFAULT
    clear: Annotated[bool, typer.Option("--clear", help="Begin to count anew.")] = False
    output: OutputOption = Output.TEXT


@fault.command("add")
@takes(AddArguments)
def add_fault(arguments: AddArguments) -> None:
    """Let something go wrong in the lab's Azure from now on."""
    rule = {
        "kind": arguments.kind.value,
        "method": arguments.method,
        "path": arguments.path,
        "caller": arguments.caller,
        "operation": arguments.operation,
        "times": arguments.times,
        "rate": arguments.rate,
        "status": arguments.status,
        "code": arguments.code,
        "retryAfterS": arguments.retry_after,
        "seconds": arguments.seconds,
    }
    made = _ask(arguments.name, "POST", "faults", rule)
    if arguments.output is Output.JSON:
        print_document(made)
    else:
        print_lines([f"Fault {made['id']} ({made['kind']}) is in force."])


@fault.command("list")
@takes(ListArguments)
def list_faults(arguments: ListArguments) -> None:
    """Show the faults that are in force, and how often each has struck."""
    answer = _ask(arguments.name, "GET", "faults")
    if arguments.output is Output.JSON:
        print_document(answer)
        return
    rows = [("FAULT", "KIND", "METHOD", "PATH", "RATE", "LEFT", "STRUCK")]
    for each in answer["faults"]:
        left = "always" if each["times"] is None else str(each["times"])
        rows.append(
            (
                each["id"],
                each["kind"],
                each["method"] or "any",
                each["path"] or each["operation"] or "any",
                f"{each['rate']:g}",
                left,
                str(each["struck"]),
            )
        )
    print_lines(render_columns(rows) if answer["faults"] else ["No fault is in force."])


@fault.command("clear")
@takes(ClearArguments)
def clear_faults(arguments: ClearArguments) -> None:
    """End one fault, or all of them."""
    page = f"faults/{arguments.fault}" if arguments.fault else "faults"
    answer = _ask(arguments.name, "DELETE", page)
    if arguments.output is Output.JSON:
        print_document(answer)
    else:
        print_lines([f"Faults ended: {answer['cleared']}."])


@takes(RequestsArguments)
def requests(arguments: RequestsArguments) -> None:
    """Show how many reads and writes each caller has made of the lab's Azure."""
    answer = _ask(arguments.name, "GET", "requests")
    if arguments.clear:
        _ask(arguments.name, "DELETE", "requests")
    if arguments.output is Output.JSON:
        print_document(answer)
        return
    rows = [("CALLER", "READS", "WRITES")]
    rows += [
        (caller, str(count["reads"]), str(count["writes"]))
        for caller, count in sorted(answer["callers"].items())
    ]
    rows.append(("all", str(answer["reads"]), str(answer["writes"])))
    print_lines(render_columns(rows))


def _ask(name: str, method: str, page: str, body: Mapping[str, object] | None = None) -> Document:
    directory = control.find_lab(name, os.environ)
    return asyncio.run(ask_azure(directory, method, page, body)) or {}
