"""The tests that the gates of a step come down to: a list that is fixed before any data is seen."""

from dataclasses import dataclass
from enum import StrEnum

from bascule.upgrade.gates.model import Gates, LatencyRule


class RuleKind(StrEnum):
    """What is counted as bad, and what it is held against."""

    SUCCESS = "success"
    SUCCESS_BESIDE = "success_beside"
    LATENCY = "latency"
    LATENCY_BESIDE = "latency_beside"
    HUNG_BESIDE = "hung_beside"

    @property
    def compares(self) -> bool:
        """Whether the target is compared with the other cluster at the same moment."""
        return self not in {RuleKind.SUCCESS, RuleKind.LATENCY}

    @property
    def is_of_latency(self) -> bool:
        """Whether slow requests are the bad ones."""
        return self in {RuleKind.LATENCY, RuleKind.LATENCY_BESIDE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One test. `allowed` is a share (0 to 1), or ms for latency: what the estimate may be."""

    name: str
    kind: RuleKind
    allowed: float
    percentile: float = 0.0
    after_s: float = 0.0
    """From when on a request counts as hung."""


def list_rules(gates: Gates) -> tuple[Rule, ...]:
    """Return the tests of a step, in the order in which people read them; names are unique."""
    if not gates.has_traffic:
        return ()
    beside = f" against {gates.target.other.value}"
    rules: list[Rule] = []
    if gates.success_min is not None:
        rules.append(
            Rule(name="success rate", kind=RuleKind.SUCCESS, allowed=1 - gates.success_min)
        )
    if gates.below_blue_max is not None:
        name, kind = f"success rate{beside}", RuleKind.SUCCESS_BESIDE
        rules.append(Rule(name=name, kind=kind, allowed=gates.below_blue_max))
    for number, limits in enumerate(gates.latency):
        again = any(limits.percentile == other.percentile for other in gates.latency[:number])
        rules += _list_latency(limits, beside, f" ({number + 1})" if again else "")
    if gates.hung_after_s is not None:
        rules.append(
            Rule(
                name=f"hung requests{beside}",
                kind=RuleKind.HUNG_BESIDE,
                allowed=0.0,
                after_s=gates.hung_after_s,
            )
        )
    return tuple(rules)


def _list_latency(limits: LatencyRule, beside: str, mark: str) -> list[Rule]:
    name = f"p{limits.percentile:g} latency"
    wanted = (
        (f"{name}{mark}", RuleKind.LATENCY, limits.max_ms),
        (f"{name}{beside}{mark}", RuleKind.LATENCY_BESIDE, limits.over_blue_max_ms),
    )
    return [
        Rule(name=text, kind=kind, allowed=allowed, percentile=limits.percentile)
        for text, kind, allowed in wanted
        if allowed is not None
    ]
