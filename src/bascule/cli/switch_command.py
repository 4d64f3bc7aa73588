"""`bascule switch`: all traffic from the cluster that is active to the other one."""

from dataclasses import dataclass
from typing import Annotated

import typer

from bascule.cli.arguments import takes
from bascule.cli.change import Change, run_change
from bascule.cli.options import Consent, ForceOption, OutputOption, Where
from bascule.cli.rendering import Output
from bascule.ids import Cluster
from bascule.upgrade.signals import Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule switch` is told."""

    source: Annotated[
        Cluster, typer.Option("--from", help="The cluster that must be the active one now.")
    ]
    target: Annotated[Cluster, typer.Option("--to", help="The cluster that takes everything.")]
    where: Where
    consent: Consent
    force: ForceOption = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def switch(arguments: Arguments) -> None:
    """Move all traffic from one cluster to the other, splits of single hosts included.

    It is refused unless the cluster named by --from is the active one and the other one is ready.
    """
    signal = Switch(source=arguments.source, target=arguments.target, is_forced=arguments.force)
    run_change(
        Change(
            signal=signal,
            where=arguments.where,
            consent=arguments.consent,
            output=arguments.output,
        )
    )
