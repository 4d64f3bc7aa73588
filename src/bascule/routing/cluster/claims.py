"""What one Ingress asks for, host by host, without a look at any other object."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bascule.ids import Cluster
from bascule.manifest.objects import (
    Fault,
    Ingress,
    IngressBackend,
    IngressPath,
    IngressTls,
    PathType,
)
from bascule.routing.cluster.settings import IngressSettings, read_settings
from bascule.routing.model import IngressRef, Match, PathKind

ANY_HOST = "*"
CATCH_ALL = Match("/", PathKind.PREFIX)

_NEVER_STORED = "~"
"""Sorts an Ingress without a creation time after all that have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostClaim:
    """What one Ingress asks for one host. `routes` are in the order in which they were written."""

    routes: tuple[tuple[Match, IngressBackend], ...]
    default: IngressBackend | None
    is_tls: bool
    secrets: tuple[str, ...]
    """Names of the Secrets for the host, in the order in which they were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressClaims:
    """All that one Ingress asks for. `age` sorts the oldest first, then by namespace and name."""

    ref: IngressRef
    age: tuple[str, str, str]
    hosts: Mapping[str, HostClaim]
    gateway_default: IngressBackend | None
    """Its default backend if it has no rules: for what no host and path of the cluster matches."""
    settings: IngressSettings
    extensions: Mapping[str, str]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def read_claims(
    ingress: Ingress,
    cluster: Cluster,
    extensions: Mapping[str, str] | None = None,
    *,
    told_elsewhere: str | None = None,
) -> IngressClaims:
    """Return what `ingress` asks for; `extensions` None are its annotations as they are.

    Its default backend serves what its own hosts leave open; without rules it serves the whole
    gateway. A TLS entry without hosts is for all of the Ingress's hosts.
    """
    settings, warnings = read_settings(ingress.meta.annotations, told_elsewhere=told_elsewhere)
    meta = ingress.meta
    return IngressClaims(
        ref=IngressRef(cluster, meta.namespace, meta.name),
        age=(meta.created or _NEVER_STORED, meta.namespace, meta.name),
        hosts=_read_hosts(ingress),
        gateway_default=None if ingress.rules else ingress.default_backend,
        settings=settings,
        extensions=meta.annotations if extensions is None else extensions,
        faults=ingress.faults,
        warnings=warnings,
    )


def _read_hosts(ingress: Ingress) -> dict[str, HostClaim]:
    routes: dict[str, list[tuple[Match, IngressBackend]]] = {}
    for rule in ingress.rules:
        found = ((read_match(path), path.backend) for path in rule.paths)
        routes.setdefault(rule.host, []).extend(found)
    if not routes and not ingress.rules and ingress.default_backend is not None:
        named = (host for entry in ingress.tls for host in entry.hosts)
        routes = {host: [] for host in (ANY_HOST, *named)}
    return {
        host: HostClaim(
            routes=tuple(found),
            default=ingress.default_backend,
            is_tls=any(_covers(entry, host) for entry in ingress.tls),
            secrets=tuple(_secrets(ingress.tls, host)),
        )
        for host, found in routes.items()
    }


def read_match(path: IngressPath) -> Match:
    """Return the match of a path: a Prefix loses its trailing slash, `/*` at the end means Prefix.

    ImplementationSpecific is read as Prefix.
    """
    if path.path_type is PathType.EXACT:
        return Match(path.path, PathKind.EXACT)
    text = path.path
    if path.path_type is PathType.IMPLEMENTATION_SPECIFIC and text.endswith("/*"):
        text = text[:-1]
    return Match(text.rstrip("/") or "/", PathKind.PREFIX)


def covers_host(pattern: str, host: str) -> bool:
    """Return whether a host name of a TLS entry is for `host`; `*.` stands for one label."""
    if pattern in (host, ANY_HOST):
        return True
    return pattern.startswith("*.") and host.partition(".")[2] == pattern[2:]


def _covers(entry: IngressTls, host: str) -> bool:
    return not entry.hosts or any(covers_host(pattern, host) for pattern in entry.hosts)


def _secrets(entries: tuple[IngressTls, ...], host: str) -> Iterator[str]:
    """Yield each Secret once: those that name the host itself before those with a wildcard."""
    exact = [e.secret for e in entries if host in e.hosts]
    others = [e.secret for e in entries if host not in e.hosts and _covers(e, host)]
    yield from dict.fromkeys(secret for secret in (*exact, *others) if secret)
