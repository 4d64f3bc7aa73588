"""Checks on the gateway: it can be steered, and no other upgrade steers it."""

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.gateway.driver import Convergence


def check_gateway(inventory: Inventory) -> tuple[Finding, ...]:
    """Return why the gateway cannot be steered now, if it was asked."""
    seen = inventory.observation
    if seen is None:
        return ()
    match seen.convergence:
        case Convergence.FOREIGN_CHANGE:
            return (
                _finding(
                    Severity.BLOCKER,
                    "ForeignWriter",
                    f"somebody else changes the gateway: {seen.reason}",
                    "find the other writer and stop it, or take the gateway out of its hands",
                ),
            )
        case Convergence.REFUSED:
            return (
                _finding(
                    Severity.BLOCKER,
                    "GatewayRefuses",
                    f"the gateway refuses its configuration: {seen.reason}",
                    "see `bascule status`; correct the object that it names",
                ),
            )
        case Convergence.UNKNOWN:
            return (
                _finding(
                    Severity.WARNING,
                    "GatewayUnknown",
                    f"it is not known what the gateway serves: {seen.reason}",
                    "see `bascule status`",
                ),
            )
        case Convergence.CONVERGED | Convergence.PENDING:
            return ()


def check_unfinished(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a blocker when another upgrade of this gateway is not over."""
    name = inventory.unfinished
    if not name:
        return ()
    return (
        _finding(
            Severity.BLOCKER,
            "UpgradeUnfinished",
            f"the upgrade {name} of this gateway is not over",
            f"see `bascule upgrade status {name}`; finish it, or `bascule upgrade rollback {name}`",
        ),
    )


def _finding(severity: Severity, code: str, message: str, remedy: str) -> Finding:
    return Finding(severity=severity, code=code, subject="gateway", message=message, remedy=remedy)
