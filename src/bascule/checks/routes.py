"""Checks on the routes: what blue serves, green has to serve as well."""

import difflib
from collections.abc import Iterator

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.checks.text import render_count, render_names
from bascule.ids import Cluster
from bascule.routing.model import Host, Route
from bascule.routing.model import Severity as ProblemSeverity

FEWER_THAN = 0.5
"""Green is called small where it has less than this share of blue's ready endpoints."""


def check_hosts(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a blocker for each host of the spec that no Ingress of either cluster names."""
    if not inventory.is_known:
        return ()
    known = [host.name for host in inventory.routes.hosts]
    scope = inventory.scope
    named = [("include", host) for host in scope.include]
    named += [("exclude", host) for host in scope.exclude]
    unknown = {host for _, host in named} - set(known)
    return tuple(_unknown_host(field, host, known) for field, host in named if host in unknown)


def _unknown_host(field: str, host: str, known: list[str]) -> Finding:
    close = difflib.get_close_matches(host, known, n=1)
    return Finding(
        severity=Severity.BLOCKER,
        code="UnknownHost",
        subject=host,
        message=f"hosts.{field} names {host}, and no Ingress of this gateway does",
        remedy=f"did you mean {close[0]!r}?" if close else "see `bascule route`, or leave it out",
    )


def check_anything(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a blocker when blue serves nothing that the upgrade could move."""
    if not inventory.is_known or any(_routes_of_blue(inventory)):
        return ()
    classes = ", ".join(inventory.options.ingress_classes) or "bascule.dev/ingress"
    return (
        Finding(
            severity=Severity.BLOCKER,
            code="NothingToMove",
            subject="blue",
            message=f"blue has no route that this upgrade would move (ingress classes: {classes})",
            remedy="check gateway.ingressClasses and hosts in the spec",
        ),
    )


def check_green_routes(inventory: Inventory) -> tuple[Finding, ...]:
    """Return which routes of blue green does not have, and which it cannot answer yet."""
    if not inventory.is_known:
        return ()
    ready = [
        (host, route)
        for host, route in _routes_of_blue(inventory)
        if route.blue is not None and route.blue.is_ready
    ]
    missing = [_name(host, route) for host, route in ready if route.green is None]
    waiting = [
        _name(host, route)
        for host, route in ready
        if route.green is not None and not route.green.is_ready
    ]
    findings = []
    if missing:
        findings.append(
            _not_in_green("RoutesMissing", missing, "which green does not have", len(ready))
        )
    if waiting:
        findings.append(
            _not_in_green("RoutesNotReady", waiting, "without a ready endpoint there", len(ready))
        )
    return tuple(findings)


def _not_in_green(code: str, names: list[str], what: str, of: int) -> Finding:
    count = f"{len(names)} of {render_count(of, 'route')} of blue"
    return Finding(
        severity=Severity.WARNING,
        code=code,
        subject="green",
        message=f"{count}, {what}: {render_names(names, 'routes')}; the upgrade waits for it",
        remedy="deploy the workloads to green, Ingresses included",
    )


def check_capacity(inventory: Inventory) -> tuple[Finding, ...]:
    """Return where green has less than half as many ready endpoints as blue."""
    counts = {}
    for _, route in _routes_of_blue(inventory):
        if route.blue is None or route.green is None or not route.green.is_ready:
            continue
        counts[f"{route.blue.namespace}/{route.blue.service}"] = (
            len(route.blue.endpoints),
            len(route.green.endpoints),
        )
    small = [
        f"{service} ({green} against {blue})"
        for service, (blue, green) in sorted(counts.items())
        if green < blue * FEWER_THAN
    ]
    if not small:
        return ()
    message = (
        f"green has less than half of blue's ready endpoints: {render_names(small, 'Services')}"
    )
    return (
        Finding(
            severity=Severity.WARNING,
            code="GreenSmaller",
            subject="green",
            message=message,
            remedy="scale green up before the weights rise; an autoscaler there starts cold",
        ),
    )


def check_problems(inventory: Inventory) -> tuple[Finding, ...]:
    """Return how many objects of green are broken, such that routes were dropped."""
    broken = [
        f"{p.kind} {p.namespace}/{p.name}: {p.message}"
        for p in inventory.routes.problems
        if p.cluster is Cluster.GREEN and p.severity is ProblemSeverity.ERROR
    ]
    if not broken:
        return ()
    return (
        Finding(
            severity=Severity.WARNING,
            code="ObjectsBroken",
            subject="green",
            message=f"{render_count(len(broken), 'object')} of green with an error: "
            f"{render_names(broken, 'errors')}",
            remedy="correct them; `bascule render` and `bascule status` list them all",
        ),
    )


def _routes_of_blue(inventory: Inventory) -> Iterator[tuple[Host, Route]]:
    for host in inventory.routes.hosts:
        if inventory.scope.has(host.name):
            for route in host.routes:
                if route.blue is not None:
                    yield host, route


def _name(host: Host, route: Route) -> str:
    return f"{host.name}{route.match.path}"
