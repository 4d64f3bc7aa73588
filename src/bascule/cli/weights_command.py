"""`bascule weights blue=90 green=10`: the share of each cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from bascule.cli.arguments import takes
from bascule.cli.change import Change, run_change
from bascule.cli.options import Consent, ForceOption, OutputOption, Where
from bascule.cli.rendering import Output
from bascule.errors import UsageError
from bascule.routing.weights import parse_weights
from bascule.upgrade.signals import EVERY_HOST, SetWeights


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule weights` is told."""

    shares: Annotated[
        list[str], typer.Argument(help="blue=PERCENT green=PERCENT; one of them is enough.")
    ]
    host: Annotated[
        str, typer.Option("--host", help="Only this host, which then has a split of its own.")
    ] = EVERY_HOST
    where: Where
    consent: Consent
    force: ForceOption = False
    output: OutputOption = Output.TEXT


@takes(Arguments)
def weights(arguments: Arguments) -> None:
    """Set the share of the requests that each cluster gets, in percent, such as blue=90 green=10.

    A cluster whose share rises must be ready, else it is refused.
    """
    signal = SetWeights(
        weights=parse_weights(parse_shares(arguments.shares)),
        host=arguments.host.lower(),
        is_forced=arguments.force,
    )
    run_change(
        Change(
            signal=signal,
            where=arguments.where,
            consent=arguments.consent,
            output=arguments.output,
        )
    )


def parse_shares(texts: Sequence[str]) -> dict[str, str]:
    """Return percentages by cluster, both still text. Raises UsageError for what is no share."""
    shares: dict[str, str] = {}
    for text in texts:
        name, equals, percent = text.partition("=")
        if not equals or name in shares:
            raise UsageError(
                f"{text!r} is not a share, or is given twice",
                remedy="write blue=PERCENT green=PERCENT, such as blue=90 green=10",
            )
        shares[name] = percent
    return shares
