"""Tables and explanations as plain data, for `--output json` and for the runtime's socket."""

from collections.abc import Mapping

import msgspec

from bascule.errors import UsageError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.arrangement import Preview
from bascule.routing.explain import Explanation, explain
from bascule.routing.model import Backend, Host, Problem, Route, RouteSet
from bascule.routing.weights import Split, Weights


def table_document(routes: RouteSet) -> dict[str, Json]:
    """Return a table as plain data, in the order of the table; no key is in it."""
    return {
        "digest": routes.digest,
        "stale": [cluster.value for cluster in Cluster if cluster in routes.stale],
        "listeners": [
            {"name": x.name, "address": x.address, "port": x.port, "tls": x.is_tls}
            for x in routes.listeners
        ],
        "hosts": [_host(host) for host in routes.hosts],
        "problems": [problem_document(problem) for problem in routes.problems],
    }


def problem_document(problem: Problem) -> dict[str, Json]:
    """Return a Problem as plain data."""
    return {
        "severity": problem.severity.value,
        "cluster": problem.cluster.value,
        "kind": problem.kind,
        "namespace": problem.namespace,
        "name": problem.name,
        "code": problem.code,
        "message": problem.message,
    }


def _host(host: Host) -> Json:
    certificate = host.certificate
    return {
        "name": host.name,
        "tls": host.is_tls,
        "certificate": None
        if certificate is None
        else {
            "secret": f"{certificate.namespace}/{certificate.secret}",
            "digest": certificate.digest,
            "not_after": certificate.not_after.isoformat() if certificate.not_after else None,
        },
        "routes": [_route(route) for route in host.routes],
    }


def _route(route: Route) -> Json:
    settings = route.settings
    return {
        "kind": route.match.kind.value,
        "path": route.match.path,
        "bound_to": route.bound_to.value if route.bound_to else None,
        "down": route.is_down,
        "settings": {
            "ssl_redirect": settings.ssl_redirect,
            "timeout_s": settings.timeout_s,
            "retries": settings.retries,
            "affinity": {
                "kind": settings.affinity.kind.value,
                "name": settings.affinity.name,
                "ttl_s": settings.affinity.ttl_s,
            },
        },
        "blue": _backend(route.blue),
        "green": _backend(route.green),
        "sources": [f"{ref.cluster}/{ref.namespace}/{ref.name}" for ref in route.sources],
    }


def _backend(backend: Backend | None) -> Json:
    if backend is None:
        return None
    return {
        "name": backend.name,
        "protocol": backend.protocol.value,
        "endpoints": [f"{e.address}:{e.port}" for e in backend.endpoints],
    }


def explanation_document(explanation: Explanation) -> dict[str, Json]:
    """Return an explanation as plain data; `parse_explanation` reads it back."""
    plain: dict[str, Json] = msgspec.to_builtins(explanation)
    return plain


def parse_explanation(document: Mapping[str, Json]) -> Explanation:
    """Return the explanation in `document`. Raises msgspec.ValidationError for anything else."""
    return msgspec.convert(document, Explanation)


def answer_explain(
    routes: RouteSet, split: Split, request: Mapping[str, Json], *, preview: Preview | None = None
) -> dict[str, Json]:
    """Return the answer to `{"op": "explain", "url": …, "headers": {…}}` on the runtime's socket.

    Raises UsageError when the request is something else.
    """
    url, headers = request.get("url"), request.get("headers") or {}
    if not isinstance(url, str) or not isinstance(headers, dict):
        raise UsageError("explain takes a url and a map of headers")
    texts = {name: value for name, value in headers.items() if isinstance(value, str)}
    return explanation_document(explain(routes, url, texts, split, preview=preview))


def whole_split(active: Cluster) -> Split:
    """Return the split that sends everything to `active`."""
    return Split(Weights.all_to(active))
