"""Parses TLS Secrets: the chain and its key are read, and the key must belong to the leaf.

`cryptography` is imported when the first Secret is parsed; it costs verbs without Secrets nothing.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING

from bascule.manifest.fields import MalformedFieldError, read_map, read_text
from bascule.manifest.objects import CertificatePair, Fault, Metadata, TlsSecret

if TYPE_CHECKING:
    from cryptography import x509

_TLS_TYPE = "kubernetes.io/tls"
_CHAIN, _KEY = "tls.crt", "tls.key"


class _UnusableError(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(code, message)


def parse_secret(raw: Mapping[str, object], meta: Metadata) -> TlsSecret | None:
    """Return the view of a Secret with a certificate; None for any other Secret."""
    try:
        data = read_map(raw, "data")
        plain = read_map(raw, "stringData")
        is_tls = raw.get("type") == _TLS_TYPE
        if not is_tls and _CHAIN not in data and _CHAIN not in plain:
            return None
        chain, key = (_read_pem(data, plain, name) for name in (_CHAIN, _KEY))
        return TlsSecret(meta=meta, pair=_parse_pair(chain, key))
    except MalformedFieldError as error:
        return TlsSecret(meta=meta, faults=(Fault("SecretInvalid", str(error)),))
    except _UnusableError as error:
        return TlsSecret(meta=meta, faults=(error.fault,))


def _read_pem(data: Mapping[str, object], plain: Mapping[str, object], name: str) -> bytes:
    text = read_text(plain, name)
    if text:
        return text.encode()
    try:
        pem = base64.b64decode(read_text(data, name), validate=True)
    except binascii.Error:
        raise _UnusableError("SecretInvalid", f"data[{name}] is not base64") from None
    if not pem:
        raise _UnusableError("SecretIncomplete", f"data[{name}] is missing or empty")
    return pem


def _parse_pair(chain_pem: bytes, key_pem: bytes) -> CertificatePair:
    """Return the pair. Raises _UnusableError; no message ever holds a part of the key."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        leaf = x509.load_pem_x509_certificates(chain_pem)[0]
        leaf_key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise _UnusableError(
            "CertificateInvalid", "tls.crt holds no readable certificate chain"
        ) from None
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _UnusableError(
            "KeyInvalid", "tls.key holds no readable private key without a passphrase"
        ) from None
    if key.public_key() != leaf_key:
        raise _UnusableError("KeyMismatch", "tls.key does not belong to the certificate in tls.crt")
    return CertificatePair(
        chain_pem=chain_pem,
        key_pem=key_pem,
        not_before=leaf.not_valid_before_utc.astimezone(UTC),
        not_after=leaf.not_valid_after_utc.astimezone(UTC),
        names=_dns_names(leaf),
    )


def _dns_names(leaf: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509

    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    names = extension.value.get_values_for_type(x509.DNSName)
    return tuple(sorted({name.lower() for name in names}))
