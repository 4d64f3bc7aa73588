import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from bascule.errors import SpecError
from bascule.kube.connection import ClientCertificate, Connection
from bascule.kube.tls import build_ssl_context
from tests.support.pki import Authority

AUTHORITY = Authority()
LEAF = AUTHORITY.issue("client")


def connection(*, ca_pem: bytes | None = AUTHORITY.pem, is_verified: bool = True) -> Connection:
    return Connection(name="c", server="https://api", ca_pem=ca_pem, is_verified=is_verified)


def encrypted_key() -> bytes:
    key = serialization.load_pem_private_key(LEAF.key_pem, password=None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )


def test_only_the_named_authority_is_trusted() -> None:
    context = build_ssl_context(connection(), None)

    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_without_an_authority_the_system_s_are_trusted() -> None:
    context = build_ssl_context(connection(ca_pem=None), None)

    assert context.verify_mode is ssl.CERT_REQUIRED


def test_nothing_is_verified_only_where_the_kubeconfig_says_so() -> None:
    context = build_ssl_context(connection(ca_pem=None, is_verified=False), None)

    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_a_client_certificate_is_accepted() -> None:
    pair = ClientCertificate(chain_pem=LEAF.chain_pem, key_pem=LEAF.key_pem)

    context = build_ssl_context(connection(), pair)

    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("ca_pem", [b"not a certificate", "über".encode()])
def test_an_authority_that_is_no_pem_is_refused(ca_pem: bytes) -> None:
    with pytest.raises(SpecError, match="not PEM"):
        build_ssl_context(connection(ca_pem=ca_pem), None)


@pytest.mark.parametrize(
    "key_pem",
    [
        pytest.param(b"no key", id="no-key"),
        pytest.param(AUTHORITY.issue("other").key_pem, id="of-another-certificate"),
        pytest.param(encrypted_key(), id="encrypted"),
    ],
)
def test_a_key_that_does_not_fit_is_refused(key_pem: bytes) -> None:
    pair = ClientCertificate(chain_pem=LEAF.chain_pem, key_pem=key_pem)

    with pytest.raises(SpecError, match="client certificate of context 'c' cannot be used"):
        build_ssl_context(connection(), pair)
