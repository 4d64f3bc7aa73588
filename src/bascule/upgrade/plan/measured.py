"""How long a gateway's updates took so far, as its journal tells."""

import math

from bascule.gateway.driver import UpdateTimes
from bascule.upgrade.events import Result
from bascule.upgrade.state import GatewayState

TAKEN_MIN = 3
"""Of fewer changes nothing is concluded."""


def measure_updates(state: GatewayState | None) -> UpdateTimes | None:
    """Return how long the last changes of the split took; None where there were too few."""
    outcomes = () if state is None else state.recent
    taken_ms = sorted(
        outcome.command_ms
        for outcome in outcomes
        if outcome.result is Result.DONE and outcome.command_ms is not None
    )
    if len(taken_ms) < TAKEN_MIN:
        return None
    return UpdateTimes(
        median_s=_quantile(taken_ms, 0.5) / 1000,
        p90_s=_quantile(taken_ms, 0.9) / 1000,
        source=f"of the last {len(taken_ms)} changes of this gateway",
    )


def _quantile(ordered: list[float], share: float) -> float:
    """Return the value that at least so many are not above."""
    return ordered[math.ceil(share * len(ordered)) - 1]
