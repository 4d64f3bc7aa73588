"""Certificates made on the spot: an authority, and leaves that it signs."""

import base64
import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from bascule.routing.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate chain and its key, PEM."""

    chain_pem: bytes
    key_pem: bytes

    @property
    def secret_data(self) -> dict[str, str]:
        """The `data` of a Secret of type kubernetes.io/tls."""
        return {
            "tls.crt": base64.b64encode(self.chain_pem).decode(),
            "tls.key": base64.b64encode(self.key_pem).decode(),
        }


class Authority:
    """A certificate authority of its own."""

    def __init__(self, name: str = "test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._certificate = (
            _builder(self._name, self._name, self._key.public_key(), valid_days=30)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def trusting(self) -> ssl.SSLContext:
        """What a client trusts that knows this authority."""
        context = ssl.create_default_context()
        context.load_verify_locations(cadata=self.pem.decode())
        return context

    def issue(self, *names: str, common_name: str = "leaf", valid_days: int = 30) -> Pair:
        """Return a leaf for `names` (DNS names or IP addresses); negative days: expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name(common_name), self._name, key.public_key(), valid_days=valid_days)
            .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Pair(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def certify(self, *names: str) -> Certificate:
        """Return a leaf as the gateway keeps it; see `issue`."""
        pair = self.issue(*names)
        return Certificate(pair.chain_pem, pair.key_pem)


def certify_by_ed25519(name: str) -> Certificate:
    """Return a certificate that signs itself with a key that not everybody takes."""
    key = ed25519.Ed25519PrivateKey.generate()
    named = _name(name)
    certificate = _builder(named, named, key.public_key(), valid_days=30).sign(key, None)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Certificate(certificate.public_bytes(serialization.Encoding.PEM), private)


def _alternatives(names: Iterable[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey,
    *,
    valid_days: int,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - certificates hold the machine's time
    start = now - dt.timedelta(days=60)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(now + dt.timedelta(days=valid_days))
    )
