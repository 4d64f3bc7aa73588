"""`bascule route`: which rule of which Ingress in which cluster answers a URL, and why."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.control import fetch_answer
from bascule.app.files import read_file
from bascule.cli.arguments import takes
from bascule.cli.manifests import load_snapshots
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.places import STATE_HELP
from bascule.cli.render_command import build_options
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.table_text import render_explanation
from bascule.errors import UsageError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.build import build_routes
from bascule.routing.documents import explanation_document, parse_explanation, whole_split
from bascule.routing.explain import Explanation, explain
from bascule.spec.document import parse_documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule route` is told."""

    url: Annotated[str, typer.Argument(help="Such as https://shop.example.com/cart.")]
    headers: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", help="A header of the request: 'Name: value'; repeatable."),
    ] = None
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            "-f",
            help="The gateway's file (gateway.yaml), or manifests as for `render`: then they are"
            " asked, and no gateway.",
        ),
    ] = None
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="The gateway's name, where there are several.")
    ] = None
    state: Annotated[str | None, typer.Option("--state", help=STATE_HELP)] = None
    active: Annotated[
        Cluster | None,
        typer.Option("--active", help="With manifests: the cluster that takes all traffic."),
    ] = None
    output: OutputOption = Output.TEXT


@takes(Arguments)
def route(arguments: Arguments) -> None:
    """Say which rule of which Ingress in which cluster would answer a URL, and why.

    The running gateway is asked; with -f MANIFESTS the answer comes from files alone.
    """
    headers = parse_headers(arguments.headers or [])
    manifests = [text for text in arguments.files or [] if not is_gateway_file(text)]
    if manifests:
        found = _explain_offline(arguments, manifests, headers)
    else:
        found = asyncio.run(fetch_explanation(arguments, headers))
    if arguments.output is Output.JSON:
        print_document(explanation_document(found))
    else:
        print_lines(render_explanation(found))


def parse_headers(texts: Sequence[str]) -> dict[str, str]:
    """Return headers written as `Name: value`. Raises UsageError for anything else."""
    headers = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"{text!r} is not a header", remedy="write it as 'Name: value'")
        headers[name.strip()] = value.strip()
    return headers


def is_gateway_file(text: str) -> bool:
    """Return whether `text` names a file with one mapping that is no Kubernetes object."""
    path = Path(text)
    if not path.is_file():
        return False
    documents = parse_documents(read_file(path), text)
    values = [document.value for document in documents]
    return len(values) == 1 and isinstance(values[0], dict) and "kind" not in values[0]


def _explain_offline(
    arguments: Arguments, manifests: Sequence[str], headers: Mapping[str, str]
) -> Explanation:
    options = build_options(_gateway_file(arguments), arguments.active)
    routes = build_routes(load_snapshots(manifests), options=options)
    return explain(routes, arguments.url, headers, whole_split(options.active))


def _gateway_file(arguments: Arguments) -> Path | None:
    files = [Path(text) for text in arguments.files or [] if is_gateway_file(text)]
    if len(files) > 1:
        raise UsageError("two gateway files were given", remedy="give one")
    return files[0] if files else None


async def fetch_explanation(arguments: Arguments, headers: Mapping[str, str]) -> Explanation:
    """Return what the running gateway says. Raises UsageError for what it refuses."""
    where = Where(file=_gateway_file(arguments), gateway=arguments.gateway, state=arguments.state)
    request: dict[str, Json] = {"op": "explain", "url": arguments.url, "headers": {**headers}}
    answer = await fetch_answer(choose_state_dir(where).control_socket, request)
    error = answer.get("error")
    if error is not None:
        raise UsageError(str(error))
    return parse_explanation(answer)
