"""`bascule stop`: ends the runtime of a gateway and its Envoy."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import typer

from bascule.app.stopping import Stopped, stop_gateway
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.rendering import Output, print_document, print_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule stop` is told."""

    where: Where
    keep_envoy: Annotated[
        bool, typer.Option("--keep-envoy", help="End the runtime only; Envoy goes on serving.")
    ] = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def stop(arguments: Arguments) -> None:
    """End the runtime and its Envoy, which serves nobody any more. Without either it is done.

    An Application Gateway in Azure goes on; Envoys that are run elsewhere do, too.
    """
    state_dir = choose_state_dir(arguments.where)
    stopped = asyncio.run(stop_gateway(state_dir, keep_envoy=arguments.keep_envoy))
    if arguments.output is Output.JSON:
        print_document({"runtime_stopped": stopped.runtime_pid, "envoy_stopped": stopped.envoy_pid})
    else:
        print_lines(render_stopped(stopped, is_in_azure=state_dir.gateway_before.exists()))


def render_stopped(stopped: Stopped, *, is_in_azure: bool) -> list[str]:
    """Return what has ended, and what goes on."""
    runtime = "no runtime was running"
    if stopped.runtime_pid is not None:
        runtime = f"the runtime (process {stopped.runtime_pid}) has ended"
    envoy = "no Envoy was ended"
    if stopped.envoy_pid is not None:
        envoy = f"Envoy (process {stopped.envoy_pid}) has ended"
    if not is_in_azure:
        return [runtime, envoy]
    azure = "the gateway in Azure goes on as it was last written"
    if stopped.envoy_pid is not None:
        azure = "the gateway in Azure goes on, and leads to an Envoy that has ended: start "
        azure += "`bascule run`"
    return [runtime, envoy, azure]
