"""What `bascule plan` and `bascule upgrade start` have in common: a plan, and what is found of it."""

from dataclasses import dataclass

from bascule.checks.findings import Finding, Severity
from bascule.clock import Clock
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.state import GatewayState


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan, and what stands against it or speaks about it: blockers first."""

    plan: Plan
    findings: tuple[Finding, ...] = ()

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """The findings for which the upgrade must not start."""
        return tuple(f for f in self.findings if f.severity is Severity.BLOCKER)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKnown:
    """What is known of the gateway that the spec names, before it is planned for."""

    state: GatewayState | None = None
    """The fold of its journal; None: no gateway has run yet, all traffic is on blue."""
    requests_per_s: float | None = None
    """How many requests it gets now; None is not known."""
    fault: str = ""
    """Why it cannot be steered, such as somebody else's change; empty when it can."""


async def prepare_plan(
    spec: Upgrade,
    known: GatewayKnown,
    *,
    clock: Clock,
    is_offline: bool = False,
    parent: str = "",
) -> Prepared:
    """Return the plan of `spec` for the clusters as they are now; changes nothing.

    `is_offline` asks no cluster. Raises SpecError for a kubeconfig that is wrong; a cluster that
    cannot be reached is a blocker among the findings.
    """
    raise NotImplementedError
