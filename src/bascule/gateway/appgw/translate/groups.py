"""A host's routes by where its requests come in: one frontend, one port, one certificate.

Where Ingresses of one host want different things of a listener that they share, the first by
namespace and name has its way, and the others are told so.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from bascule.gateway.appgw.translate.asked import Asked, find_name, find_root, read_route
from bascule.gateway.appgw.translate.sheet import Site, tell
from bascule.routing.cluster.claims import covers_host
from bascule.routing.model import CertificateRef, Host, IngressRef, Problem, Severity

T = TypeVar("T")

PROBE_HOST = "localhost"
"""The Host of probes where neither listener nor Ingress names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Routes of `host` that come in at one frontend and port, under all of `names`."""

    host: str
    names: tuple[str, ...]
    frontend: str
    port: int
    is_private: bool
    is_tls: bool
    routes: tuple[Asked, ...]
    certificate: CertificateRef | str | None = None
    """Of a Secret, or the name of one that is on the gateway already."""
    ssl_profile: str = ""
    priority: int | None = None
    has_redirect: bool = False
    probe_host: str = PROBE_HOST

    @property
    def claim(self) -> tuple[object, ...]:
        """All that other hosts' listeners depend on."""
        place = (self.frontend, self.port, self.is_private, self.is_tls)
        sources = tuple(asked.route.sources for asked in self.routes)
        return (self.host, self.names, *place, self.priority, self.has_redirect, sources)

    @property
    def waf_policy(self) -> str:
        """The WAF policy of what no path says otherwise: that of the root."""
        root = find_root(self.routes)
        return "" if root is None or root.is_refused else root.options.waf_policy or ""

    def report(self, code: str, message: str, severity: Severity = Severity.ERROR) -> list[Problem]:
        """Return the Problem on every Ingress of the group."""
        found = (tell(asked.route, code, message, severity) for asked in self.routes)
        return sorted({problem for each in found for problem in each})


@dataclass(frozen=True, kw_only=True)
class HostPlan:
    """What a host asks for, before others are looked at."""

    host: Host
    groups: tuple[Group, ...] = ()
    problems: tuple[Problem, ...] = ()

    @cached_property
    def claims(self) -> tuple[tuple[object, ...], ...]:
        """All that other hosts depend on."""
        return tuple(group.claim for group in self.groups)


def plan_host(host: Host, site: Site, *, preview_of: Host | None = None) -> HostPlan:
    """Return the groups of `host`.

    A host that shows another one is planned without that one's further names and priorities, and
    probed under its name.
    """
    asked, problems = _read_routes(host, site)
    if preview_of is not None:
        asked = [_without_identity(each) for each in asked]
        problems = []
    if not _is_allowed(host.name, site):
        problems += _report_all(asked, "HostNotAllowed", _not_allowed(host.name))
        return HostPlan(host=host, problems=_sorted(problems))
    groups: list[Group] = []
    for key, routes in _by_place(host, asked, site).items():
        built, found = _build_groups(host, key, routes, site)
        problems += found
        groups += built
    if preview_of is not None:
        name = _probe_host([preview_of.name])
        groups = [replace(group, probe_host=name) for group in groups]
    elif host.is_tls and host.certificate is None and not groups:
        message = f"host {host.name} has TLS and no certificate: it is not served, plainly neither"
        problems += _report_all(asked, "TlsHostNotServed", message)
    return HostPlan(host=host, groups=tuple(groups), problems=_sorted(problems))


def _read_routes(host: Host, site: Site) -> tuple[list[Asked], list[Problem]]:
    found = [read_route(host, route, site) for route in host.routes]
    asked = [_without_strangers(each, site) for each, _ in found]
    problems = [each for _, faults in found for each in faults]
    for (before, _), after in zip(found, asked, strict=True):
        for name in sorted(set(before.options.aliases) - set(after.options.aliases)):
            problems += tell(before.route, "HostNotAllowed", _not_allowed(name))
    return asked, problems


def _without_strangers(asked: Asked, site: Site) -> Asked:
    """Return a route without the further names that the gateway may not serve."""
    allowed = tuple(name for name in asked.options.aliases if _is_allowed(name, site))
    if allowed == asked.options.aliases:
        return asked
    return replace(asked, options=replace(asked.options, aliases=allowed))


def _without_identity(asked: Asked) -> Asked:
    return replace(asked, options=replace(asked.options, aliases=(), priority=None))


def _is_allowed(name: str, site: Site) -> bool:
    allowed = site.settings.hosts
    return not allowed or any(name == each or covers_host(each, name) for each in allowed)


def _not_allowed(name: str) -> str:
    return f"host {name} is none of those that this gateway may serve; add it to its hosts"


def _report_all(asked: Iterable[Asked], code: str, message: str) -> list[Problem]:
    return [problem for each in asked for problem in tell(each.route, code, message)]


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(problems)))


_Key = tuple[bool, int, bool]
"""Private, port, TLS."""


def _by_place(host: Host, asked: Iterable[Asked], site: Site) -> dict[_Key, list[Asked]]:
    """Return the routes by where they come in, TLS first."""
    found: dict[_Key, list[Asked]] = {}
    has_any = any(_own_certificate(each, site) for each in asked)
    for each in asked:
        is_tls = host.is_tls or _own_certificate(each, site) is not None
        if host.is_tls and host.certificate is None and not has_any:
            continue
        usual_port = site.settings.https_port if is_tls else site.settings.http_port
        port = each.options.frontend_port or usual_port
        is_private = each.options.is_private or _is_private_alone(site)
        found.setdefault((is_private, port, is_tls), []).append(each)
    served = {key: each for key, each in found.items() if any(not r.is_refused for r in each)}
    return dict(sorted(served.items(), key=lambda item: (not item[0][2], item[0])))


def _is_private_alone(site: Site) -> bool:
    """Return whether every listener is private, by choice or for want of a public frontend."""
    return site.settings.use_private_frontend or not site.facts.public_frontend


def _own_certificate(asked: Asked, site: Site) -> str | None:
    """Return the gateway's certificate that a route asks for, as the gateway spells it."""
    wanted = asked.options.certificate
    return find_name(site.facts.certificates, wanted) if wanted else None


def _build_groups(
    host: Host, key: _Key, routes: list[Asked], site: Site
) -> tuple[list[Group], list[Problem]]:
    is_private, port, is_tls = key
    facts = site.facts
    frontend = facts.private_frontend if is_private else facts.public_frontend
    shared, problems = _shared(host, routes, site)
    base = Group(
        host=host.name,
        names=(host.name,),
        frontend=frontend,
        port=port,
        is_private=is_private,
        is_tls=is_tls,
        routes=tuple(routes),
        certificate=(host.certificate or shared.certificate) if is_tls else None,
        ssl_profile=shared.ssl_profile if is_tls else "",
        priority=shared.priority,
        has_redirect=is_tls and any(r.has_redirect for r in routes),
    )
    if not frontend:
        return [], [*problems, *base.report("NoFrontend", "the gateway has no frontend address")]
    return [_named(each) for each in _by_names(base)], problems


@dataclass(frozen=True, slots=True)
class _Shared:
    certificate: str | None
    ssl_profile: str
    priority: int | None


def _shared(host: Host, routes: list[Asked], site: Site) -> tuple[_Shared, list[Problem]]:
    """Return what the routes ask of the listener that they share."""
    problems: list[Problem] = []

    def choose(what: str, read: Callable[[Asked], T | None]) -> T | None:
        wanted = [(each, found) for each in routes if (found := read(each)) is not None]
        if not wanted:
            return None
        _, chosen = min(wanted, key=lambda pair: _source_order(pair[0]))
        for each, found in wanted:
            if found != chosen:
                message = f"host {host.name} has one {what} for all its Ingresses: {chosen}"
                code = "ListenerSettingsDiffer"
                problems.extend(tell(each.route, code, message, Severity.WARNING))
        return chosen

    shared = _Shared(
        certificate=choose("certificate", lambda each: _own_certificate(each, site)),
        ssl_profile=choose(
            "SSL profile",
            lambda each: find_name(site.facts.ssl_profiles, each.options.ssl_profile or ""),
        )
        or "",
        priority=choose("rule priority", lambda each: each.options.priority),
    )
    return shared, problems


def _source_order(asked: Asked) -> tuple[str, str]:
    first: IngressRef | None = min(asked.route.sources, default=None)
    return (first.namespace, first.name) if first else ("", "")


def _by_names(base: Group) -> Iterator[Group]:
    """Yield the routes under the host's name and what all of them add to it, then the rest.

    A further name that only some Ingresses of the host ask for leads to their routes alone.
    """
    wanted = [() if r.is_refused else r.options.aliases for r in base.routes]
    names = dict.fromkeys(name for each in wanted for name in each if name != base.host)
    askers = {
        name: tuple(n for n, each in enumerate(wanted) if name in each or base.routes[n].is_refused)
        for name in names
    }
    all_routes = tuple(range(len(wanted)))
    everywhere = tuple(name for name, found in askers.items() if found == all_routes)
    yield replace(base, names=(base.host, *everywhere))
    partly: dict[tuple[int, ...], list[str]] = {}
    for name, found in askers.items():
        if found != all_routes:
            partly.setdefault(found, []).append(name)
    for found, shared in partly.items():
        routes = tuple(base.routes[n] for n in found)
        yield replace(base, names=tuple(shared), routes=routes, priority=None)


def _named(group: Group) -> Group:
    return replace(group, probe_host=_probe_host(group.names))


def _probe_host(names: Iterable[str]) -> str:
    """Return the first exact name."""
    return next((name for name in names if "*" not in name), PROBE_HOST)
