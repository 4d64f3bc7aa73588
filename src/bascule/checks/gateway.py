"""Checks on the gateway: it can be steered, and no other upgrade steers it."""

from collections.abc import Mapping
from dataclasses import replace

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.gateway.driver import Convergence

_FINDING_BY_CONVERGENCE: Mapping[Convergence, Finding] = {
    Convergence.FOREIGN_CHANGE: Finding(
        severity=Severity.BLOCKER,
        code="ForeignWriter",
        subject="gateway",
        message="somebody else changes the gateway",
        remedy="find the other writer and stop it, or take the gateway out of its hands",
    ),
    Convergence.REFUSED: Finding(
        severity=Severity.BLOCKER,
        code="GatewayRefuses",
        subject="gateway",
        message="the gateway refuses its configuration",
        remedy="see `bascule status`; correct the object that it names",
    ),
    Convergence.UNKNOWN: Finding(
        severity=Severity.WARNING,
        code="GatewayUnknown",
        subject="gateway",
        message="it is not known what the gateway serves",
        remedy="see `bascule status`",
    ),
}


def check_gateway(inventory: Inventory) -> tuple[Finding, ...]:
    """Return why the gateway cannot be steered now, if it was asked."""
    seen = inventory.observation
    found = None if seen is None else _FINDING_BY_CONVERGENCE.get(seen.convergence)
    if seen is None or found is None:
        return ()
    return (replace(found, message=f"{found.message}: {seen.reason}"),)


def check_unfinished(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a blocker when another upgrade of this gateway is not over."""
    name = inventory.unfinished
    if not name:
        return ()
    return (
        Finding(
            severity=Severity.BLOCKER,
            code="UpgradeUnfinished",
            subject="gateway",
            message=f"the upgrade {name} of this gateway is not over",
            remedy=f"see `bascule upgrade status {name}`; finish it, or "
            f"`bascule upgrade rollback {name}`",
        ),
    )
