"""What a step costs on a gateway that takes each change as an update of the whole of it."""

from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.model import StepKind

ACT_S = 1.0
"""How long a change of the gateway is estimated to take, until it is read back."""
UPDATING_KINDS = frozenset({StepKind.SET_WEIGHTS, StepKind.ARRANGE, StepKind.RETIRE})
"""Kinds of steps that change the gateway, each by one update."""


def estimate_act_s(facts: Facts) -> float:
    """Return how long one change of the gateway should take."""
    return ACT_S if facts.update is None else max(ACT_S, facts.update.median_s)


def render_cost(facts: Facts) -> str:
    """Return what a change costs, to end a sentence with; nothing where it is a mere message."""
    return "" if facts.update is None else "; costs 1 PUT, an update of the whole gateway"
