"""A certificate authority of the lab's own, and the certificate of the shop's host."""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = dt.timedelta(days=397)
BACKDATED = dt.timedelta(hours=1)
CA_FILE = "shop-ca.crt"
CERTIFICATE_FILE = "shop.crt"
KEY_FILE = "shop.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCertificate:
    """PEM of a host's certificate, of its key, and of the authority that signed it."""

    certificate: bytes
    key: bytes
    authority: bytes


def load_certificate(
    directory: Path, hosts: tuple[str, ...], *, now: dt.datetime
) -> HostCertificate:
    """Return the shop's certificate in this directory; one that is missing is made and kept.

    Writes shop-ca.crt (for clients that verify), shop.crt and shop.key (0600).
    """
    paths = [directory / name for name in (CERTIFICATE_FILE, KEY_FILE, CA_FILE)]
    if all(path.exists() for path in paths):
        certificate, key, authority = (path.read_bytes() for path in paths)
        return HostCertificate(certificate=certificate, key=key, authority=authority)
    made = issue_certificate(hosts, now=now)
    for path, content in zip(paths, (made.certificate, made.key, made.authority), strict=True):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    return made


def issue_certificate(hosts: tuple[str, ...], *, now: dt.datetime) -> HostCertificate:
    """Make an authority and a certificate for these hosts; the authority's key is forgotten."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Bascule lab shop CA")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(hosts[0]), authority_name, key.public_key(), now)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    return HostCertificate(
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        authority=authority.public_bytes(serialization.Encoding.PEM),
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + VALID_FOR)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
