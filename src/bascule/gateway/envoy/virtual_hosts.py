"""A host of the routing table becomes a virtual host of Envoy.

Each route is a short list, the first that matches answers: one entry for each runtime key that can
change the configured weights (see `stance`), then the configured weights. Users are kept on their
cluster by hash: the total and the order of the weights never change, so as one share grows nobody
of it moves back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.stance import DEFAULT_SCOPE, runtime_key
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.model import Host, Match, PathKind, Route
from bascule.routing.weights import Split, Weights

RETRY_ON = "connect-failure,refused-stream,reset-before-request"
RETRIES_DEFAULT = 2
RETRY_HOSTS_MAX = 5
RETRY_BASE_MS = 10
RETRY_MAX_MS = 250
DEFAULT_COOKIE = Affinity().name
NO_CERTIFICATE_BODY = "This host is served by TLS only, and its certificate is missing.\n"

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a listener serves its hosts."""

    is_tls: bool
    https_port: int
    """Where ssl_redirect leads to; 443 is left out of the URL."""


@dataclass(frozen=True, slots=True)
class HostSplit:
    """The configured weights of a host and the scope of its runtime keys."""

    weights: Weights
    scope: str

    @classmethod
    def of(cls, split: Split, host: str) -> "HostSplit":
        """Return what `split` says of `host`."""
        return cls(split.for_host(host), host if host in split.by_host else DEFAULT_SCOPE)


def build_virtual_host(
    host: Host, split: Split, serving: Serving, *, fallback: Host | None = None
) -> bytes:
    """Return the serialised virtual host.

    `fallback` is the host `*`: Envoy's `*.foo.com` takes any number of labels, an Ingress's just
    one, so what has more of them is sent on to the routes of `*`.
    """
    routes = [*_host_routes(host, split, serving)]
    if host.name.startswith("*."):
        routes = [_only_for(route, host.name, invert=False) for route in routes]
        if fallback is not None:
            others = _host_routes(fallback, split, serving)
            routes += [_only_for(route, host.name, invert=True) for route in others]
    return serialise(
        protos.message("envoy.config.route.v3.VirtualHost")(
            name=host.name,
            domains=[host.name],
            routes=routes,
            retry_policy=_retry_policy(RETRIES_DEFAULT),
        )
    )


def build_answering_host(name: str, domains: list[str], *, status: int, body: str) -> bytes:
    """Return a serialised virtual host that answers every request with `status`."""
    answer = {
        "match": {"prefix": "/"},
        "direct_response": {"status": status, "body": {"inline_string": body}},
    }
    return serialise(
        protos.message("envoy.config.route.v3.VirtualHost")(
            name=name, domains=domains, routes=[answer]
        )
    )


def serialise(value: Any) -> bytes:
    """Return the bytes of a message; the same message gives the same bytes."""
    return bytes(value.SerializeToString(deterministic=True))


def _only_for(route: Fields, name: str, *, invert: bool) -> Fields:
    regex = r"(?i)[^.]+" + re.escape(name.removeprefix("*"))
    condition = {
        "name": ":authority",
        "string_match": {"safe_regex": {"regex": regex}},
        "invert_match": invert,
    }
    match = route["match"]
    return {**route, "match": {**match, "headers": [condition, *match.get("headers", ())]}}


def _host_routes(host: Host, split: Split, serving: Serving) -> Iterator[Fields]:
    host_split = HostSplit.of(split, host.name)
    for route in host.routes:
        if host.is_tls and route.settings.ssl_redirect and not serving.is_tls:
            yield _redirect(route, serving)
        else:
            yield from _route_entries(route, host_split, serving)


def _redirect(route: Route, serving: Serving) -> Fields:
    redirect: Fields = {"https_redirect": True, "response_code": "PERMANENT_REDIRECT"}
    if serving.https_port != 443:
        redirect["port_redirect"] = serving.https_port
    return {"match": _path(route.match), "redirect": redirect}


def _route_entries(route: Route, split: HostSplit, serving: Serving) -> Iterator[Fields]:
    path = _path(route.match)
    if route.bound_to is not None:
        yield {"match": path, "route": _to_cluster(route, route.bound_to)}
        return
    for cluster in (Cluster.GREEN, Cluster.BLUE):
        if split.weights.only is not cluster:
            yield {
                "match": {**path, "runtime_fraction": _forced_by(split.scope, cluster)},
                "route": _to_cluster(route, cluster),
            }
    if split.weights.only is not None:
        yield {"match": path, "route": _to_cluster(route, split.weights.only)}
    else:
        yield from _weighted_entries(route, split.weights, serving)


def _path(match: Match) -> Fields:
    if match.kind is PathKind.EXACT:
        return {"path": match.path}
    if match.path == "/":
        return {"prefix": "/"}
    return {"path_separated_prefix": match.path}


def _forced_by(scope: str, cluster: Cluster) -> Fields:
    return {
        "default_value": {"numerator": 0, "denominator": "HUNDRED"},
        "runtime_key": runtime_key(scope, cluster),
    }


def _to_cluster(route: Route, cluster: Cluster) -> Fields:
    return {**_action(route), "cluster": _backend_name(route, cluster)}


def _backend_name(route: Route, cluster: Cluster) -> str:
    backend = route.backend(cluster)
    return "" if backend is None else backend.name


def _action(route: Route) -> Fields:
    # No timeout is Envoy's 0; its default would cut every request after 15 s.
    action: Fields = {"timeout": _duration(route.settings.timeout_s or 0)}
    if route.settings.retries != RETRIES_DEFAULT:
        action["retry_policy"] = _retry_policy(route.settings.retries)
    return action


def _duration(seconds: float) -> Fields:
    whole = int(seconds)
    return {"seconds": whole, "nanos": round((seconds - whole) * 1_000) * 1_000_000}


@cache
def _retry_policy(retries: int) -> Any:
    """Retry only what no backend has begun: safe for every method."""
    policy = protos.message("envoy.config.route.v3.RetryPolicy")
    if retries <= 0:
        return policy()
    predicate = protos.message(
        "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    )()
    return policy(
        retry_on=RETRY_ON,
        num_retries={"value": retries},
        retry_host_predicate=[
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": protos.pack(predicate),
            }
        ],
        host_selection_retry_max_attempts=RETRY_HOSTS_MAX,
        retry_back_off={
            "base_interval": {"nanos": RETRY_BASE_MS * 1_000_000},
            "max_interval": {"nanos": RETRY_MAX_MS * 1_000_000},
        },
    )


def _weighted_entries(route: Route, weights: Weights, serving: Serving) -> Iterator[Fields]:
    path = _path(route.match)
    affinity = route.settings.affinity
    match affinity.kind:
        case AffinityKind.NONE:
            yield {"match": path, "route": _weighted(route, weights, None)}
        case AffinityKind.HEADER:
            by_header = {"header": {"header_name": affinity.name}}
            yield {"match": path, "route": _weighted(route, weights, by_header)}
        case AffinityKind.COOKIE:
            by_cookie = {"cookie": {"name": affinity.name}}
            by_request = {"header": {"header_name": "x-request-id"}}
            yield {
                "match": {**path, "headers": [_has_cookie(affinity.name)]},
                "route": _weighted(route, weights, by_cookie),
            }
            others: Fields = {"match": path, "route": _weighted(route, weights, by_request)}
            if affinity.name == DEFAULT_COOKIE:
                # A cookie that the user named is the application's to issue.
                others["response_headers_to_add"] = [_issue_cookie(affinity, serving)]
            yield others


def _weighted(route: Route, weights: Weights, hash_policy: Fields | None) -> Fields:
    shares: Fields = {
        "clusters": [
            {"name": _backend_name(route, cluster), "weight": {"value": weights.of(cluster)}}
            for cluster in Cluster
        ]
    }
    action = {**_action(route), "weighted_clusters": shares}
    if hash_policy is not None:
        shares["use_hash_policy"] = {"value": True}
        action["hash_policy"] = [hash_policy]
    return action


def _has_cookie(name: str) -> Fields:
    regex = rf"(?:.*;\s*)?{re.escape(name)}=[^;\s].*"
    return {"name": "cookie", "string_match": {"safe_regex": {"regex": regex}}}


def _issue_cookie(affinity: Affinity, serving: Serving) -> Fields:
    """Issue the string that this request was placed by, so that the first answer already counts."""
    secure = "; Secure" if serving.is_tls else ""
    value = (
        f"{affinity.name}=%REQ(X-REQUEST-ID)%; Path=/; Max-Age={affinity.ttl_s}; "
        f"HttpOnly; SameSite=Lax{secure}"
    )
    return {
        "header": {"key": "set-cookie", "value": value},
        "append_action": "APPEND_IF_EXISTS_OR_ADD",
    }
