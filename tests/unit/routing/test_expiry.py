from datetime import UTC, datetime, timedelta

import pytest

from bascule.ids import CertificateDigest, Cluster
from bascule.routing.expiry import WARN_BEFORE, check_expiry
from bascule.routing.model import CertificateRef, Host, RouteSet

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _routes(not_after: datetime | None, hosts: int = 1) -> RouteSet:
    ref = CertificateRef(
        namespace="shop",
        secret="cert",
        digest=CertificateDigest("d"),
        not_after=not_after,
        cluster=Cluster.GREEN,
    )
    names = (f"{number}.test" for number in range(hosts))
    found = tuple(Host(name=n, routes=(), is_tls=True, certificate=ref) for n in names)
    return RouteSet(listeners=(), hosts=(*found, Host(name="plain.test", routes=())))


@pytest.mark.parametrize(
    ("left", "code", "severity"),
    [
        (timedelta(0), "CertificateExpired", "error"),
        (timedelta(days=-1), "CertificateExpired", "error"),
        (WARN_BEFORE, "CertificateExpiring", "warning"),
    ],
    ids=["now", "over", "soon"],
)
def test_a_certificate_that_ends_is_a_problem_of_its_secret(
    left: timedelta, code: str, severity: str
) -> None:
    (problem,) = check_expiry(_routes(NOW + left), NOW)

    assert (problem.cluster, problem.kind) == (Cluster.GREEN, "Secret")
    assert (problem.code, problem.severity) == (code, severity)
    assert (NOW + left).isoformat() in problem.message


def test_one_that_lasts_or_is_not_known_is_none() -> None:
    assert check_expiry(_routes(NOW + WARN_BEFORE + timedelta(seconds=1)), NOW) == ()
    assert check_expiry(_routes(None), NOW) == ()


def test_many_hosts_with_one_certificate_are_one_problem() -> None:
    assert len(check_expiry(_routes(NOW, hosts=3), NOW)) == 1
