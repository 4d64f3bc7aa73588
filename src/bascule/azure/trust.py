"""Whose certificates are trusted: a bundle that was named, else the system's."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bascule.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """`ca_file` None means the system's authorities."""

    ca_file: Path | None = None


SYSTEM_TRUST = Trust()


def find_trust(environ: Mapping[str, str], *, ca_file: Path | None = None) -> Trust:
    """Return the named bundle, else that of SSL_CERT_FILE, else of REQUESTS_CA_BUNDLE."""
    named = environ.get("SSL_CERT_FILE") or environ.get("REQUESTS_CA_BUNDLE")
    return Trust(ca_file=ca_file or (Path(named) if named else None))


def build_ssl_context(trust: Trust) -> ssl.SSLContext:
    """Return a context that verifies servers by `trust`; raises SpecError for a bad bundle."""
    try:
        return ssl.create_default_context(cafile=trust.ca_file)
    except OSError as error:
        raise SpecError(
            f"the bundle of certificates {trust.ca_file} cannot be used: {error}",
            remedy="name a file of PEM certificates by SSL_CERT_FILE or REQUESTS_CA_BUNDLE",
        ) from error
