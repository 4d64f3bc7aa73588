"""`bascule lab`: start, look at and remove lab clusters.

Its processes need the packages of the extra `lab`; they are looked for here, so that a missing one
is said before anything is started.
"""

import asyncio
import importlib.util
import os
import shlex
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias, TypeVar

import msgspec
import typer

from bascule.cli.arguments import takes
from bascule.cli.lab_azure_command import fault, requests
from bascule.cli.options import OutputOption
from bascule.cli.rendering import Output, print_document, print_lines, render_columns
from bascule.errors import UsageError
from bascule.lab.supervisor import control
from bascule.lab.supervisor.azure import SECRET
from bascule.lab.supervisor.description import (
    CLUSTERS_DEFAULT,
    NAME_DEFAULT,
    AzureDescription,
    ClusterDescription,
    LabDescription,
    check_name,
    parse_clusters,
)

for _package in ("h2", "httptools", "kubernetes_validate", "wsproto"):
    if importlib.util.find_spec(_package) is None:
        raise ModuleNotFoundError(f"no package {_package}", name=_package)

lab = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
shop = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
lab.add_typer(shop, name="shop", help="Put the demonstration's shop into lab clusters.")
lab.add_typer(fault, name="fault", help="Let things go wrong in a lab's Azure.")
lab.command("requests")(requests)


class LatencyModel(StrEnum):
    """How long things take in the lab's Azure."""

    FAST = "fast"
    REAL = "real"


class IfMatch(StrEnum):
    """What application gateways make of If-Match."""

    HONOUR = "honour"
    IGNORE = "ignore"


NameOption: TypeAlias = Annotated[str, typer.Option("--name", help="Which lab.")]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpArguments:
    """What `bascule lab up` is told."""

    name: NameOption = NAME_DEFAULT
    clusters: Annotated[
        str,
        typer.Option(
            "--clusters",
            help=f"Clusters and their versions; those of kept data, else {CLUSTERS_DEFAULT}.",
        ),
    ] = ""
    latency: Annotated[
        float | None,
        typer.Option(
            "--latency", min=0, help="Latency of every pod, in milliseconds; as before, else 0."
        ),
    ] = None
    nodes: Annotated[
        int | None,
        typer.Option("--nodes", min=1, max=20, help="Nodes per cluster; as before, else 3."),
    ] = None
    shop: Annotated[bool, typer.Option("--shop", help="Put the shop into every cluster.")] = False
    restart: Annotated[
        bool, typer.Option("--restart", help="From now on start clusters that die again.")
    ] = False
    azure: Annotated[
        bool,
        typer.Option(
            "--azure", help="A lab with ARM, sign-in and a data plane, which makes its clusters."
        ),
    ] = False
    latency_model: Annotated[
        LatencyModel | None,
        typer.Option("--latency-model", help="How long Azure takes; as before, else fast."),
    ] = None
    speed: Annotated[
        float | None,
        typer.Option("--speed", min=1, help="What recorded durations are divided by."),
    ] = None
    if_match: Annotated[
        IfMatch | None,
        typer.Option("--if-match", help="Whether application gateways honour If-Match."),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Of Azure's durations and faults; 0: any."),
    ] = None
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusArguments:
    """What `bascule lab status` is told."""

    name: Annotated[str, typer.Option("--name", help="Which lab; all of them if not said.")] = ""
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvArguments:
    """What `bascule lab env` is told."""

    name: NameOption = NAME_DEFAULT
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class DownArguments:
    """What `bascule lab down` is told."""

    name: NameOption = NAME_DEFAULT
    keep_data: Annotated[
        bool, typer.Option("--keep-data", help="Keep the clusters' objects for the next `up`.")
    ] = False
    output: OutputOption = Output.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployArguments:
    """What `bascule lab shop deploy` is told."""

    name: NameOption = NAME_DEFAULT
    cluster: Annotated[str, typer.Option("--cluster", help="Only this cluster.")] = ""
    routes: Annotated[int, typer.Option("--routes", min=0, help="Filler routes beside it.")] = 0
    output: OutputOption = Output.TEXT


@lab.command()
@takes(UpArguments)
def up(arguments: UpArguments) -> None:
    """Start lab clusters in the background, with kubeconfigs for kubectl."""
    result = _run(control.bring_up(_describe(arguments), os.environ))
    if arguments.shop:
        _deploy(arguments.name, "", 0)
    if arguments.output is Output.JSON:
        print_document(msgspec.to_builtins(result))
        return
    _print_status(result)
    print_lines([f'Use it with: eval "$(bascule lab env --name {arguments.name})"'])


@lab.command()
@takes(StatusArguments)
def status(arguments: StatusArguments) -> None:
    """Show one lab, or all of them."""
    name = arguments.name
    found = [control.find_lab(name, os.environ)] if name else control.list_labs(os.environ)
    statuses = [control.status_of(directory) for directory in found]
    if arguments.output is Output.JSON:
        print_document({"labs": msgspec.to_builtins(statuses)})
        return
    if not statuses:
        print_lines(["There is no lab. Start one with `bascule lab up`."])
    for item in statuses:
        _print_status(item)


@lab.command()
@takes(EnvArguments)
def env(arguments: EnvArguments) -> None:
    """Print shell exports with which kubectl, and az, find the lab."""
    directory = control.find_lab(arguments.name, os.environ)
    exports = control.shell_exports(directory, os.environ)
    if arguments.output is Output.JSON:
        print_document(dict(exports))
    else:
        if SECRET in exports:
            # Read from its file by the shell, so that no terminal shows it.
            path = shlex.quote(str(directory.azure_secret))
            exports.pop(SECRET)
            print_lines([f'export {SECRET}="$(cat {path})"'])
        print_lines(f"export {key}={shlex.quote(value)}" for key, value in exports.items())


@lab.command()
@takes(DownArguments)
def down(arguments: DownArguments) -> None:
    """End the clusters; no process is left and, without --keep-data, no file."""
    directory = control.find_lab(arguments.name, os.environ)
    _run(control.take_down(directory, keeps_data=arguments.keep_data))
    if arguments.output is Output.JSON:
        print_document({"name": arguments.name, "kept": arguments.keep_data})
        return
    kept = f"; its data is kept in {directory.path}" if arguments.keep_data else ""
    print_lines([f"Lab {arguments.name} is down{kept}."])


@shop.command("deploy")
@takes(DeployArguments)
def deploy_shop(arguments: DeployArguments) -> None:
    """Apply the shop's manifests through the Kubernetes API and wait until it is available."""
    counts = _deploy(arguments.name, arguments.cluster, arguments.routes)
    if arguments.output is Output.JSON:
        print_document({"applied": dict(counts)})
    else:
        print_lines(f"{context}: {count} objects applied" for context, count in counts.items())


def _describe(arguments: UpArguments) -> LabDescription:
    """Return the lab that is wanted: what is not said stays as it is or was, else the defaults."""
    name = check_name(arguments.name)
    known = control.load_kept(name, os.environ)
    azure = _describe_azure(arguments, known)
    if azure is not None:
        clusters: tuple[ClusterDescription, ...] = ()
    elif known is None or arguments.clusters:
        clusters = parse_clusters(arguments.clusters or CLUSTERS_DEFAULT)
    else:
        clusters = known.clusters
    before = known or LabDescription(name=name, clusters=clusters)
    return LabDescription(
        name=name,
        clusters=clusters,
        nodes=before.nodes if arguments.nodes is None else arguments.nodes,
        restarts=arguments.restart,
        latency_ms=before.latency_ms if arguments.latency is None else arguments.latency,
        azure=azure,
    )


def _describe_azure(
    arguments: UpArguments, known: LabDescription | None
) -> AzureDescription | None:
    given = {
        "latency_model": arguments.latency_model and arguments.latency_model.value,
        "speed": arguments.speed,
        "if_match": arguments.if_match and arguments.if_match.value,
        "seed": arguments.seed,
    }
    chosen = {key: value for key, value in given.items() if value is not None}
    before = known.azure if known is not None else None
    if before is None and not arguments.azure:
        if chosen:
            raise UsageError(
                "--latency-model, --speed, --if-match and --seed are for a lab with --azure",
                remedy="add --azure, or leave them out",
            )
        return None
    if arguments.clusters or arguments.shop:
        raise UsageError(
            "a lab with --azure begins without clusters: no --clusters, no --shop",
            remedy="make clusters with `az aks create` or `bascule platform apply`",
        )
    return msgspec.structs.replace(before or AzureDescription(), **chosen)


def _deploy(name: str, cluster: str, routes: int) -> dict[str, int]:
    from bascule.lab.shop.rollout import deploy_to_lab

    directory = control.find_lab(name, os.environ)
    return _run(deploy_to_lab(directory, cluster=cluster, routes=routes))


def _print_status(item: control.LabStatus) -> None:
    rows = [("CLUSTER", "VERSION", "STATE", "CONTEXT", "SERVER", "PODS")]
    rows += [
        (each.name, each.version, each.state, each.context, each.url or "-", each.network or "-")
        for each in item.clusters
    ]
    print_lines([f"Lab {item.name} is {item.state} ({item.directory})"])
    if item.azure is not None:
        azure = item.azure
        told = [
            ("AZURE", "LATENCY", "CLUSTERS", "GATEWAYS", "ENDPOINT", "SUBSCRIPTION"),
            (
                *(azure.state, azure.latency_model, str(azure.clusters), str(azure.gateways)),
                *(azure.url or "-", azure.subscription or "-"),
            ),
        ]
        print_lines(render_columns(told))
    if item.clusters:
        print_lines(render_columns(rows))


def _run(work: Coroutine[object, object, _T]) -> _T:
    return asyncio.run(work)
