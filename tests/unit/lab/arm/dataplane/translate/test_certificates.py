"""Certificates as ARM takes them, as Envoy does."""

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)

from bascule.lab.arm.dataplane.translate.certificates import key_pair, trusted_roots
from bascule.lab.arm.dataplane.translate.gateway import Gateway, UnservableError, child_of
from tests.support.arm_backends import pfx
from tests.support.arm_gateways import gateway, part, ref, settings
from tests.support.pki import Authority


def test_a_pfx_becomes_a_chain_and_a_key() -> None:
    pair = Authority().issue("shop.example.com")

    found = key_pair(child_of(part("cert", data=pfx(pair, "secret"), password="secret")))

    assert found.chain.encode() == pair.chain_pem
    assert found.key.encode() == pair.key_pem


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"data": "bm90aGluZw==", "password": "x"}, "ApplicationGatewaySslCertificateInvalidData"),
        ({"data": "%"}, "ApplicationGatewaySslCertificateInvalidData"),
        ({"keyVaultSecretId": "https://v"}, "ApplicationGatewayKeyVaultSecretException"),
    ],
)
def test_what_cannot_be_read_is_refused(properties: dict[str, Any], code: str) -> None:
    with pytest.raises(UnservableError) as refusal:
        key_pair(child_of(part("cert", **properties)))

    assert refusal.value.code == code


def test_a_pfx_without_its_key_is_refused() -> None:
    certificate = x509.load_pem_x509_certificate(Authority().issue("any").chain_pem)
    bundle = pkcs12.serialize_key_and_certificates(
        None, None, None, [certificate], BestAvailableEncryption(b"x")
    )

    with pytest.raises(UnservableError, match="cert is invalid"):
        key_pair(child_of(part("cert", data=base64.b64encode(bundle).decode(), password="x")))


def test_trusted_roots_may_be_der_or_pem() -> None:
    pem = Authority().pem
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    roots = [
        part("pem", data=base64.b64encode(pem).decode()),
        part("der", data=base64.b64encode(der).decode()),
    ]
    of_both = settings(
        trustedRootCertificates=[ref("trustedRootCertificates", name) for name in ("pem", "der")]
    )

    found = trusted_roots(Gateway(gateway(trustedRootCertificates=roots)), child_of(of_both))

    assert found.encode() == pem + pem


def test_a_root_that_cannot_be_read_is_refused() -> None:
    of_it = settings(trustedRootCertificates=[ref("trustedRootCertificates", "bad")])
    document = gateway(trustedRootCertificates=[part("bad", data="AAAA")])

    with pytest.raises(UnservableError, match="bad is invalid"):
        trusted_roots(Gateway(document), child_of(of_it))
