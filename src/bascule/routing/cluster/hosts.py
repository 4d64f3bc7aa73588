"""One host of one cluster, from the claims of all its Ingresses.

Where two Ingresses claim the same match the older one has it, then the first by namespace and
name; the other one is told so by a Problem, and keeps the rest of its routes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bascule.manifest.objects import Fault, IngressBackend
from bascule.routing.cluster.backends import BackendKey, ResolvedBackend
from bascule.routing.cluster.claims import CATCH_ALL, HostClaim, IngressClaims
from bascule.routing.cluster.settings import IngressSettings
from bascule.routing.model import (
    Backend,
    CertificateRef,
    IngressRef,
    Match,
    PathKind,
    Problem,
    RouteSettings,
    Severity,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRoute:
    """One match of one host in one cluster."""

    match: Match
    backend: Backend
    settings: RouteSettings
    extensions: tuple[tuple[str, str], ...]
    source: IngressRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterHost:
    """A host as one cluster wants it. `certificate` None and `is_tls`: none can be used."""

    name: str
    routes: tuple[ClusterRoute, ...]
    is_tls: bool = False
    certificate: CertificateRef | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayDefault:
    """The default backend of a cluster's gateway: the oldest of its Ingresses without rules."""

    item: IngressClaims
    backend: Backend

    def route(self, *, is_tls: bool) -> ClusterRoute:
        """Return the route that it is in a host with or without TLS."""
        return make_route(self.item, CATCH_ALL, self.backend, is_tls=is_tls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """The answer to the question for a Secret: a certificate, or why there is none."""

    certificate: CertificateRef | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """How a host finds what its claims name, in its own cluster."""

    backend: Callable[[BackendKey], ResolvedBackend]
    certificate: Callable[[str, str], Certified]
    """By namespace and name of a Secret."""


def match_order(match: Match) -> tuple[int, bool, str]:
    """Sort key of routes: longest path first, Exact before Prefix, then by path."""
    return (-len(match.path), match.kind is PathKind.PREFIX, match.path)


def assemble_host(name: str, claims: Iterable[IngressClaims], lookups: Lookups) -> ClusterHost:
    """Return the host `name` from every Ingress that claims it, in any order."""
    ordered = sorted(claims, key=lambda item: item.age)
    assembly = _Assembly(name, lookups)
    is_tls = any(item.hosts[name].is_tls for item in ordered)
    for item in ordered:
        assembly.add_routes(item, item.hosts[name], is_tls=is_tls)
    for item in ordered:
        assembly.add_default(item, item.hosts[name].default, is_tls=is_tls)
    certificate = assembly.choose_certificate(ordered) if is_tls else None
    routes = sorted(assembly.routes.values(), key=lambda route: match_order(route.match))
    return ClusterHost(
        name=name,
        routes=tuple(routes),
        is_tls=is_tls,
        certificate=certificate,
        problems=tuple(sorted(set(assembly.problems))),
    )


class _Assembly:
    """A host while its claims are added, the oldest first."""

    def __init__(self, name: str, lookups: Lookups) -> None:
        self.routes: dict[Match, ClusterRoute] = {}
        self.problems: list[Problem] = []
        self._name = name
        self._lookups = lookups
        self._default: ClusterRoute | None = None

    def add_routes(self, item: IngressClaims, claim: HostClaim, *, is_tls: bool) -> None:
        self._check_redirect(item, is_tls=is_tls)
        for match, wanted in claim.routes:
            holder = self.routes.get(match)
            if holder is None:
                self.routes[match] = self._route(item, match, wanted, is_tls=is_tls)
            else:
                self._report(item.ref, self._conflict(match, holder, item.ref))

    def add_default(
        self, item: IngressClaims, wanted: IngressBackend | None, *, is_tls: bool
    ) -> None:
        """Let the oldest default backend answer what no route of the host matches."""
        if wanted is None:
            return
        if CATCH_ALL not in self.routes:
            self.routes[CATCH_ALL] = self._default = self._route(
                item, CATCH_ALL, wanted, is_tls=is_tls
            )
        elif self._default and self._default.backend != self._backend(item, wanted).backend:
            source = self._default.source
            message = f"host {self._name} has that of the older {source.namespace}/{source.name}"
            self._report(item.ref, Fault("DefaultBackendConflict", message))

    def choose_certificate(self, ordered: Sequence[IngressClaims]) -> CertificateRef | None:
        """Return the first usable certificate of the oldest Ingress that names one."""
        chosen: CertificateRef | None = None
        for item in ordered:
            claim = item.hosts[self._name]
            if claim.is_tls and not claim.secrets:
                self._report(item.ref, Fault("TlsSecretUnset", f"host {self._name}: no secretName"))
            for secret in claim.secrets:
                found = self._lookups.certificate(item.ref.namespace, secret)
                self.problems += found.problems
                if found.certificate is None:
                    message = f"host {self._name}: Secret {secret} has no usable certificate"
                    self._report(item.ref, Fault("CertificateMissing", message))
                chosen = chosen or found.certificate
        return chosen

    def _route(
        self, item: IngressClaims, match: Match, wanted: IngressBackend, *, is_tls: bool
    ) -> ClusterRoute:
        found = self._backend(item, wanted)
        self.problems += found.problems
        if found.fault is not None:
            where = f"{self._name}{match.path}"
            self._report(item.ref, Fault(found.fault.code, f"{where}: {found.fault.message}"))
        return make_route(item, match, found.backend, is_tls=is_tls)

    def _backend(self, item: IngressClaims, wanted: IngressBackend) -> ResolvedBackend:
        return self._lookups.backend(BackendKey(item.ref.namespace, wanted))

    def _check_redirect(self, item: IngressClaims, *, is_tls: bool) -> None:
        if item.settings.ssl_redirect and not is_tls:
            message = f"host {self._name} redirects to HTTPS and has no TLS in this cluster"
            self._report(item.ref, Fault("RedirectWithoutTls", message), Severity.WARNING)

    def _conflict(self, match: Match, holder: ClusterRoute, loser: IngressRef) -> Fault:
        where = f"{match.kind} {self._name}{match.path}"
        if holder.source == loser:
            return Fault("RouteConflict", f"{where} is written twice; the first one counts")
        winner = f"{holder.source.namespace}/{holder.source.name}"
        return Fault("RouteConflict", f"{where} belongs to the older Ingress {winner}")

    def _report(self, ref: IngressRef, fault: Fault, severity: Severity = Severity.ERROR) -> None:
        self.problems.append(ingress_problem(ref, fault, severity))


def make_route(
    item: IngressClaims, match: Match, backend: Backend, *, is_tls: bool
) -> ClusterRoute:
    """Return a route of the Ingress `item`."""
    settings: IngressSettings = item.settings
    return ClusterRoute(
        match=match,
        backend=backend,
        settings=settings.of_route(is_tls=is_tls),
        extensions=tuple(item.extensions.items()),
        source=item.ref,
    )


def ingress_problem(ref: IngressRef, fault: Fault, severity: Severity = Severity.ERROR) -> Problem:
    """Return the Problem that says `fault` of an Ingress."""
    return Problem(
        cluster=ref.cluster,
        kind="Ingress",
        namespace=ref.namespace,
        name=ref.name,
        code=fault.code,
        message=fault.message,
        severity=severity,
    )
