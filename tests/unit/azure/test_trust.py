"""Which bundle of authorities is trusted."""

import ssl
from pathlib import Path

import pytest

from bascule.azure.trust import SYSTEM_TRUST, Trust, build_ssl_context, find_trust
from bascule.errors import SpecError
from tests.support.pki import Authority


@pytest.mark.parametrize(
    ("environ", "named", "found"),
    [
        ({}, None, None),
        ({"REQUESTS_CA_BUNDLE": "/r"}, None, "/r"),
        ({"REQUESTS_CA_BUNDLE": "/r", "SSL_CERT_FILE": "/s"}, None, "/s"),
        ({"REQUESTS_CA_BUNDLE": "/r", "SSL_CERT_FILE": "/s"}, "/n", "/n"),
        ({"SSL_CERT_FILE": ""}, None, None),
    ],
)
def test_the_named_bundle_comes_first(
    environ: dict[str, str], named: str | None, found: str | None
) -> None:
    trust = find_trust(environ, ca_file=Path(named) if named else None)

    assert trust == Trust(ca_file=Path(found) if found else None)


def test_a_bundle_is_all_that_is_trusted(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(Authority().pem)

    context = build_ssl_context(Trust(ca_file=bundle))

    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert build_ssl_context(SYSTEM_TRUST).check_hostname


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_cannot_be_used_is_told(tmp_path: Path, content: str | None) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)

    with pytest.raises(SpecError, match=r"ca\.pem cannot be used") as caught:
        build_ssl_context(Trust(ca_file=bundle))

    assert "SSL_CERT_FILE" in caught.value.remedy
