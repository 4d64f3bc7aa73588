"""The routing table from the snapshots of both clusters: the whole of it, in one go."""

from collections.abc import Iterable, Mapping

from bascule.ids import Cluster
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.certificates import EMPTY_STORE, Certificate, CertificateStore
from bascule.routing.incremental import Builder
from bascule.routing.model import RouteSet
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
    found: dict[str, Certificate] = {}
    refs = {host.certificate for host in routes.hosts if host.certificate is not None}
    sources = tuple(snapshots)
    for ref in refs:
        known = previous.by_digest.get(ref.digest)
        pairs = (_pair(snapshot, ref.namespace, ref.secret) for snapshot in sources)
        candidates = (known, *pairs)
        match = next((c for c in candidates if c is not None and c.digest == ref.digest), None)
        if match is not None:
            found[ref.digest] = match
    return CertificateStore({ref.digest: found[ref.digest] for ref in refs if ref.digest in found})


def _pair(snapshot: ClusterSnapshot, namespace: str, name: str) -> Certificate | None:
    secret = snapshot.secret(namespace, name)
    if secret is None or secret.pair is None:
        return None
    return Certificate(secret.pair.chain_pem, secret.pair.key_pem)
