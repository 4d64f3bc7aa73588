"""How long a gateway's updates took so far, as its journal tells."""

from bascule.gateway.driver import UpdateTimes
from bascule.upgrade.events import Result
from bascule.upgrade.state import GatewayState

TAKEN_MIN = 3
"""Of fewer changes nothing is concluded."""


def measure_updates(state: GatewayState | None) -> UpdateTimes | None:
    """Return how long the last changes of the split took; None where there were too few."""
    outcomes = () if state is None else state.recent
    taken_s = [
        outcome.command_ms / 1000
        for outcome in outcomes
        if outcome.result is Result.DONE and outcome.command_ms is not None
    ]
    if len(taken_s) < TAKEN_MIN:
        return None
    return UpdateTimes.measured(
        taken_s, source=f"of the last {len(taken_s)} changes of this gateway"
    )
