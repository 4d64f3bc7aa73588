"""A certificate and its key as the one form that an Application Gateway takes: PKCS #12.

Triple DES and SHA-1, because the service answers AES-256 with "password is incorrect"
(MicrosoftDocs/azure-docs #54393). The file travels inside TLS with its password beside it, so that
neither protects anything. Salts are random: bytes are equal within a process only, and nothing
compares them across processes, because names of our certificates hold the digest of the pair.
"""

import base64
import secrets
from dataclasses import dataclass, field
from functools import lru_cache

from bascule.errors import DriverError
from bascule.routing.certificates import Certificate

KEPT_MAX = 100
"""As many certificates as one gateway takes."""
PASSWORD_BYTES = 24
ROUNDS = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Pfx:
    """`data` is the PKCS #12 file in base64. Neither field shows in `repr`."""

    data: str = field(repr=False)
    password: str = field(repr=False)


@lru_cache(maxsize=KEPT_MAX)
def build_pfx(certificate: Certificate) -> Pfx:
    """Return the pair as PKCS #12 under a random password; the same pair gives the same bytes.

    Raises DriverError when the pair cannot be written so; no message holds a part of the key.
    """
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    return Pfx(data=base64.b64encode(_encode(certificate, password)).decode(), password=password)


def _encode(certificate: Certificate, password: str) -> bytes:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import pkcs12

    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 -- all that the service reads; see above
        .build(password.encode())
    )
    try:
        leaf, *issuers = x509.load_pem_x509_certificates(certificate.chain_pem)
        key = serialization.load_pem_private_key(certificate.key_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _refusal("a certificate or its key cannot be read") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise _refusal("a certificate's key is neither RSA nor EC")
    return pkcs12.serialize_key_and_certificates(None, key, leaf, issuers, encryption)


def _refusal(message: str) -> DriverError:
    return DriverError(message, remedy="give the Secret a chain with an RSA or EC key, as PEM")
