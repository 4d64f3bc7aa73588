"""One route of a host becomes a short list of Envoy's routes; the first that matches answers.

First what reaches one cluster whatever the split says (preview), then an entry for each runtime key
that can change the configured weights (see `stance`), then the configured weights. Users are kept
on their cluster by hash: the total and the order of the weights never change, so as one share grows
nobody of it moves back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.clusters import PRIORITY_OF_USERS
from bascule.gateway.envoy.previews import name_count
from bascule.gateway.envoy.stance import DEFAULT_SCOPE, runtime_key
from bascule.ids import Cluster
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import Arrangement, Mirror
from bascule.routing.model import Match, PathKind, Route
from bascule.routing.naming import read_tag
from bascule.routing.weights import Split, Weights

RETRY_ON = "connect-failure,refused-stream,reset-before-request"
RETRIES_DEFAULT = 2
RETRY_HOSTS_MAX = 5
RETRY_BASE_MS = 10
RETRY_MAX_MS = 250
DEFAULT_COOKIE = Affinity().name
MIRRORED_METHODS = "GET|HEAD|OPTIONS"
"""What green may see twice: the others change things, and both clusters may share a database."""

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HostSplit:
    """The configured weights of a host and the scope of its runtime keys."""

    weights: Weights
    scope: str

    @classmethod
    def of(cls, split: Split, host: str) -> "HostSplit":
        """Return what `split` says of `host`."""
        return cls(split.for_host(host), host if host in split.by_host else DEFAULT_SCOPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the routes of a host are served. `is_tls` is of the listener."""

    split: HostSplit
    arrangement: Arrangement
    is_tls: bool


def build_entries(route: Route, manner: Manner) -> Iterator[Fields]:
    """Yield the entries of `route`, in order."""
    path = build_path(route.match)
    arrangement, split = manner.arrangement, manner.split
    if arrangement.preview is not None and arrangement.preview.header:
        header = arrangement.preview.header.lower()
        for cluster in (Cluster.GREEN, Cluster.BLUE):
            asked = {"name": header, "string_match": {"exact": cluster.value}}
            yield build_preview_entry({**path, "headers": [asked]}, route, cluster)
    if route.bound_to is not None:
        yield {"match": path, "route": _to_cluster(route, route.bound_to)}
        return
    for cluster in (Cluster.GREEN, Cluster.BLUE):
        if split.weights.only is not cluster:
            forced = {**path, "runtime_fraction": _forced_by(split.scope, route, cluster)}
            yield from _mirrored(forced, route, cluster, arrangement.mirror)
    if split.weights.only is not None:
        yield from _mirrored(path, route, split.weights.only, arrangement.mirror)
    else:
        yield from _weighted_entries(route, manner)


def build_preview_entry(match: Fields, route: Route, cluster: Cluster) -> Fields:
    """Return the entry that shows `route` in `cluster` only, and says so where it cannot."""
    backend = route.backend(cluster)
    if backend is not None and backend.is_ready:
        action = _to_cluster(route, cluster)
        return {"match": match, "route": action, "stat_prefix": name_count(backend.name)}
    body = (
        f"{cluster} has no ready endpoint for this route, and a preview shows no other cluster.\n"
    )
    return build_answer(match, body)


def build_answer(match: Fields, body: str, status: int = 503) -> Fields:
    """Return the entry by which the gateway answers itself."""
    return {
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": body}},
    }


def _mirrored(
    match: Fields, route: Route, cluster: Cluster, mirror: Mirror | None
) -> Iterator[Fields]:
    """Yield the entry to `cluster`, and before it the one whose requests are copied."""
    action = _to_cluster(route, cluster)
    if mirror is not None and cluster is not mirror.target and mirror.share_bp:
        backend = route.backend(mirror.target)
        if backend is not None and backend.is_ready:
            conditions = [
                {
                    "name": ":method",
                    "string_match": {"safe_regex": {"regex": MIRRORED_METHODS}},
                },
                {"name": "upgrade", "present_match": True, "invert_match": True},
            ]
            policy = {
                "cluster": backend.name,
                "runtime_fraction": {
                    "default_value": {"numerator": mirror.share_bp, "denominator": "TEN_THOUSAND"}
                },
                "disable_shadow_host_suffix_append": True,
            }
            yield {
                "match": {**match, "headers": conditions},
                "route": {**action, "request_mirror_policies": [policy]},
            }
    yield {"match": match, "route": action}


def build_path(match: Match) -> Fields:
    """Return what the path of a request must be."""
    if match.kind is PathKind.EXACT:
        return {"path": match.path}
    if match.path == "/":
        return {"prefix": "/"}
    return {"path_separated_prefix": match.path}


def _forced_by(scope: str, route: Route, cluster: Cluster) -> Fields:
    return {
        "default_value": {"numerator": 0, "denominator": "HUNDRED"},
        "runtime_key": runtime_key(scope, read_tag(_backend_name(route, cluster))),
    }


def _to_cluster(route: Route, cluster: Cluster) -> Fields:
    return {**_action(route), "cluster": _backend_name(route, cluster)}


def _backend_name(route: Route, cluster: Cluster) -> str:
    backend = route.backend(cluster)
    return "" if backend is None else backend.name


def _action(route: Route) -> Fields:
    # No timeout is Envoy's 0; its default would cut every request after 15 s.
    action: Fields = {
        "timeout": _duration(route.settings.timeout_s or 0),
        "priority": PRIORITY_OF_USERS,
    }
    if route.settings.retries != RETRIES_DEFAULT:
        action["retry_policy"] = build_retry_policy(route.settings.retries)
    return action


def _duration(seconds: float) -> Fields:
    whole = int(seconds)
    return {"seconds": whole, "nanos": round((seconds - whole) * 1_000) * 1_000_000}


@cache
def build_retry_policy(retries: int) -> Any:
    """Return a policy to retry only what no backend has begun: safe for every method."""
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


def _weighted_entries(route: Route, manner: Manner) -> Iterator[Fields]:
    path, weights = build_path(route.match), manner.split.weights
    affinity = manner.arrangement.affinity or route.settings.affinity
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
                others["response_headers_to_add"] = [_issue_cookie(affinity, is_tls=manner.is_tls)]
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


def _issue_cookie(affinity: Affinity, *, is_tls: bool) -> Fields:
    """Issue the string that this request was placed by, so that the first answer already counts."""
    secure = "; Secure" if is_tls else ""
    value = (
        f"{affinity.name}=%REQ(X-REQUEST-ID)%; Path=/; Max-Age={affinity.ttl_s}; "
        f"HttpOnly; SameSite=Lax{secure}"
    )
    return {
        "header": {"key": "set-cookie", "value": value},
        "append_action": "APPEND_IF_EXISTS_OR_ADD",
    }
