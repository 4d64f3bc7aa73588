"""What the Ingress of a route asks for, held against what is on the gateway.

What names something that is not there, or cannot be done, is refused: its paths lead to nobody and
never to another backend.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bascule.gateway.appgw.annotations.reading import PREFIX, read_options
from bascule.gateway.appgw.options import DRAINING_S, RouteOptions
from bascule.gateway.appgw.translate.rewrites import is_readable
from bascule.gateway.appgw.translate.sheet import Site, tell
from bascule.routing.affinity import AffinityKind
from bascule.routing.model import Host, PathKind, Problem, Route, Severity

SSL_REDIRECT = f"{PREFIX}ssl-redirect"
REQUEST_TIMEOUT = f"{PREFIX}request-timeout"
RETRIES = "bascule.dev/retries"
DRAINING = f"{PREFIX}connection-draining"
TIMEOUT_MAX_S = 86_400

_PATH = re.compile(r"/[^*?#]*")
"""What the gateway takes as a path, but for the `*` that stands for a Prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A route and what its Ingress asks for. `is_refused`: nobody may answer its requests."""

    host: str
    route: Route
    options: RouteOptions
    is_refused: bool = False

    @property
    def where(self) -> str:
        """Host and path, for people."""
        return f"{self.host}{self.route.match.path}"

    @property
    def has_redirect(self) -> bool:
        """Whether plain HTTP is sent to HTTPS; the gateway's own annotation decides if given."""
        if SSL_REDIRECT in self.route.extensions:
            return self.options.ssl_redirect
        return self.route.settings.ssl_redirect

    @property
    def timeout_s(self) -> int:
        """How long the gateway waits for an answer; its own annotation decides if given."""
        wanted = self.route.settings.timeout_s
        if REQUEST_TIMEOUT in self.route.extensions or wanted is None:
            return self.options.request_timeout_s
        return max(1, min(TIMEOUT_MAX_S, math.ceil(wanted)))

    @property
    def draining_s(self) -> int | None:
        """How long requests to a removed backend may take; only who says so is not drained."""
        return self.options.draining_s if DRAINING in self.route.extensions else DRAINING_S

    @property
    def is_path_known(self) -> bool:
        """Whether the gateway can be told its path."""
        return _PATH.fullmatch(self.route.match.path) is not None


def read_route(host: Host, route: Route, site: Site) -> tuple[Asked, list[Problem]]:
    """Return what is asked of `route`, and what is wrong with it."""
    read = read_options(route.extensions)
    problems: list[Problem] = []
    for fault in read.faults:
        problems += tell(route, fault.code, fault.message)
    for code, message in _impossible(route):
        problems += tell(route, code, f"{host.name}{route.match.path}: {message}", Severity.WARNING)
    refusals = [*_refusals(host, read.options, site)]
    asked = Asked(
        host=host.name,
        route=route,
        options=read.options,
        is_refused=read.is_refused or bool(refusals) or not _PATH.fullmatch(route.match.path),
    )
    if not asked.is_path_known:
        text = f"{asked.where}: the gateway takes no path with *, ? or #; it is left out"
        problems += tell(route, "PathNotServable", text)
    for code, message in refusals:
        text = f"{asked.where}: {message}; its requests are answered by nobody"
        problems += tell(route, code, text)
    return asked, problems


def find_root(routes: Iterable[Asked]) -> Asked | None:
    """Return the route for what no other path matches: Prefix `/`, else Exact `/`."""
    found = [asked for asked in routes if asked.route.match.path == "/"]
    found.sort(key=lambda asked: asked.route.match.kind is PathKind.EXACT)
    return found[0] if found else None


def find_name(names: Iterable[str], wanted: str) -> str | None:
    """Return `wanted` as the gateway spells it, or None; Azure compares names without case."""
    return next((name for name in sorted(names) if name.lower() == wanted.lower()), None)


def _impossible(route: Route) -> Iterator[tuple[str, str]]:
    """Yield what of the neutral settings has no effect here."""
    if RETRIES in route.extensions and route.settings.retries:
        yield "RetriesNotPossible", f"{RETRIES} has no effect: the gateway tries nothing again"
    if route.settings.affinity.kind is AffinityKind.HEADER:
        yield "AffinityNotPossible", "users are kept by a cookie here, never by a header"


def _refusals(host: Host, options: RouteOptions, site: Site) -> Iterator[tuple[str, str]]:
    facts = site.facts
    if options.certificate and host.certificate is None:
        if find_name(facts.certificates, options.certificate) is None:
            yield "CertificateNotOnGateway", _missing("certificate", options.certificate)
    elif options.ssl_redirect and not host.is_tls:
        yield "RedirectWithoutTls", "ssl-redirect is asked for and there is no TLS to redirect to"
    if options.ssl_profile and find_name(facts.ssl_profiles, options.ssl_profile) is None:
        yield "SslProfileNotOnGateway", _missing("SSL profile", options.ssl_profile)
    for root in options.trusted_roots:
        if find_name(facts.trusted_roots, root) is None:
            yield "TrustedRootNotOnGateway", _missing("trusted root certificate", root)
    if (options.is_private or site.settings.use_private_frontend) and not facts.private_frontend:
        yield "NoPrivateFrontend", "the gateway has no private frontend"
    if options.waf_policy and not facts.has_waf:
        yield "NoFirewall", "a WAF policy needs a gateway of the tier WAF_v2"
    yield from _rewrite_refusals(options, site)


def _rewrite_refusals(options: RouteOptions, site: Site) -> Iterator[tuple[str, str]]:
    if options.rewrite_set and find_name(site.facts.rewrite_sets, options.rewrite_set) is None:
        yield "RewriteSetNotOnGateway", _missing("rewrite rule set", options.rewrite_set)
    if not options.rewrite_name:
        return
    what = f"AzureApplicationGatewayRewrite {options.rewrite_name}"
    if options.rewrite_resource is None:
        yield "RewriteNotFound", f"there is no {what}, and it is not served without its rules"
    elif not is_readable(options.rewrite_resource):
        yield "RewriteInvalid", f"{what} has no rules that can be read"


def _missing(what: str, name: str) -> str:
    return f"the gateway has no {what} {name!r}; add it, or correct the annotation"
