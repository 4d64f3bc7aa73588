"""Which rule of which Ingress in which cluster answers a URL, and why no other one does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from bascule.errors import UsageError
from bascule.ids import Cluster
from bascule.routing.affinity import AffinityKind
from bascule.routing.arrangement import Preview
from bascule.routing.cluster.claims import ANY_HOST
from bascule.routing.model import Host, IngressRef, Match, PathKind, Route, RouteSet
from bascule.routing.preview import TARGET
from bascule.routing.weights import Split, Weights, render_percent

LOSERS_MAX = 20
"""How many rules that do not answer are named, the nearest first."""


class Answer(StrEnum):
    """What becomes of a request."""

    SERVED = "served"
    REDIRECTED = "redirected"
    """To the same address with https."""
    DOWN = "down"
    """A rule matches and no cluster has an endpoint for it."""
    REFUSED = "refused"
    """The host has no usable certificate, or none for this listener."""
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one cluster gets of such requests, and who answers them there."""

    cluster: Cluster
    weight_bp: int
    backend: str
    endpoints: tuple[str, ...]
    ingress: str
    """Namespace and name of the Ingress that the rule comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loser:
    """A rule that does not answer, and why not."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer to "who answers this?"; `shares` are empty when nobody does."""

    url: str
    answer: Answer
    host: str = ""
    """The host of the table that matched: maybe a wildcard, `*`, or empty for none."""
    rule: str = ""
    shares: tuple[Share, ...] = ()
    reasons: tuple[str, ...] = ()
    losers: tuple[Loser, ...] = ()
    problems: tuple[str, ...] = ()
    """What `bascule status` says about the Ingresses and the path in question."""

    @property
    def cluster(self) -> Cluster | None:
        """The only cluster that can answer, or None where the weights decide or none does."""
        taking = [share.cluster for share in self.shares if share.weight_bp]
        return taking[0] if len(taking) == 1 else None


def explain(
    routes: RouteSet,
    url: str,
    headers: Mapping[str, str],
    split: Split,
    *,
    preview: Preview | None = None,
) -> Explanation:
    """Return who answers `url`; a Host header outranks the host of the URL.

    Raises UsageError when `url` is not an absolute http or https URL.
    """
    request = _read_request(url, headers, preview or Preview())
    host, why_host, host_losers = _choose_host(routes, request.host)
    if host is None:
        reason = f"no Ingress names the host {request.host}, and there is no default backend"
        return Explanation(url=url, answer=Answer.NOT_FOUND, reasons=(reason,))
    path = request.path
    matching = [route for route in host.routes if matches_path(route.match, path)]
    winner = matching[0] if matching else None
    losers = (*_lost_routes(host, path, winner), *host_losers)[:LOSERS_MAX]
    found = Explanation(
        url=url,
        answer=Answer.NOT_FOUND,
        host=host.name,
        losers=losers,
        problems=tuple(_related_problems(routes, host, winner)),
    )
    if winner is None:
        reason = f"no path of host {host.name} matches {path}, and there is no default backend"
        return replace(found, reasons=(*why_host, reason))
    served = _serve(host, winner, split.for_host(host.name), request)
    why_path = _why_path(winner.match, path, len(matching))
    return replace(
        found,
        answer=served.answer,
        rule=render_rule(host, winner.match),
        shares=tuple(_shares(winner, served.weights)),
        reasons=(*why_host, why_path, *served.reasons),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a request asks to be shown, past the split; no cluster: nothing."""

    cluster: Cluster | None = None
    host: str = ""
    """The host that is shown under another name."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What is asked: `host` is the one whose rules apply, header names are in lower case."""

    host: str
    path: str
    is_https: bool
    headers: Mapping[str, str]
    asked: _Asked


def _read_request(url: str, headers: Mapping[str, str], preview: Preview) -> _Request:
    parts = _split_url(url)
    lowered = {name.lower(): value for name, value in headers.items()}
    name = _host_name(lowered.get("host") or parts.netloc)
    asked = _read_preview(preview, name, lowered)
    return _Request(
        host=asked.host or name,
        path=parts.path or "/",
        is_https=parts.scheme == "https",
        headers=lowered,
        asked=asked,
    )


def _read_preview(preview: Preview, name: str, headers: Mapping[str, str]) -> _Asked:
    shown = preview.hosts.get(name)
    if shown is not None:
        reason = f"host {name} is a preview of {shown}: it shows {TARGET}, whatever the weights"
        return _Asked(cluster=TARGET, host=shown, reason=reason)
    value = headers.get(preview.header.lower()) if preview.header else None
    for cluster in Cluster:
        if value == cluster.value:
            reason = f"the header {preview.header} asks for {cluster}, whatever the weights"
            return _Asked(cluster=cluster, reason=reason)
    return _Asked()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """What becomes of a request that a rule matches, by which weights, and why."""

    answer: Answer
    weights: Weights
    reasons: tuple[str, ...]


def _serve(host: Host, route: Route, wanted: Weights, request: _Request) -> _Served:
    answer, reason = _judge(host, route, is_https=request.is_https)
    weights = route.effective_weights(wanted)
    why_cluster = tuple(_why_cluster(route, wanted, request.headers))
    cluster = request.asked.cluster
    if cluster is not None:
        weights, why_cluster = Weights.all_to(cluster), (request.asked.reason,)
        if answer in (Answer.SERVED, Answer.DOWN):
            answer, reason = _judge_preview(route, cluster)
    reasons = (reason, *why_cluster) if reason else why_cluster
    return _Served(answer=answer, weights=weights, reasons=reasons)


def _judge_preview(route: Route, cluster: Cluster) -> tuple[Answer, str]:
    backend = route.backend(cluster)
    if backend is not None and backend.is_ready:
        return Answer.SERVED, ""
    return Answer.DOWN, f"{cluster} has no ready endpoint for it; previews show no other cluster"


def matches_path(match: Match, path: str) -> bool:
    """Return whether a request for `path`, without its query, matches; Prefix by path element."""
    if match.kind is PathKind.EXACT:
        return path == match.path
    return match.path in ("/", path) or path.startswith(f"{match.path}/")


def render_rule(host: Host, match: Match) -> str:
    """Return a rule as people read it: `Prefix shop.example.com/cart`."""
    return f"{match.kind} {host.name}{match.path}"


def _split_url(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"{url!r} is not an absolute http or https URL",
            remedy="write it as http://shop.example.com/cart",
        )
    return parts


def _host_name(authority: str) -> str:
    """Return a host in lower case, its port left out."""
    name = authority.rpartition("@")[2].lower()
    return name.partition("]")[0] + "]" if name.startswith("[") else name.partition(":")[0]


def _choose_host(
    routes: RouteSet, name: str
) -> tuple[Host | None, tuple[str, ...], tuple[Loser, ...]]:
    by_name = {host.name: host for host in routes.hosts}
    candidates = [name, f"*.{name.partition('.')[2]}", ANY_HOST]
    found = [by_name[candidate] for candidate in candidates if candidate in by_name]
    if not found:
        return None, (), ()
    chosen, *others = found
    why = {
        name: f"host {name} is named exactly",
        ANY_HOST: f"no host is named {name}, so the rules for any host apply",
    }.get(chosen.name, f"host {name} is one label under {chosen.name[2:]}")
    losers = tuple(
        Loser(
            rule=render_rule(other, other.routes[0].match) if other.routes else other.name,
            reason=f"host {chosen.name} is more specific than {other.name}",
        )
        for other in others
    )
    return chosen, (why,), losers


def _lost_routes(host: Host, path: str, winner: Route | None) -> Iterator[Loser]:
    others = [route for route in host.routes if route is not winner]
    for route in sorted(others, key=lambda route: not matches_path(route.match, path)):
        reason = "its path does not match"
        if winner is not None and matches_path(route.match, path):
            same = len(route.match.path) == len(winner.match.path)
            reason = "Exact comes before Prefix" if same else "its path is shorter"
        yield Loser(rule=render_rule(host, route.match), reason=reason)


def _why_path(match: Match, path: str, candidates: int) -> str:
    how = "equals" if match.kind is PathKind.EXACT else "begins with the elements of"
    rank = f", the longest of {candidates} that match" if candidates > 1 else ""
    return f"{path} {how} {match.kind} {match.path}{rank}"


def _judge(host: Host, route: Route, *, is_https: bool) -> tuple[Answer, str]:
    if host.is_tls and host.certificate is None:
        return Answer.REFUSED, "the host asks for TLS and has no usable certificate"
    if is_https and not host.is_tls:
        return Answer.REFUSED, "the host has no TLS: ask with http"
    if not is_https and route.settings.ssl_redirect:
        return Answer.REDIRECTED, "plain HTTP is redirected to https"
    if route.is_down:
        return Answer.DOWN, "no cluster has a ready endpoint for it"
    return Answer.SERVED, ""


def _why_cluster(route: Route, wanted: Weights, headers: Mapping[str, str]) -> Iterator[str]:
    bound = route.bound_to
    if bound is not None:
        lacks = "does not have the route"
        if route.backend(bound.other) is not None:
            lacks = "has no ready endpoint for it"
        yield f"{bound.other} {lacks}, so {bound} takes all of it, whatever the weights"
        return
    only = wanted.only
    if only is not None:
        yield f"the weights send everything to {only}"
        return
    blue, green = (render_percent(wanted.of(cluster)) for cluster in Cluster)
    yield f"the weights are blue {blue}, green {green}"
    affinity = route.settings.affinity
    if affinity.kind is AffinityKind.NONE:
        yield "each request is drawn anew: there is no affinity"
    elif _carries(affinity.kind, affinity.name, headers):
        yield f"the {affinity.kind} {affinity.name} decides, the same way each time"
    else:
        yield f"the request has no {affinity.kind} {affinity.name}, so the cluster is drawn"


def _carries(kind: AffinityKind, name: str, headers: Mapping[str, str]) -> bool:
    if kind is AffinityKind.HEADER:
        return name.lower() in headers
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return any(key == name for key, _, _ in pairs)


def _shares(route: Route, weights: Weights) -> Iterator[Share]:
    for cluster in Cluster:
        backend = route.backend(cluster)
        if backend is None:
            continue
        yield Share(
            cluster=cluster,
            weight_bp=weights.of(cluster),
            backend=backend.name,
            endpoints=tuple(f"{e.address}:{e.port}" for e in backend.endpoints),
            ingress=_render_source(route.sources, cluster),
        )


def _render_source(sources: tuple[IngressRef, ...], cluster: Cluster) -> str:
    return ", ".join(f"{ref.namespace}/{ref.name}" for ref in sources if ref.cluster is cluster)


def _related_problems(routes: RouteSet, host: Host, winner: Route | None) -> Iterator[str]:
    sources = set(winner.sources) if winner is not None else set()
    where = f"{host.name}{winner.match.path}" if winner is not None else host.name
    for problem in routes.problems:
        ref = IngressRef(problem.cluster, problem.namespace, problem.name)
        is_source = problem.kind == "Ingress" and ref in sources
        if is_source or where in problem.message.replace(":", " ").split():
            owner = f"{problem.kind} {problem.namespace}/{problem.name}"
            yield f"{problem.cluster}: {owner}: {problem.code}: {problem.message}"
