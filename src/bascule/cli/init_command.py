"""`bascule init`: a commented upgrade.yaml from what two clusters hold; changes nothing there."""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.clock import SystemClock
from bascule.app.files import read_file
from bascule.app.wiring import build_client
from bascule.checks.inventory import ClusterFacts, HostScope, Inventory
from bascule.checks.preflight import check_all
from bascule.cli.arguments import takes
from bascule.cli.init_text import Draft, build_text, to_label
from bascule.cli.new_file import require_free, write_new
from bascule.cli.options import OutputOption
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.errors import InvariantError, SpecError, TransportError, UsageError
from bascule.ids import Cluster
from bascule.inventory.fetch import Asked, fetch_cluster
from bascule.kube.connection import Connection
from bascule.kube.kubeconfig import load_kubeconfig
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.build import build_routes
from bascule.routing.cluster.classes import CONTROLLER
from bascule.routing.options import BuildOptions
from bascule.spec.load import parse_upgrade

STDOUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule init` is told."""

    blue_context: Annotated[
        str, typer.Option("--blue-context", help="Context of the old cluster in the kubeconfig.")
    ]
    green_context: Annotated[
        str, typer.Option("--green-context", help="Context of the new cluster.")
    ]
    kubeconfig: Annotated[
        Path | None,
        typer.Option("--kubeconfig", help="Path of it, if not $KUBECONFIG or ~/.kube/config."),
    ] = None
    green_kubeconfig: Annotated[
        Path | None, typer.Option("--green-kubeconfig", help="Green's, if it is another one.")
    ] = None
    output_file: Annotated[
        str, typer.Option("--output-file", help="Where to write it; - prints it.")
    ] = "upgrade.yaml"
    name: Annotated[
        str | None, typer.Option("--name", help="The upgrade's name, if not BLUE-to-GREEN.")
    ] = None
    gateway_name: Annotated[str, typer.Option("--gateway-name", help="The gateway's name.")] = (
        "gateway"
    )
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def init(arguments: Arguments) -> None:
    """Look into both clusters and write a commented upgrade.yaml.

    Nothing is changed in the clusters; a cluster that does not answer leaves no file behind.
    """
    path = Path(arguments.output_file)
    is_printed = arguments.output_file == STDOUT
    if not is_printed:
        require_free(path, is_forced=arguments.force)
    kubeconfigs = {
        Cluster.BLUE: _find_kubeconfig(arguments.kubeconfig),
        Cluster.GREEN: _find_kubeconfig(arguments.green_kubeconfig or arguments.kubeconfig),
    }
    contexts = {Cluster.BLUE: arguments.blue_context, Cluster.GREEN: arguments.green_context}
    draft = _make_draft(arguments, kubeconfigs, contexts)
    name = "upgrade.yaml" if is_printed else arguments.output_file
    text = build_text(draft, file=name)
    _check(text, name)
    if is_printed:
        print_lines([text.removesuffix("\n")])
        return
    write_new(path, text, is_forced=arguments.force)
    _announce(path, draft, arguments.output)


def _check(text: str, name: str) -> None:
    try:
        parse_upgrade(text, name, read_file)
    except SpecError as error:
        raise InvariantError(f"what was about to be written is wrong: {error}") from error


def _make_draft(
    arguments: Arguments, kubeconfigs: Mapping[Cluster, Path], contexts: Mapping[Cluster, str]
) -> Draft:
    connections = {c: load_kubeconfig(kubeconfigs[c], contexts[c]) for c in Cluster}
    if connections[Cluster.BLUE].server == connections[Cluster.GREEN].server:
        raise UsageError(
            f"both contexts reach the same cluster, {connections[Cluster.BLUE].server}",
            remedy="name the old cluster with --blue-context, the new one with --green-context",
        )
    facts = asyncio.run(_fetch(connections))
    blue = facts[Cluster.BLUE].snapshot
    classes = count_classes(blue)
    options = BuildOptions(ingress_classes=choose_classes(blue, classes))
    snapshots = {cluster: facts[cluster].snapshot for cluster in Cluster}
    inventory = Inventory(
        at=SystemClock().now(),
        clusters=facts,
        routes=build_routes(snapshots, options=options),
        options=options,
        scope=HostScope(),
    )
    default = f"{arguments.blue_context}-to-{arguments.green_context}"
    return Draft(
        name=to_label(arguments.name or default, "upgrade"),
        gateway=to_label(arguments.gateway_name, "gateway"),
        kubeconfigs={cluster: _show_path(path) for cluster, path in kubeconfigs.items()},
        contexts=contexts,
        inventory=inventory,
        findings=check_all(inventory),
        classes=classes,
        used_ports=frozenset(
            item.port for item in options.listeners if _is_used(item.address, item.port)
        ),
    )


async def _fetch(connections: Mapping[Cluster, Connection]) -> Mapping[Cluster, ClusterFacts]:
    """Return what both clusters hold. Raises TransportError for one that does not tell it."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        clients = {
            cluster: await stack.enter_async_context(build_client(connection, clock))
            for cluster, connection in connections.items()
        }
        async with asyncio.TaskGroup() as group:
            tasks = {
                cluster: group.create_task(
                    fetch_cluster(Asked(client=clients[cluster], name=one.name, server=one.server))
                )
                for cluster, one in connections.items()
            }
    facts = {cluster: task.result() for cluster, task in tasks.items()}
    for cluster, found in facts.items():
        if found.reason:
            raise TransportError(
                f"{cluster} (context {found.name}, {found.server}) cannot be read: {found.reason}; "
                "nothing was written",
                remedy=found.remedy or f"try `kubectl --context {found.name} get ingresses -A`",
            )
    return facts


def count_classes(snapshot: ClusterSnapshot) -> Mapping[str, int]:
    """Return the ingress classes that Ingresses name and how many do, the most used first.

    The empty name counts those that name none and get none by default.
    """
    defaults = sorted(
        (c.meta.created, c.meta.name) for c in snapshot.ingress_classes() if c.is_default
    )
    default = defaults[-1][1] if defaults else ""
    named = Counter(
        ingress.class_annotation or ingress.class_name or default
        for ingress in snapshot.ingresses()
    )
    return dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))


def choose_classes(snapshot: ClusterSnapshot, classes: Mapping[str, int]) -> tuple[str, ...]:
    """Return the classes that the gateway has to be told to serve: those used, but for our own."""
    ours = {c.meta.name for c in snapshot.ingress_classes() if c.controller == CONTROLLER}
    used = tuple(name for name in classes if name and name not in ours)
    return used or ("bascule",)


def _find_kubeconfig(given: Path | None) -> Path:
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)
    paths = [given, *(Path(name) for name in named if name), Path("~/.kube/config")]
    return next(path for path in paths if path is not None).expanduser().absolute()


def _show_path(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _is_used(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


def _announce(path: Path, draft: Draft, output: Output) -> None:
    hosts = draft.inventory.routes.hosts
    lacking = [host.name for host in hosts if any(route.green is None for route in host.routes)]
    if output is Output.JSON:
        document = {"file": str(path), "name": draft.name, "hosts": len(hosts)}
        print_document({**document, "lacking_in_green": lacking})
        return
    lacks = f"; green lacks routes of {len(lacking)}" if lacking else ""
    print_lines(
        [
            f"wrote {path}: {len(hosts)} host(s) found{lacks}",
            f"next: look through it, then bascule plan -f {path}",
        ]
    )
