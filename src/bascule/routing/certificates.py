"""Certificates with their keys, kept apart so that no table, log or report holds a key."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bascule.ids import CertificateDigest


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate chain and its private key, PEM. Neither shows in `repr`."""

    chain_pem: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)

    @property
    def digest(self) -> CertificateDigest:
        """Name of this pair that reveals nothing of it."""
        joined = len(self.chain_pem).to_bytes(8, "big") + self.chain_pem + self.key_pem
        return CertificateDigest(hashlib.sha256(joined).hexdigest())


@dataclass(frozen=True, slots=True)
class CertificateStore:
    """Certificates by digest: what the driver is handed beside a table."""

    by_digest: Mapping[CertificateDigest, Certificate] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_digest", MappingProxyType(dict(self.by_digest)))


EMPTY_STORE = CertificateStore({})
