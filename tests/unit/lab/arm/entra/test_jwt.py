import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bascule.lab.arm.entra import jwt
from tests.support.lab_azure import signing_key


def test_a_token_is_verified_with_the_published_key() -> None:
    signer = jwt.Signer(signing_key())

    token = signer.sign({"aud": "me", "n": 1})

    key = jwt.key_of(signer.key_set()["keys"][0])
    assert jwt.verify(token, key) == {"aud": "me", "n": 1}
    assert jwt.read(token)[0]["kid"] == signer.key_id


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_tokens_signed_with_rsa_are_verified(algorithm: str) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    signed = ".".join(jwt.encode(part) for part in (b'{"alg": "%s"}' % algorithm.encode(), b"{}"))
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    wrap = pss if algorithm == "PS256" else padding.PKCS1v15()
    token = f"{signed}.{jwt.encode(key.sign(signed.encode(), wrap, hashes.SHA256()))}"
    numbers = key.public_key().public_numbers()
    published = {
        "kty": "RSA",
        "n": jwt.encode(numbers.n.to_bytes(256, "big")),
        "e": jwt.encode(numbers.e.to_bytes(3, "big")),
    }

    assert jwt.verify(token, jwt.key_of(published)) == {}


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "W10.W10.W10"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(jwt.InvalidJwtError):
        jwt.read(token)


def test_a_changed_token_and_a_key_that_is_none_are_refused() -> None:
    signer = jwt.Signer(signing_key())
    header, _, signature = signer.sign({"aud": "me"}).split(".")
    forged = ".".join((header, jwt.encode(b'{"aud": "you"}'), signature))

    with pytest.raises(jwt.InvalidJwtError, match="signature"):
        jwt.verify(forged, signer.public_key)
    with pytest.raises(jwt.InvalidJwtError, match="no key"):
        jwt.key_of({"kty": "EC", "x": "AA", "y": "AA"})
