"""Checks whether blue could take its traffic back: an upgrade is safe for as long as it could."""

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.ids import Cluster


def check_way_back(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a warning when blue has routes, and no endpoint that is ready for any of them."""
    blue = inventory.clusters.get(Cluster.BLUE)
    if blue is None or not blue.snapshot.is_complete:
        return ()
    backends = [
        route.blue
        for host in inventory.routes.hosts
        if inventory.scope.has(host.name)
        for route in host.routes
        if route.blue is not None
    ]
    if not backends or any(backend.is_ready for backend in backends):
        return ()
    return (
        Finding(
            severity=Severity.WARNING,
            code="BlueNotServing",
            subject=Cluster.BLUE.value,
            message=f"blue ({blue.name or 'without a name'}) has no ready endpoint for any route: a"
            " rollback would serve nobody",
            remedy="bring blue up again to have a way back",
        ),
    )
