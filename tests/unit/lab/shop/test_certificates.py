from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from bascule.lab.shop.certificates import issue_certificate, load_certificate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOSTS = ("shop.example.test", "www.example.test")


def test_a_certificate_is_signed_by_its_authority_for_its_hosts() -> None:
    made = issue_certificate(HOSTS, now=NOW)

    leaf = x509.load_pem_x509_certificate(made.certificate)
    authority = x509.load_pem_x509_certificate(made.authority)
    leaf.verify_directly_issued_by(authority)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(names.get_values_for_type(x509.DNSName)) == HOSTS
    assert leaf.not_valid_before_utc < NOW < leaf.not_valid_after_utc


def test_a_certificate_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    first = load_certificate(tmp_path, HOSTS, now=NOW)

    again = load_certificate(tmp_path, HOSTS, now=NOW)

    assert again == first
    assert (tmp_path / "shop.key").stat().st_mode & 0o777 == 0o600
