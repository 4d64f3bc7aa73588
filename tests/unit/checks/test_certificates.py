from datetime import timedelta

from bascule.checks.certificates import check_certificates
from bascule.checks.findings import Severity
from bascule.checks.inventory import HostScope, Inventory
from bascule.manifest.objects import ManifestObject, TlsSecret
from tests.support.inventories import NOW, facts, inventory, tls_secret
from tests.support.raw_objects import parsed, raw_ingress, raw_service, raw_slice, shop


def secure(*secrets: TlsSecret, host: str = "shop.example.com") -> list[ManifestObject]:
    ingress = raw_ingress(host=host, tls_secret="shop-tls")
    return [*parsed(ingress, raw_service(), raw_slice()), *secrets]


def found_in(green: list[ManifestObject], *, scope: HostScope | None = None) -> Inventory:
    return inventory(blue=secure(tls_secret()), green=green, scope=scope)


def test_a_good_certificate_in_green_is_fine() -> None:
    assert check_certificates(found_in(secure(tls_secret()))) == ()


def test_a_host_without_tls_needs_none() -> None:
    assert check_certificates(inventory()) == ()


def test_a_host_that_green_does_not_have_is_missed_by_another_check() -> None:
    assert check_certificates(found_in([])) == ()


def test_a_host_that_stays_on_blue_needs_none_in_green() -> None:
    scope = HostScope(exclude=("shop.example.com",))

    assert check_certificates(found_in(shop(), scope=scope)) == ()


def test_green_without_tls_would_end_https_with_the_switch() -> None:
    (found,) = check_certificates(found_in(shop()))

    assert (found.severity, found.code) == (Severity.BLOCKER, "TlsMissing")


def test_a_secret_that_is_missing_in_green_is_a_warning() -> None:
    (found,) = check_certificates(found_in(secure()))

    assert (found.severity, found.code) == (Severity.WARNING, "CertificateMissing")
    assert "(shop/shop-tls)" in found.message


def test_an_expired_certificate_is_a_blocker() -> None:
    expired = tls_secret(not_after=NOW - timedelta(days=1))

    (found,) = check_certificates(found_in(secure(expired)))

    assert (found.severity, found.code) == (Severity.BLOCKER, "CertificateNotValid")


def test_a_certificate_that_is_not_valid_yet_is_a_blocker() -> None:
    early = tls_secret(not_before=NOW + timedelta(days=1))

    (found,) = check_certificates(found_in(secure(early)))

    assert found.code == "CertificateNotValid"


def test_a_certificate_that_ends_soon_is_a_warning() -> None:
    ending = tls_secret(not_after=NOW + timedelta(days=3))

    (found,) = check_certificates(found_in(secure(ending)))

    assert (found.severity, found.code) == (Severity.WARNING, "CertificateEnding")


def test_a_certificate_for_other_names_is_a_blocker() -> None:
    (found,) = check_certificates(found_in(secure(tls_secret(names=("other.example.com",)))))

    assert (found.severity, found.code) == (Severity.BLOCKER, "CertificateForOtherNames")
    assert "is for other.example.com" in found.message


def test_a_wildcard_certificate_covers_the_host() -> None:
    assert check_certificates(found_in(secure(tls_secret(names=("*.example.com",))))) == ()


def test_nothing_is_said_of_a_cluster_that_is_not_known() -> None:
    away = inventory(blue=secure(tls_secret()), green=facts(reason="away"))

    assert check_certificates(away) == ()


def test_the_default_backend_of_a_cluster_claims_no_host() -> None:
    plain = raw_ingress("everything")
    plain["spec"] = {
        "ingressClassName": "bascule",
        "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
    }
    default = parsed(plain)

    found = inventory(blue=[*secure(tls_secret()), *default], green=[*shop(), *default])

    assert [finding.code for finding in check_certificates(found)] == ["TlsMissing"]
