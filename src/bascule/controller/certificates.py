"""Finds the certificates that routes name."""

from collections.abc import Iterable, Mapping

from bascule.ids import CertificateDigest, Cluster
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.certificates import Certificate, CertificateStore
from bascule.routing.model import CertificateRef, RouteSet


def find_certificates(
    routes: RouteSet,
    snapshots: Mapping[Cluster, ClusterSnapshot],
    previous: CertificateStore,
) -> CertificateStore:
    """Return the certificates that `routes` name, by digest, and no others.

    Those in `previous` are taken from there: so one whose Secret broke or vanished lives on, and
    nothing is hashed twice. Returns `previous` itself when it is just right.
    """
    refs = {host.certificate.digest: host.certificate for host in routes.hosts if host.certificate}
    if refs.keys() == previous.by_digest.keys():
        return previous
    found: dict[CertificateDigest, Certificate] = {}
    for digest, ref in sorted(refs.items()):
        certificate = previous.by_digest.get(digest) or _find(ref, snapshots.values())
        if certificate is not None:
            found[digest] = certificate
    return CertificateStore(found)


def _find(ref: CertificateRef, snapshots: Iterable[ClusterSnapshot]) -> Certificate | None:
    for snapshot in snapshots:
        secret = snapshot.secret(ref.namespace, ref.secret)
        if secret is not None and secret.pair is not None:
            certificate = Certificate(secret.pair.chain_pem, secret.pair.key_pem)
            if certificate.digest == ref.digest:
                return certificate
    return None
