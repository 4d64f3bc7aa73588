"""`bascule rollback`: back to the split before the last switch or shift."""

from dataclasses import dataclass

from bascule.cli.arguments import takes
from bascule.cli.change import Change, run_change
from bascule.cli.options import Consent, OutputOption, Where
from bascule.cli.rendering import Output
from bascule.upgrade.signals import RollBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule rollback` is told."""

    where: Where
    consent: Consent
    output: OutputOption = Output.TEXT


@takes(Arguments)
def rollback(arguments: Arguments) -> None:
    """Go back, in one step, to the split before the last switch or shift.

    All weights since traffic was last in one cluster are one shift. The cluster that gets the
    traffic back needs endpoints, nothing more.
    """
    run_change(
        Change(
            signal=RollBack(),
            where=arguments.where,
            consent=arguments.consent,
            output=arguments.output,
        )
    )
