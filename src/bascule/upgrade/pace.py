"""How long a gateway takes for a change: what an executor's waits are measured by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The defaults are those of a gateway that is told directly, in milliseconds."""

    order_age_max_s: float = 60.0
    """An order that was not begun for so long is not carried out any more."""
    convergence_s: float = 10.0
    """How long an acknowledged split may take to be read back before the outcome is unknown."""
    convergence_poll_s: float = 0.05
    outcome_s: float = 45.0
    """How long whoever gives an order waits for its outcome, unless told otherwise."""
    usual_s: float = 0.0
    """How long a change takes mostly; told to whoever waits. 0: not worth a word."""


AT_ONCE = Pace()


def pace_of_operations(usual_s: float, limit_s: float) -> Pace:
    """Return the pace of a gateway whose changes are operations of its cloud.

    One that takes more than `limit_s` is given up. An order may come while one is under way, and
    waits for its end.
    """
    return Pace(
        order_age_max_s=AT_ONCE.order_age_max_s + limit_s,
        convergence_s=60.0,
        convergence_poll_s=2.0,
        outcome_s=2 * limit_s + AT_ONCE.outcome_s,
        usual_s=usual_s,
    )
