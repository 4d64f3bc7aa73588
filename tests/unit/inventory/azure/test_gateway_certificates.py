import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from bascule.checks.appgw.facts import GatewayCertificate
from bascule.inventory.azure.gateway_certificates import read_certificates
from tests.support.pki import Authority


def gateway(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return a gateway with these certificates, each with what ARM shows of it."""
    listener = {"sslCertificate": {"id": "/x/sslCertificates/Handed"}}
    return {
        "properties": {
            "sslCertificates": [{"name": n, "properties": p} for n, p in properties.items()],
            "httpListeners": [
                {"name": "https", "properties": listener},
                {"name": "http", "properties": {}},
            ],
        }
    }


def shown(*chain: x509.Certificate) -> str:
    return base64.b64encode(pkcs7.serialize_certificates(list(chain), Encoding.DER)).decode()


def test_a_certificate_that_was_handed_over_shows_when_it_ends_and_who_uses_it() -> None:
    root = x509.load_pem_x509_certificate(Authority().pem)

    (found,) = read_certificates(gateway(handed={"publicCertData": shown(root)}), lambda _: False)

    assert found.not_after == root.not_valid_after_utc
    assert (found.name, found.listeners, found.is_ours) == ("handed", ("https",), False)


def test_of_one_in_a_key_vault_only_its_place_is_known() -> None:
    place = "https://v1.vault.azure.net/secrets/wild"

    (found,) = read_certificates(
        gateway(wild={"keyVaultSecretId": place}), lambda name: name == "wild"
    )

    assert found == GatewayCertificate(name="wild", secret_id=place, is_ours=True)


def test_of_a_chain_the_first_end_counts() -> None:
    authority = Authority()
    root = x509.load_pem_x509_certificate(authority.pem)
    leaf = x509.load_pem_x509_certificate(authority.issue("shop.test", valid_days=5).chain_pem)

    (found,) = read_certificates(gateway(own={"publicCertData": shown(root, leaf)}), bool)

    assert found.not_after == leaf.not_valid_after_utc


NO_CERTIFICATES = "MA8GCSqGSIb3DQEHAaACBAA="
"""A sound PKCS #7 of another kind than the one that holds certificates."""


@pytest.mark.parametrize("text", ["", "!", "AAAA", NO_CERTIFICATES])
def test_what_cannot_be_read_is_not_known(text: str) -> None:
    (found,) = read_certificates(gateway(odd={"publicCertData": text}), lambda _: False)

    assert found.not_after is None


def test_a_gateway_without_certificates_has_none() -> None:
    assert read_certificates({}, lambda _: False) == ()
