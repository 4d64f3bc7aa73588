"""`bascule gateway break-glass`: the commands that put a cluster back without Bascule."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.gateways.breaking_glass import find_way_back
from bascule.app.gateways.hands import find_place
from bascule.app.state_dir import StateDir
from bascule.azure.document import Document, text_at
from bascule.azure.versions import api_version
from bascule.cli.arguments import takes
from bascule.cli.gateway.opening import Source
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import UsageError
from bascule.ids import Cluster
from bascule.spec.appgw import AppGwEnvoyGateway
from bascule.storage.lock import read_holder

_TYPE = "Microsoft.Network/applicationGateways"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule gateway break-glass` is told."""

    source: Source
    to: Annotated[
        Cluster, typer.Option("--to", help="The cluster that is to get all requests.")
    ] = Cluster.BLUE
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do, and the command that does it."""

    what: str
    command: str


@takes(Arguments)
def break_glass(arguments: Arguments) -> None:
    """Print the commands that give a cluster all requests without Bascule.

    They need `az`, signed in, and a file that `bascule run` keeps up to date in the state
    directory. This verb asks nobody, neither Azure nor a cluster nor a runtime.
    """
    gateway = arguments.source.read()
    if isinstance(find_place(gateway), AppGwEnvoyGateway):
        raise UsageError(
            "behind this gateway Envoys choose the cluster, and its document does not",
            remedy="see docs/reference/gateway-verbs.md for what to do without Bascule there",
        )
    state_dir = choose_state_dir(Where(gateway=gateway.name, state=arguments.source.state))
    file = find_way_back(state_dir, arguments.to)
    document, written_at = _load(file)
    steps = build_steps(document, file, state_dir)
    if arguments.output is Output.JSON:
        shown: dict[str, object] = {
            "to": arguments.to.value,
            "file": str(file),
            "written_at": written_at.isoformat(),
            "steps": [asdict(each) for each in steps],
        }
        print_document(shown)
        return
    print_lines(render_steps(steps, arguments.to, written_at))


def _load(file: Path) -> tuple[Document, datetime]:
    try:
        found = json.loads(file.read_bytes())
        written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{file} cannot be read: {error}",
            remedy="`bascule run` writes it with each table that the gateway has taken; without "
            "it, name rules to the other path maps by hand, or PUT gateway-before.json",
        ) from error
    return found, written_at


def build_steps(document: Document, file: Path, state_dir: StateDir) -> tuple[Step, ...]:
    """Return what is to be done, in order."""
    gateway_id, etag = text_at(document, "id"), text_at(document, "etag")
    place = f"--url '{gateway_id}?api-version={api_version(_TYPE)}'"
    return (
        Step(
            what="end Bascule, so that it does not write the gateway again",
            command=_stop_command(state_dir),
        ),
        Step(
            what=f"this must print {etag}; anything else: somebody has written the gateway since, "
            "and the next step would undo it",
            command=f"az rest --method get {place} --query etag --output tsv",
        ),
        Step(
            what="write the gateway; --headers is left out only where what has been written since "
            "may be lost",
            command=f"az rest --method put {place} --body @{shlex.quote(str(file))}"
            f" --headers Content-Type=application/json {shlex.quote(f'If-Match={etag}')}",
        ),
        Step(
            what="say this until it prints Succeeded",
            command=f"az rest --method get {place} --query properties.provisioningState"
            " --output tsv",
        ),
    )


def _stop_command(state_dir: StateDir) -> str:
    state = shlex.quote(str(state_dir.path))
    pid = read_holder(state_dir.lock)
    kill = f" || kill {pid}" if pid else ""
    return f"bascule stop --state {state}{kill}"


def render_steps(steps: Sequence[Step], to: Cluster, written_at: datetime) -> list[str]:
    """Return the steps as people read and paste them."""
    since = f"{written_at:%Y-%m-%d %H:%M:%S} UTC"
    lines = [
        f"# gives {to} all requests without Bascule; made of the gateway as of {since}",
        "# az has to be signed in, in the right cloud, as somebody who may write the gateway",
    ]
    for number, step in enumerate(steps, start=1):
        lines += ["", f"# {number}. {step.what}", step.command]
    return [
        *lines,
        "",
        "# `bascule run`, once it is started again, sends requests where its journal says: go back",
        "# there too before anything else, with `bascule rollback --yes` as soon as it runs",
    ]
