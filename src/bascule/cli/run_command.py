"""`bascule run`: the controller of one gateway, in the foreground."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.files import read_file
from bascule.app.gateways.envoy import Elsewhere, build_elsewhere
from bascule.app.logs import set_up_logs
from bascule.app.metrics_place import parse_metrics_place
from bascule.app.runtime import Listeners, RunOptions, run_gateway
from bascule.app.state_dir import StateDir
from bascule.app.working import Started
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption, Where, choose_state_dir, operator_name
from bascule.cli.places import FILE_HELP, STATE_HELP
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.upgrade.foreground import say_who_serves
from bascule.errors import LockedError, UsageError
from bascule.spec.appgw import AppGwPlace
from bascule.spec.gateway import Gateway
from bascule.spec.load import parse_any_gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Xds:
    """How Envoys that are run elsewhere reach us."""

    xds_listen: Annotated[
        str | None,
        typer.Option(help="HOST:PORT for Envoys run elsewhere; no Envoy is started here."),
    ] = None
    xds_cert: Annotated[Path | None, typer.Option(help="Our certificate chain, PEM.")] = None
    xds_key: Annotated[Path | None, typer.Option(help="Our private key, PEM.")] = None
    xds_ca: Annotated[
        Path | None, typer.Option(help="The CA whose certificates Envoys must show, PEM.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule run` is told."""

    file: Annotated[Path, typer.Option("--file", "-f", help=FILE_HELP)]
    state: Annotated[str | None, typer.Option("--state", help=STATE_HELP)] = None
    stop_envoy: Annotated[
        bool, typer.Option("--stop-envoy", help="End Envoy too when this ends.")
    ] = False
    standby: Annotated[
        bool, typer.Option("--standby", help="Wait until the runtime that works now has ended.")
    ] = False
    same_clusters: Annotated[
        str,
        typer.Option(
            "--same-clusters",
            metavar="REASON",
            help="Say, once, that blue and green are the clusters of before at other addresses.",
        ),
    ] = ""
    metrics_listen: Annotated[
        str | None,
        typer.Option(
            help="[HOST:]PORT for Prometheus, such as 9464; on loopback unless a HOST is named."
        ),
    ] = None
    xds: Xds
    output: OutputOption = Output.TEXT


@takes(Arguments)
def run(arguments: Arguments) -> None:
    """Run the controller of a gateway, with an Envoy of its own, until it is told to stop.

    Envoy goes on serving when this ends, unless --stop-envoy is given; `bascule stop` ends both.
    """
    gateway = parse_any_gateway(read_file(arguments.file), arguments.file, read_file)
    where = Where(gateway=gateway.name, state=arguments.state)
    options = RunOptions(
        state_dir=choose_state_dir(where),
        owner=operator_name(),
        elsewhere=_parse_xds(arguments.xds),
        stop_envoy=arguments.stop_envoy,
        is_standby=arguments.standby,
        same_because=arguments.same_clusters,
        metrics=parse_metrics_place(arguments.metrics_listen),
    )
    output = arguments.output
    listeners = Listeners(
        on_started=lambda started: announce(gateway, options, started, output),
        on_standby=lambda error: _announce_standby(error, output),
    )
    set_up_logs()
    pid = asyncio.run(run_gateway(gateway, options, listeners))
    if arguments.output is Output.TEXT:
        print_lines(render_end(gateway, pid, options.state_dir))


def render_end(gateway: Gateway, envoy_pid: int | None, place: StateDir) -> list[str]:
    """Return what goes on without the runtime, and how to end that where it is a process here."""
    if envoy_pid is None and not isinstance(gateway.gateway, AppGwPlace):
        return []
    lines = [f"the runtime has ended; {say_who_serves(gateway, envoy_pid)}"]
    if envoy_pid is not None:
        lines.append(f"to end it: bascule stop --state {place.path}")
    return lines


def _parse_xds(xds: Xds) -> Elsewhere | None:
    given = (xds.xds_cert, xds.xds_key, xds.xds_ca)
    if xds.xds_listen is None:
        if any(given):
            raise UsageError(
                "--xds-cert, --xds-key and --xds-ca go with --xds-listen",
                remedy="add --xds-listen HOST:PORT, or leave them out",
            )
        return None
    cert, key, ca = given
    if cert is None or key is None or ca is None:
        raise UsageError(
            "--xds-listen needs mutual TLS, since it carries private keys",
            remedy="give --xds-cert, --xds-key and --xds-ca",
        )
    return build_elsewhere(xds.xds_listen, cert=cert, key=key, ca=ca)


def _announce_standby(error: LockedError, output: Output) -> None:
    if output is Output.JSON:
        print_document({"event": "standby", "reason": error.message})
    else:
        print_lines([f"stands by: {error.message}"])


def announce(gateway: Gateway, options: RunOptions, started: Started, output: Output) -> None:
    """Say that the gateway serves, and where."""
    if output is Output.JSON:
        print_document(
            {
                "event": "started",
                "gateway": gateway.name,
                "state": str(options.state_dir.path),
                "envoy_pid": started.envoy_pid,
                "envoy_adopted": started.is_adopted,
                "xds_port": started.xds_port,
                "azure_id": started.azure_id or None,
                "listeners": [
                    {"name": item.name, "address": item.address, "port": item.port, "tls": item.tls}
                    for item in gateway.listeners
                ],
            }
        )
        return
    places = ", ".join(
        f"{'https' if item.tls else 'http'}://{item.address}:{item.port}"
        for item in gateway.listeners
    )
    if started.azure_id:
        print_lines([f"gateway {gateway.name} writes {started.azure_id}"])
    if started.envoy_pid is None and started.xds_port is None:
        print_lines([f"state is in {options.state_dir.path}"])
        return
    if started.envoy_pid is None:
        print_lines([f"gateway {gateway.name} serves xDS on port {started.xds_port}"])
        return
    how = "found running" if started.is_adopted else "started"
    print_lines(
        [
            f"gateway {gateway.name} serves {places}",
            f"Envoy is process {started.envoy_pid}, {how}; state is in {options.state_dir.path}",
        ]
    )
