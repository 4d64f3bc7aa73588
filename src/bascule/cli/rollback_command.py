"""`bascule rollback`: back to the split before the last switch or shift."""

import asyncio
from dataclasses import dataclass

from bascule.cli.arguments import takes
from bascule.cli.cancelling import CancelOption, choose_cancels
from bascule.cli.change import Change, run_change
from bascule.cli.options import Consent, OutputOption, Where, choose_state_dir
from bascule.cli.ordering import require_runtime
from bascule.cli.rendering import Output
from bascule.cli.upgrade.sending import fetch_state
from bascule.cli.upgrade.steering import RollbackArguments, roll_back_upgrade
from bascule.upgrade.signals import RollBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule rollback` is told."""

    where: Where
    consent: Consent
    cancels: CancelOption = None
    output: OutputOption = Output.TEXT


@takes(Arguments)
def rollback(arguments: Arguments) -> None:
    """Go back, in one step, to the split before the last switch or shift.

    All weights since traffic was last in one cluster are one shift. The cluster that gets the
    traffic back needs endpoints, nothing more. While an upgrade is unfinished it is rolled back.
    An operation of somebody else on an Application Gateway is waited for, unless it may be
    cancelled.
    """
    cancels = choose_cancels(arguments.cancels)
    where = arguments.where
    state_dir = choose_state_dir(where)
    require_runtime(state_dir)
    unfinished = asyncio.run(fetch_state(state_dir)).unfinished
    if unfinished is not None:
        roll_back_upgrade(
            RollbackArguments(
                name=unfinished.name,
                where=where,
                consent=arguments.consent,
                cancels=arguments.cancels,
                output=arguments.output,
            )
        )
        return
    run_change(
        Change(
            signal=RollBack(cancels=cancels),
            where=where,
            consent=arguments.consent,
            output=arguments.output,
        )
    )
