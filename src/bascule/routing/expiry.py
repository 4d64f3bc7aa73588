"""Certificates that have expired or soon will, said once for each Secret.

Not a part of the build, which takes no clock: the same objects make the same table at any time.
"""

from datetime import datetime, timedelta

from bascule.ids import Cluster
from bascule.routing.model import CertificateRef, Problem, RouteSet, Severity

WARN_BEFORE = timedelta(days=14)


def check_expiry(routes: RouteSet, now: datetime) -> tuple[Problem, ...]:
    """Return a Problem for each certificate in use that has expired or will in `WARN_BEFORE`."""
    found = (_check(host.certificate, now) for host in routes.hosts if host.certificate)
    return tuple(sorted({problem for problem in found if problem is not None}))


def _check(ref: CertificateRef, now: datetime) -> Problem | None:
    if ref.not_after is None or ref.not_after - now > WARN_BEFORE:
        return None
    is_over = ref.not_after <= now
    tense = "expired" if is_over else "expires"
    return Problem(
        cluster=ref.cluster or Cluster.BLUE,
        kind="Secret",
        namespace=ref.namespace,
        name=ref.secret,
        code="CertificateExpired" if is_over else "CertificateExpiring",
        message=f"its certificate {tense} at {ref.not_after.isoformat()}",
        severity=Severity.ERROR if is_over else Severity.WARNING,
    )
