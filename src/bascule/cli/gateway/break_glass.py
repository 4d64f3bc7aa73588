"""`bascule gateway break-glass`: the commands that put a cluster back without Bascule."""

import json
import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.gateways.breaking_glass import find_left_out, find_way_back
from bascule.app.gateways.hands import find_place
from bascule.app.gateways.rehearsals import load_rehearsals, measure_rehearsals
from bascule.app.state_dir import StateDir
from bascule.azure.document import Document, text_at
from bascule.azure.versions import api_version
from bascule.cli.arguments import takes
from bascule.cli.gateway.opening import Source
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import UsageError
from bascule.gateway.driver import UpdateTimes
from bascule.ids import Cluster
from bascule.spec.appgw import AppGwEnvoyGateway
from bascule.storage.lock import read_holder

_TYPE = "Microsoft.Network/applicationGateways"
END = "end Bascule, so that it does not write the gateway again"


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
    is_past_envoys = isinstance(find_place(gateway), AppGwEnvoyGateway)
    state_dir = choose_state_dir(Where(gateway=gateway.name, state=arguments.source.state))
    file = find_way_back(state_dir, arguments.to)
    document, written_at = _load(file)
    way = Way(
        to=arguments.to,
        written_at=written_at,
        steps=build_steps(document, file, state_dir, is_past_envoys=is_past_envoys),
        is_past_envoys=is_past_envoys,
        left_out=_load_left_out(find_left_out(state_dir, arguments.to)),
        update=measure_rehearsals(load_rehearsals(state_dir)),
    )
    if arguments.output is Output.JSON:
        print_document(_build_document(way, file))
        return
    print_lines(render_way(way))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a cluster gets all requests without Bascule, of when it is, and what it lacks."""

    to: Cluster
    written_at: datetime
    steps: tuple[Step, ...]
    is_past_envoys: bool = False
    """Whether it does without Envoys behind the gateway too."""
    left_out: tuple[str, ...] = ()
    update: UpdateTimes | None = None
    """How long an update takes, where it was rehearsed."""


def _build_document(way: Way, file: Path) -> dict[str, object]:
    return {
        "to": way.to.value,
        "file": str(file),
        "written_at": way.written_at.isoformat(),
        "is_past_envoys": way.is_past_envoys,
        "left_out": list(way.left_out),
        "update": None if way.update is None else asdict(way.update),
        "steps": [asdict(each) for each in way.steps],
    }


def _load_left_out(file: Path) -> tuple[str, ...]:
    """Return what the document does not serve; nothing where nobody has noted it."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return ()
    return tuple(str(each) for each in found) if isinstance(found, list) else ()


def _load(file: Path) -> tuple[Document, datetime]:
    try:
        found = json.loads(file.read_bytes())
        written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{file} cannot be read: {why}",
            remedy="`bascule run` writes it with each table that the gateway has taken; without "
            "it, name rules to the other path maps by hand, or PUT gateway-before.json",
        ) from error
    return found, written_at


def build_steps(
    document: Document, file: Path, state_dir: StateDir, *, is_past_envoys: bool = False
) -> tuple[Step, ...]:
    """Return what is to be done, in order; an Envoy of Bascule's own serves until the end."""
    writing = _build_writing(document, file)
    if not is_past_envoys:
        return (Step(what=END, command=_stop_command(state_dir)), *writing)
    return (
        Step(what=f"{END}; its Envoy goes on", command=_stop_command(state_dir, "--keep-envoy")),
        *writing,
        Step(
            what="once that cluster answers: end the Envoy of Bascule's own, if there is one",
            command=_stop_command(state_dir),
        ),
    )


def _build_writing(document: Document, file: Path) -> tuple[Step, ...]:
    gateway_id, etag = text_at(document, "id"), text_at(document, "etag")
    place = f"--url '{gateway_id}?api-version={api_version(_TYPE)}'"
    return (
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


def _stop_command(state_dir: StateDir, *options: str) -> str:
    words = ("bascule", "stop", *options, "--state", shlex.quote(str(state_dir.path)))
    pid = read_holder(state_dir.lock)
    kill = f" || kill {pid}" if pid else ""
    return f"{' '.join(words)}{kill}"


def render_way(way: Way) -> list[str]:
    """Return the steps as people read and paste them."""
    since = f"{way.written_at:%Y-%m-%d %H:%M:%S} UTC"
    without = "without Bascule and past its Envoys" if way.is_past_envoys else "without Bascule"
    lines = [
        f"# gives {way.to} all requests {without}; made of the gateway as of {since}",
        "# az has to be signed in, in the right cloud, as somebody who may write the gateway",
        f"# {_render_update(way.update)}",
        *(f"# NOT SERVED by it: {each}" for each in way.left_out),
    ]
    for number, step in enumerate(way.steps, start=1):
        lines += ["", f"# {number}. {step.what}", step.command]
    return [*lines, "", *(f"# {line}" for line in _render_end(way))]


def _render_update(update: UpdateTimes | None) -> str:
    if update is None:
        return "how long the gateway takes for it was never rehearsed: `bascule gateway rehearse`"
    return (
        f"the gateway takes {update.median_s:.0f} s for it mostly, one time in ten over "
        f"{update.p90_s:.0f} s, by the time {update.source}"
    )


def _render_end(way: Way) -> Iterable[str]:
    if way.is_past_envoys:
        yield "until the gateway has probed the cluster's own addresses it may answer 502"
        yield "`bascule run`, once it is started again, leads to the Envoys again, and these send"
        yield "requests where its journal says: end it until you want that"
        return
    yield "`bascule run`, once it is started again, sends requests where its journal says: go back"
    yield "there too before anything else, with `bascule rollback --yes` as soon as it runs"
