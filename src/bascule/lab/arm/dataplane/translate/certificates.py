"""Certificates of a gateway: PFX and CER as ARM takes them, PEM as Envoy does."""

import base64
import binascii
from dataclasses import dataclass

from bascule.lab.arm.dataplane.translate.gateway import Child, Gateway, UnservableError


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A certificate with its chain, and its key; both PEM."""

    chain: str
    key: str = ""


def key_pair(certificate: Child) -> KeyPair:
    """Return what a gateway's certificate holds. Raises UnservableError if it cannot be read."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    if certificate.text("keyVaultSecretId") and not certificate.text("data"):
        raise UnservableError(
            "ApplicationGatewayKeyVaultSecretException",
            f"Problem occured while accessing and validating KeyVault Secrets associated with "
            f"Application Gateway certificate '{certificate.name}': the lab has no Key Vault.",
        )
    try:
        bundle = load_pkcs12(
            base64.b64decode(certificate.text("data")),
            certificate.text("password").encode() or None,
        )
    except (ValueError, binascii.Error) as error:
        raise _invalid(certificate) from error
    if bundle.key is None or bundle.cert is None:
        raise _invalid(certificate)
    chain = [bundle.cert, *bundle.additional_certs]
    return KeyPair(
        chain="".join(each.certificate.public_bytes(Encoding.PEM).decode() for each in chain),
        key=bundle.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def trusted_roots(gateway: Gateway, settings: Child) -> str:
    """Return the roots that settings trust, PEM one after the other; empty if they name none."""
    return "".join(
        _root(certificate)
        for reference in settings.items("trustedRootCertificates")
        if (certificate := gateway.find("trustedRootCertificates", reference)) is not None
    )


def _root(certificate: Child) -> str:
    """Return PEM of DER or PEM, each of which Azure takes as base64."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        data = base64.b64decode(certificate.text("data"))
        is_pem = data.lstrip().startswith(b"-----BEGIN")
        found = (
            x509.load_pem_x509_certificate(data) if is_pem else x509.load_der_x509_certificate(data)
        )
    except (ValueError, binascii.Error) as error:
        raise _invalid(certificate) from error
    return found.public_bytes(Encoding.PEM).decode()


def _invalid(certificate: Child) -> UnservableError:
    return UnservableError(
        "ApplicationGatewaySslCertificateInvalidData",
        f"Data or password for certificate {certificate.name} is invalid.",
    )
