"""The routing table from the snapshots of both clusters: the whole of it, in one go."""

from collections.abc import Iterable, Mapping

from bascule.ids import Cluster
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.certificates import EMPTY_STORE, Certificate, CertificateStore
from bascule.routing.incremental import Builder
from bascule.routing.model import CertificateRef, RouteSet
from bascule.routing.options import BuildOptions
from bascule.routing.validate import validate_routes

__all__ = ["BuildOptions", "build_routes", "collect_certificates"]


def build_routes(
    snapshots: Mapping[Cluster, ClusterSnapshot],
    *,
    options: BuildOptions,
    previous: RouteSet | None = None,
) -> RouteSet:
    """Return the table that `snapshots` ask for; equal snapshots give equal bytes.

    `previous` lends a host its last good certificate when the present one is missing or broken, and
    a cluster that is not complete its last known part. A cluster that is left out takes no part.
    What is wrong with an object is a Problem; InvariantError would be our own mistake.
    """
    routes = Builder(options, previous).build(snapshots)
    validate_routes(routes)
    return routes


def collect_certificates(
    routes: RouteSet,
    snapshots: Iterable[ClusterSnapshot],
    *,
    previous: CertificateStore = EMPTY_STORE,
) -> CertificateStore:
    """Return the certificates that `routes` refer to, from Secrets or from `previous`.

    One that neither holds is left out, and its host's TLS is refused by the gateway.
    """
    refs = {c.digest: c for host in routes.hosts if (c := host.certificate) is not None}
    if refs.keys() == previous.by_digest.keys():
        return previous
    sources = tuple(snapshots)
    found = {}
    for digest, ref in sorted(refs.items()):
        certificate = previous.by_digest.get(digest) or _find_certificate(ref, sources)
        if certificate is not None:
            found[digest] = certificate
    return CertificateStore(found)


def _find_certificate(
    ref: CertificateRef, snapshots: Iterable[ClusterSnapshot]
) -> Certificate | None:
    for snapshot in snapshots:
        secret = snapshot.secret(ref.namespace, ref.secret)
        if secret is None or secret.pair is None:
            continue
        certificate = Certificate(secret.pair.chain_pem, secret.pair.key_pem)
        if certificate.digest == ref.digest:
            return certificate
    return None
