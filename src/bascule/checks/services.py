"""Checks on the Services: a port that means something else in green answers wrongly, not late."""

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.checks.text import render_names
from bascule.routing.model import Backend


def check_services(inventory: Inventory) -> tuple[Finding, ...]:
    """Return which routes reach another Service, port or protocol in green than in blue."""
    protocols: dict[str, None] = {}
    targets: dict[str, None] = {}
    for host in inventory.routes.hosts:
        if not inventory.scope.has(host.name):
            continue
        for route in host.routes:
            if route.blue is None or route.green is None:
                continue
            where = f"{host.name}{route.match.path}"
            if route.blue.protocol is not route.green.protocol:
                was, now = route.blue.protocol.value, route.green.protocol.value
                protocols[f"{where} ({was} in blue, {now} in green)"] = None
            elif _place(route.blue) != _place(route.green):
                was, now = _place(route.blue), _place(route.green)
                targets[f"{where} ({was} in blue, {now} in green)"] = None
    findings = []
    if protocols:
        findings.append(
            Finding(
                severity=Severity.WARNING,
                code="ProtocolDiffers",
                subject="green",
                message="green would be spoken to differently: "
                f"{render_names(list(protocols), 'routes')}",
                remedy="give the Service's port the same appProtocol in both clusters",
            )
        )
    if targets:
        findings.append(
            Finding(
                severity=Severity.WARNING,
                code="ServiceDiffers",
                subject="green",
                message="green answers from another Service or port: "
                f"{render_names(list(targets), 'routes')}",
                remedy="check that this is meant",
            )
        )
    return tuple(findings)


def _place(backend: Backend) -> str:
    return f"{backend.namespace}/{backend.service}:{backend.port}"
