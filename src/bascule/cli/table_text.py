"""Routing tables and explanations as lines for people."""

from collections.abc import Iterator, Sequence

from bascule.cli.rendering import render_columns
from bascule.routing.explain import Answer, Explanation
from bascule.routing.model import Backend, Host, Problem, Route, RouteSet
from bascule.routing.weights import render_percent


def render_table(routes: RouteSet) -> Iterator[str]:
    """Yield the lines of a table: listeners, then each route with its backends, then problems."""
    for listener in routes.listeners:
        scheme = "https" if listener.is_tls else "http"
        yield f"listener {listener.name}: {scheme} on {listener.address}:{listener.port}"
    yield ""
    rows: list[tuple[str, ...]] = [("HOST", "PATH", "KIND", "BLUE", "GREEN", "NOTES")]
    rows += [_row(host, route) for host in routes.hosts for route in host.routes]
    yield from render_columns(rows) if len(rows) > 1 else ["no routes"]
    yield ""
    yield f"hosts: {len(routes.hosts)}, routes: {len(rows) - 1}, digest: {routes.digest[:12]}"
    yield from render_problems(routes.problems)


def _row(host: Host, route: Route) -> tuple[str, ...]:
    blue, green = _backend(route.blue), _backend(route.green)
    return (host.name, route.match.path, route.match.kind, blue, green, _notes(host, route))


def _backend(backend: Backend | None) -> str:
    if backend is None:
        return "-"
    place = f"{backend.namespace}/{backend.service}:{backend.port}"
    return f"{place} ({len(backend.endpoints)})"


def _notes(host: Host, route: Route) -> str:
    notes = []
    if host.is_tls:
        notes.append("tls" if host.certificate else "tls refused: no certificate")
    if route.settings.ssl_redirect:
        notes.append("redirects to https")
    if route.is_down:
        notes.append("down")
    elif route.bound_to is not None:
        notes.append(f"{route.bound_to} only")
    return ", ".join(notes)


def render_problems(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield one line for each problem under a heading; nothing when there are none."""
    if not problems:
        return
    yield ""
    yield f"problems: {len(problems)}"
    for problem in problems:
        owner = "/".join(part for part in (problem.namespace, problem.name) if part)
        where = f"{problem.cluster} {problem.kind} {owner}"
        yield f"  {problem.severity}: {where}: {problem.code}: {problem.message}"


_HEADLINES = {
    Answer.SERVED: "served",
    Answer.REDIRECTED: "redirected to https",
    Answer.DOWN: "answered with 503: nothing is ready",
    Answer.REFUSED: "refused",
    Answer.NOT_FOUND: "answered with 404: no rule matches",
}


def render_explanation(explanation: Explanation) -> Iterator[str]:
    """Yield the answer first, then why, then what lost."""
    by = f" by {explanation.cluster}" if explanation.cluster else ""
    served = explanation.answer is Answer.SERVED
    yield f"{explanation.url}: {_HEADLINES[explanation.answer]}{by if served else ''}"
    if explanation.rule:
        yield f"  rule: {explanation.rule}"
    for share in explanation.shares:
        ready = ", ".join(share.endpoints) or "no ready endpoint"
        weight = render_percent(share.weight_bp)
        yield f"  {share.cluster} {weight}: Ingress {share.ingress} -> {share.backend} ({ready})"
    yield from (f"  because {reason}" for reason in explanation.reasons)
    yield from (f"  not {loser.rule}: {loser.reason}" for loser in explanation.losers)
    yield from (f"  problem: {problem}" for problem in explanation.problems)
