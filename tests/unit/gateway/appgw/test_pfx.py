import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from bascule.errors import DriverError
from bascule.gateway.appgw.pfx import build_pfx
from bascule.lab.arm.network.gateways.certificates import keep_secrets
from bascule.routing.certificates import Certificate
from tests.support.pki import Authority

TRIPLE_DES = bytes.fromhex("060a2a864886f70d010c0103")
"""The object identifier of pbeWithSHAAnd3-KeyTripleDES-CBC."""


def _certificate(name: str = "shop.example.com") -> Certificate:
    pair = Authority().issue(name)
    return Certificate(pair.chain_pem, pair.key_pem)


def test_a_pair_is_written_with_its_chain_in_the_only_encryption_that_the_service_reads() -> None:
    authority = Authority()
    pair = authority.issue("shop.example.com")
    whole = Certificate(pair.chain_pem + authority.pem, pair.key_pem)

    found = build_pfx(whole)

    body = base64.b64decode(found.data)
    key, leaf, issuers = pkcs12.load_key_and_certificates(body, found.password.encode())
    assert key is not None
    assert leaf is not None
    chain = b"".join(item.public_bytes(Encoding.PEM) for item in (leaf, *issuers))
    assert chain == whole.chain_pem
    assert key.public_key() == leaf.public_key()
    assert TRIPLE_DES in body


def test_the_lab_takes_it_as_a_gateway_does() -> None:
    pfx = build_pfx(_certificate())
    sent = {"data": pfx.data, "password": pfx.password}
    child = {"id": "/gw/sslCertificates/one", "name": "one", "properties": sent}

    keep_secrets({"id": "/gw", "properties": {"sslCertificates": [child]}}, None)

    assert sent["publicCertData"]


def test_the_same_pair_gives_the_same_bytes_and_another_one_others() -> None:
    one = _certificate()
    same = Certificate(one.chain_pem, one.key_pem)

    assert build_pfx(one) == build_pfx(same)
    assert build_pfx(_certificate()).password != build_pfx(one).password


def test_neither_data_nor_password_shows() -> None:
    found = build_pfx(_certificate())

    assert found.data not in repr(found)
    assert found.password not in repr(found)


def test_a_key_that_the_gateway_does_not_take_is_refused_without_a_word_of_it() -> None:
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )

    with pytest.raises(DriverError, match="neither RSA nor EC") as refused:
        build_pfx(Certificate(_certificate().chain_pem, key))

    assert "RSA or EC" in refused.value.remedy


def test_a_pair_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(DriverError, match="cannot be read"):
        build_pfx(Certificate(b"chain", b"key"))
