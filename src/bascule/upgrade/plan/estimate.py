"""How long a plan should take, as far as that can be known before."""

from dataclasses import dataclass

from bascule.upgrade.plan.model import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`known_s` is the sum of the steps whose time can be told; `unknown` are the others' keys."""

    known_s: float
    unknown: tuple[str, ...]


def estimate_plan(plan: Plan) -> Estimate:
    """Return how long `plan` should take."""
    known = [step.estimate_s for step in plan.steps if step.estimate_s is not None]
    return Estimate(
        known_s=round(sum(known), 1),
        unknown=tuple(step.key for step in plan.steps if step.estimate_s is None),
    )
