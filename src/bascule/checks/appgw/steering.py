"""Checks on the gateway itself: it can be read and steered, and belongs to no AGIC."""

from collections.abc import Iterator
from dataclasses import replace

from bascule.checks.azure.blocking import blocker
from bascule.checks.azure.controllers import judge_tags
from bascule.checks.azure.gateway import judge_gateway
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.gateway.driver import Convergence

_MENDED_BY_A_WRITE = frozenset({"GatewayFailed"})
"""What the next update puts right: it must not be what keeps it from being sent."""


def check_steering(inventory: Inventory) -> tuple[Finding, ...]:
    """Return why the gateway in Azure cannot be steered now."""
    return tuple(_find(inventory))


def _find(inventory: Inventory) -> Iterator[Finding]:
    if inventory.appgw is None:
        return
    gateway = inventory.appgw.gateway
    if isinstance(gateway, Unreadable):
        hidden = blocker(
            "GatewayUnreadable",
            "gateway",
            f"{gateway.what} cannot be read: {gateway.reason}",
            gateway.remedy or "give the caller the role Reader there",
        )
        # A runtime that sees it goes on: one look that failed is no reason to stop.
        yield replace(hidden, severity=Severity.WARNING) if _is_seen(inventory) else hidden
        return
    if inventory.appgw.foreign_owner:
        yield blocker(
            "GatewayOfAnother",
            "gateway",
            f"{gateway.name} is tagged as the gateway {inventory.appgw.foreign_owner} of another"
            " Bascule",
            "release it there first, or call this one so where it is the same",
        )
    for found in judge_gateway(gateway):
        is_mended = found.code in _MENDED_BY_A_WRITE
        yield replace(found, severity=Severity.WARNING) if is_mended else found
    yield from judge_tags(gateway)


def _is_seen(inventory: Inventory) -> bool:
    seen = inventory.observation
    return seen is not None and seen.convergence is not Convergence.UNKNOWN
