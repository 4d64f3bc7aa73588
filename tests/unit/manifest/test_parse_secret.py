import base64
from datetime import UTC

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bascule.manifest.objects import TlsSecret
from bascule.manifest.parse import parse_object
from tests.support.pki import Authority, Pair
from tests.support.raw_objects import Raw, raw_secret


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Authority().issue("Shop.example.com", "*.example.com", "10.0.0.1")


def _parse(raw: Raw) -> TlsSecret:
    found = parse_object(raw)
    assert isinstance(found, TlsSecret)
    return found


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_pair_is_read_with_its_names_and_expiry(pair: Pair) -> None:
    found = _parse(raw_secret(data=pair.secret_data)).pair

    assert found is not None
    assert (found.chain_pem, found.key_pem) == (pair.chain_pem, pair.key_pem)
    assert found.names == ("*.example.com", "shop.example.com")
    assert found.not_after.tzinfo is UTC
    assert found.not_before < found.not_after


def test_a_manifest_may_hold_the_pair_as_text(pair: Pair) -> None:
    raw = raw_secret(data={})
    raw["type"] = "Opaque"
    raw["stringData"] = {"tls.crt": pair.chain_pem.decode(), "tls.key": pair.key_pem.decode()}

    assert _parse(raw).pair is not None


def test_other_secrets_are_not_read() -> None:
    raw = raw_secret(data={"password": "aHVudGVy"})
    raw["type"] = "Opaque"

    assert parse_object(raw) is None


def test_a_certificate_without_names_has_none() -> None:
    authority = Authority()
    key_pem = authority._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    found = _parse(raw_secret(data=Pair(authority.pem, key_pem).secret_data)).pair

    assert found is not None
    assert found.names == ()


def test_a_key_of_another_certificate_is_refused(pair: Pair) -> None:
    other = Authority().issue("shop.example.com")
    data = {**pair.secret_data, "tls.key": other.secret_data["tls.key"]}

    found = _parse(raw_secret(data=data))

    assert found.pair is None
    assert [fault.code for fault in found.faults] == ["KeyMismatch"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tls.crt": ""}, "SecretIncomplete"),
        ({"tls.key": None}, "SecretIncomplete"),
        ({"tls.crt": "%%%"}, "SecretInvalid"),
        ({"tls.crt": 5}, "SecretInvalid"),
        ({"tls.crt": _b64(b"no certificate")}, "CertificateInvalid"),
        ({"tls.key": _b64(b"no key")}, "KeyInvalid"),
    ],
    ids=["empty", "null", "base64", "number", "chain", "key"],
)
def test_a_broken_secret_says_why(pair: Pair, change: Raw, code: str) -> None:
    found = _parse(raw_secret(data={**pair.secret_data, **change}))

    assert found.pair is None
    assert [fault.code for fault in found.faults] == [code]


def test_no_fault_shows_the_key(pair: Pair) -> None:
    broken = pair.key_pem.replace(b"A", b"!")
    data = {**pair.secret_data, "tls.key": _b64(broken)}

    found = _parse(raw_secret(data=data))

    assert found.faults
    assert broken.decode()[40:80] not in repr(found)
