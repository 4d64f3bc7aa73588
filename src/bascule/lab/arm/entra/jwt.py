"""JSON Web Tokens: signed with a key of ours (ES256), verified with keys of anybody's."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
_NUMBER_BYTES: Final = 32
_HASH: Final = hashes.SHA256()


class InvalidJwtError(Exception):
    """A token is malformed, or not signed by the key."""


class Signer:
    """Signs with one key."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key()
        der = self.public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = encode(hashlib.sha256(der).digest())

    def sign(self, claims: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> str:
        """Return a token that makes these claims; `more` goes into its header."""
        header = {"typ": "JWT", "alg": "ES256", "kid": self.key_id, **(more or {})}
        signed = f"{_encode_json(header)}.{_encode_json(claims)}"
        numbers = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(_HASH)))
        return f"{signed}.{encode(b''.join(n.to_bytes(_NUMBER_BYTES, 'big') for n in numbers))}"

    def key_set(self) -> dict[str, Any]:
        """Return the JSON Web Key Set with which others verify."""
        numbers = self.public_key.public_numbers()
        key = {
            "use": "sig",
            "kty": "EC",
            "crv": "P-256",
            "kid": self.key_id,
            "alg": "ES256",
            "x": encode(numbers.x.to_bytes(_NUMBER_BYTES, "big")),
            "y": encode(numbers.y.to_bytes(_NUMBER_BYTES, "big")),
        }
        return {"keys": [key]}


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims, not verified. Raises InvalidJwtError."""
    try:
        header, claims, _ = token.split(".")
        parsed = json.loads(decode(header)), json.loads(decode(claims))
    except ValueError as error:
        raise InvalidJwtError("this is no JSON Web Token") from error
    if not all(isinstance(each, dict) for each in parsed):
        raise InvalidJwtError("this is no JSON Web Token")
    return parsed


def verify(token: str, key: PublicKey) -> dict[str, Any]:
    """Return the claims of a token signed by `key`, whatever they are. Raises InvalidJwtError."""
    header, claims = read(token)
    signed, _, signature = token.rpartition(".")
    try:
        _check(key, str(header.get("alg", "")), decode(signature), signed.encode())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise InvalidJwtError("the signature is wrong") from error
    return claims


def key_of(jwk: Mapping[str, Any]) -> PublicKey:
    """Return the key that a JSON Web Key describes. Raises InvalidJwtError."""
    try:
        if jwk["kty"] == "RSA":
            return rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
        curve = ec.SECP256R1()
        return ec.EllipticCurvePublicNumbers(
            _number(jwk["x"]), _number(jwk["y"]), curve
        ).public_key()
    except (KeyError, ValueError) as error:
        raise InvalidJwtError("this is no key that can be used") from error


def encode(content: bytes) -> str:
    """Return base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return what such base64 says. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _check(key: PublicKey, algorithm: str, signature: bytes, signed: bytes) -> None:
    if isinstance(key, ec.EllipticCurvePublicKey):
        first, second = signature[:_NUMBER_BYTES], signature[_NUMBER_BYTES:]
        der = encode_dss_signature(int.from_bytes(first, "big"), int.from_bytes(second, "big"))
        key.verify(der, signed, ec.ECDSA(_HASH))
    elif algorithm == "PS256":
        wrap = padding.PSS(padding.MGF1(_HASH), padding.PSS.DIGEST_LENGTH)
        key.verify(signature, signed, wrap, _HASH)
    else:
        key.verify(signature, signed, padding.PKCS1v15(), _HASH)


def _encode_json(content: Mapping[str, Any]) -> str:
    return encode(json.dumps(content, separators=(",", ":")).encode())


def _number(text: str) -> int:
    return int.from_bytes(decode(text), "big")
