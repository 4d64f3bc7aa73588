"""Checks on the Services: a port that means something else in green answers wrongly, not late."""

from collections.abc import Iterable, Iterator

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.checks.text import render_names
from bascule.routing.model import Backend


def check_services(inventory: Inventory) -> tuple[Finding, ...]:
    """Return which routes reach another Service, port or protocol in green than in blue."""
    protocols: dict[str, None] = {}
    targets: dict[str, None] = {}
    for where, blue, green in _pairs(inventory):
        if blue.protocol is not green.protocol:
            was, now = blue.protocol.value, green.protocol.value
            protocols[f"{where} ({was} in blue, {now} in green)"] = None
        elif _place(blue) != _place(green):
            was, now = _place(blue), _place(green)
            targets[f"{where} ({was} in blue, {now} in green)"] = None
    findings = []
    if protocols:
        remedy = "give the Service's port the same appProtocol in both clusters"
        what = "green would be spoken to differently"
        findings.append(_finding("ProtocolDiffers", what, protocols, remedy=remedy))
    if targets:
        what = "green answers from another Service or port"
        remedy = "check that this is meant"
        findings.append(_finding("ServiceDiffers", what, targets, remedy=remedy))
    return tuple(findings)


def _pairs(inventory: Inventory) -> Iterator[tuple[str, Backend, Backend]]:
    """Yield each route that both clusters have, as its host and path, blue's and green's."""
    for host in inventory.routes.hosts:
        if not inventory.scope.has(host.name):
            continue
        for route in host.routes:
            if route.blue is not None and route.green is not None:
                yield f"{host.name}{route.match.path}", route.blue, route.green


def _finding(code: str, what: str, routes: Iterable[str], *, remedy: str) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code=code,
        subject="green",
        message=f"{what}: {render_names(list(routes), 'routes')}",
        remedy=remedy,
    )


def _place(backend: Backend) -> str:
    return f"{backend.namespace}/{backend.service}:{backend.port}"
