"""All checks, in the order in which they are made: an explicit list."""

from collections.abc import Callable
from typing import TypeAlias

from bascule.checks.appgw.certificates import check_gateway_certificates
from bascule.checks.appgw.restarts import check_restarts
from bascule.checks.appgw.room import check_room
from bascule.checks.appgw.steering import check_steering
from bascule.checks.certificates import check_certificates
from bascule.checks.classes import check_classes
from bascule.checks.clusters import check_distinct, check_reachable, check_versions
from bascule.checks.findings import Finding, sort_findings
from bascule.checks.gateway import check_gateway, check_unfinished
from bascule.checks.inventory import Inventory
from bascule.checks.overlays import check_overlay_ranges
from bascule.checks.routes import (
    check_anything,
    check_capacity,
    check_green_routes,
    check_hosts,
    check_problems,
)
from bascule.checks.services import check_services
from bascule.checks.way_back import check_way_back
from bascule.checks.writers import check_writers, only_writers

Check: TypeAlias = Callable[[Inventory], tuple[Finding, ...]]

CHECKS: tuple[Check, ...] = (
    check_reachable,
    check_distinct,
    check_versions,
    check_gateway,
    check_unfinished,
    check_writers,
    check_steering,
    check_overlay_ranges,
    check_hosts,
    check_anything,
    check_green_routes,
    check_capacity,
    check_way_back,
    check_problems,
    check_services,
    check_classes,
    check_certificates,
    check_gateway_certificates,
    check_room,
    check_restarts,
)


def find_writers(inventory: Inventory) -> tuple[Finding, ...]:
    """Return who else writes the gateway, without looking at what is served."""
    looks: tuple[Check, ...] = (check_gateway, check_writers, check_steering)
    return only_writers(sort_findings(finding for look in looks for finding in look(inventory)))


def check_all(inventory: Inventory) -> tuple[Finding, ...]:
    """Return what all checks find, the worst first."""
    return sort_findings(finding for check in CHECKS for finding in check(inventory))
