"""Checks on TLS: once green is active its certificates are the ones that clients see."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.ids import Cluster
from bascule.manifest.objects import CertificatePair, Ingress, Kind, ObjectRef, TlsSecret
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.cluster.claims import ANY_HOST, HostClaim, covers_host, read_claims
from bascule.routing.expiry import WARN_BEFORE
from bascule.routing.model import Host, IngressRef

_Claims: TypeAlias = Mapping[IngressRef, Mapping[str, HostClaim]]


def check_certificates(inventory: Inventory) -> tuple[Finding, ...]:
    """Return what is wrong with green's certificates for the hosts that have TLS in blue."""
    if not inventory.is_known or len(inventory.clusters) < 2:
        return ()
    claims = _read_all_claims(inventory)
    found: list[Finding] = []
    for host in inventory.routes.hosts:
        if inventory.scope.has(host.name):
            found += _check_host(inventory, host, claims)
    return tuple(found)


def _read_all_claims(inventory: Inventory) -> _Claims:
    """Return what each Ingress asks for, read once: one may name thousands of hosts."""
    hosts = inventory.routes.hosts
    refs = {ref for host in hosts for route in host.routes for ref in route.sources}
    items = {
        ref: inventory.clusters[ref.cluster].snapshot.get(
            ObjectRef(Kind.INGRESS, ref.namespace, ref.name)
        )
        for ref in refs
    }
    return {
        ref: read_claims(item, ref.cluster).hosts
        for ref, item in items.items()
        if isinstance(item, Ingress)
    }


def _check_host(inventory: Inventory, host: Host, claims: _Claims) -> Iterator[Finding]:
    blue, green = (list(_claims_of(host, cluster, claims)) for cluster in Cluster)
    if not green or not any(claim.is_tls for _, claim in blue):
        return
    secrets = [(ref.namespace, s) for ref, claim in green for s in claim.secrets]
    snapshot = inventory.clusters[Cluster.GREEN].snapshot
    if not any(claim.is_tls for _, claim in green):
        yield _finding(
            Severity.BLOCKER,
            "TlsMissing",
            host.name,
            what="has TLS in blue and none in green; HTTPS for it would end with the switch",
            remedy="give the Ingress in green the same `tls` entry",
        )
        return
    pairs = [found for where in secrets if (found := _pair(snapshot, where)) is not None]
    if not pairs:
        names = ", ".join(f"{namespace}/{name}" for namespace, name in secrets) or "no Secret"
        yield _finding(
            Severity.WARNING,
            "CertificateMissing",
            host.name,
            what=f"has no usable certificate in green ({names}); blue's last one stays",
            remedy="create the Secret in green, for example by the same issuer",
        )
        return
    yield from _check_pair(host.name, pairs[0], inventory.at)


def _claims_of(
    host: Host, cluster: Cluster, claims: _Claims
) -> Iterator[tuple[IngressRef, HostClaim]]:
    """Yield what each Ingress of `cluster` that has a route of the host asks for, once each."""
    refs = {ref for route in host.routes for ref in route.sources if ref.cluster is cluster}
    found = ((ref, claims.get(ref, {}).get(host.name)) for ref in sorted(refs))
    yield from ((ref, claim) for ref, claim in found if claim is not None)


def _pair(snapshot: ClusterSnapshot, where: tuple[str, str]) -> CertificatePair | None:
    found: TlsSecret | None = snapshot.secret(*where)
    return found.pair if found is not None else None


def _check_pair(host: str, pair: CertificatePair, now: datetime) -> Iterator[Finding]:
    if not pair.not_before <= now < pair.not_after:
        when = f"from {pair.not_before.isoformat()} to {pair.not_after.isoformat()}"
        yield _finding(
            Severity.BLOCKER,
            "CertificateNotValid",
            host,
            what=f"has a certificate in green that is valid {when}, not now",
            remedy="renew it in green",
        )
    elif pair.not_after - now <= WARN_BEFORE:
        yield _finding(
            Severity.WARNING,
            "CertificateEnding",
            host,
            what=f"has a certificate in green that ends at {pair.not_after.isoformat()}",
            remedy="renew it in green before the switch",
        )
    if host != ANY_HOST and not any(covers_host(name, host) for name in pair.names):
        names = ", ".join(pair.names) or "no name"
        yield _finding(
            Severity.BLOCKER,
            "CertificateForOtherNames",
            host,
            what=f"has a certificate in green that is for {names}",
            remedy="create one for this host in green",
        )


def _finding(severity: Severity, code: str, host: str, *, what: str, remedy: str) -> Finding:
    return Finding(
        severity=severity, code=code, subject=host, message=f"{host} {what}", remedy=remedy
    )
