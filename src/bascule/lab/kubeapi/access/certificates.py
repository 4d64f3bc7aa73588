"""A small certificate authority of the cluster's own, kept in one directory (keys 0600)."""

import ipaddress
import os
import ssl
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bascule.clock import Clock

AUTHORITY_DAYS: Final = 3650
LEAF_DAYS: Final = 365
SERVICE_NAMES: Final = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


class Certificates:
    """The authority and what it has issued; missing files are made, present ones are kept."""

    def __init__(self, directory: Path, *, clock: Clock, address: str) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._clock = clock
        self._key, self._certificate = self._load_authority()
        self._issue_server(address)
        self.token_key = self._load_token_key()

    @property
    def authority_pem(self) -> bytes:
        """Return the certificate that clients must trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def server_context(self) -> ssl.SSLContext:
        """Return the server's TLS settings: client certificates of this authority are accepted."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._directory / "server.crt", self._directory / "server.key")
        context.load_verify_locations(self._directory / "ca.crt")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def issue_client(self, user: str, groups: Sequence[str]) -> tuple[bytes, bytes]:
        """Return a certificate (CN the user, O the groups) and its key, both PEM."""
        names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        names.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._leaf(x509.Name(names), key, ExtendedKeyUsageOID.CLIENT_AUTH)
        return _pem(builder.sign(self._key, hashes.SHA256())), _key_pem(key)

    def sign_request(self, request_pem: bytes) -> bytes:
        """Return the client certificate that a certificate signing request asks for, PEM."""
        request = x509.load_pem_x509_csr(request_pem)
        builder = self._started(request.subject, LEAF_DAYS).public_key(request.public_key())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return _pem(builder.add_extension(usage, critical=False).sign(self._key, hashes.SHA256()))

    def _load_authority(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key_path, certificate_path = self._directory / "ca.key", self._directory / "ca.crt"
        if key_path.exists() and certificate_path.exists():
            key = serialization.load_pem_private_key(key_path.read_bytes(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                return key, x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
        builder = self._started(name, AUTHORITY_DAYS, issuer=name).public_key(key.public_key())
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            builder.add_extension(constraints, critical=True)
            .add_extension(_authority_usage(), critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        write_private(key_path, _key_pem(key))
        write_private(certificate_path, _pem(certificate))
        return key, certificate

    def _issue_server(self, address: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        addresses = {ipaddress.ip_address(text) for text in (address, "127.0.0.1", "::1")}
        names: list[x509.GeneralName] = [x509.DNSName(text) for text in SERVICE_NAMES]
        names.extend(x509.IPAddress(item) for item in sorted(addresses, key=str))
        builder = self._leaf(name, key, ExtendedKeyUsageOID.SERVER_AUTH)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        write_private(self._directory / "server.key", _key_pem(key))
        write_private(
            self._directory / "server.crt", _pem(builder.sign(self._key, hashes.SHA256()))
        )

    def _leaf(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, usage: x509.ObjectIdentifier
    ) -> x509.CertificateBuilder:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            self._started(name, LEAF_DAYS)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(authority, critical=False)
        )

    def _started(
        self, name: x509.Name, days: int, *, issuer: x509.Name | None = None
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer or self._certificate.subject)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=days))
        )

    def _load_token_key(self) -> ec.EllipticCurvePrivateKey:
        path = self._directory / "sa.key"
        if path.exists():
            key = serialization.load_pem_private_key(path.read_bytes(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                return key
        made = ec.generate_private_key(ec.SECP256R1())
        write_private(path, _key_pem(made))
        return made


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, replacing it in one step."""
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)


def _authority_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
