"""Tokens of service accounts: signed JWTs that name the account, its namespace and an expiry."""

import base64
import binascii
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
_JSON: Final = msgspec.json.Encoder()
_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())
_NUMBER_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The service account that a token speaks for, and the object that it is bound to, if any."""

    namespace: str
    name: str
    uid: str
    bound_object: tuple[str, str, str] | None = None
    """Kind (such as `pod`), name and UID."""


class InvalidTokenError(Exception):
    """A token is malformed, wrongly signed, out of date, or for somebody else."""


class TokenIssuer:
    """Signs and verifies with one key (ES256)."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.issuer = ISSUER
        """What tokens say who they are from."""
        self.key_id = _base64(hashlib.sha256(public).digest())

    def issue(
        self, account: Account, *, audiences: Sequence[str], now: datetime, lifetime_s: int
    ) -> str:
        """Return a token that is valid from `now` for `lifetime_s` seconds."""
        start = int(now.timestamp())
        details: dict[str, Any] = {
            "namespace": account.namespace,
            "serviceaccount": {"name": account.name, "uid": account.uid},
        }
        if account.bound_object is not None:
            kind, name, uid = account.bound_object
            details[kind] = {"name": name, "uid": uid}
        claims = {
            "aud": list(audiences),
            "exp": start + lifetime_s,
            "iat": start,
            "iss": self.issuer,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": details,
            "nbf": start,
            "sub": f"system:serviceaccount:{account.namespace}:{account.name}",
        }
        header = {"alg": "ES256", "kid": self.key_id}
        signed = f"{_base64(_JSON.encode(header))}.{_base64(_JSON.encode(claims))}"
        numbers = decode_dss_signature(self._key.sign(signed.encode(), _ALGORITHM))
        signature = b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers)
        return f"{signed}.{_base64(signature)}"

    def verify(self, token: str, *, audience: str, now: datetime) -> dict[str, Any]:
        """Return the claims of a token; InvalidTokenError if it is not good now for us."""
        signed, _, signature = token.rpartition(".")
        try:
            self._key.public_key().verify(_signature(signature), signed.encode(), _ALGORITHM)
            claims = msgspec.json.decode(_bytes(signed.partition(".")[2]), type=dict[str, Any])
        except (InvalidSignature, binascii.Error, msgspec.MsgspecError, ValueError) as error:
            raise InvalidTokenError("the token is not one of this cluster's") from error
        if not claims["nbf"] - 10 <= now.timestamp() < claims["exp"]:
            raise InvalidTokenError("the token has expired")
        if audience not in claims["aud"]:
            raise InvalidTokenError("the token is for another audience")
        return claims

    def key_set(self) -> dict[str, Any]:
        """Return the JSON Web Key Set at `/openid/v1/jwks`."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "use": "sig",
            "kty": "EC",
            "crv": "P-256",
            "kid": self.key_id,
            "alg": "ES256",
            "x": _base64(numbers.x.to_bytes(_NUMBER_BYTES, "big")),
            "y": _base64(numbers.y.to_bytes(_NUMBER_BYTES, "big")),
        }
        return {"keys": [key]}


def _signature(text: str) -> bytes:
    raw = _bytes(text)
    first, second = raw[:_NUMBER_BYTES], raw[_NUMBER_BYTES:]
    return encode_dss_signature(int.from_bytes(first, "big"), int.from_bytes(second, "big"))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
