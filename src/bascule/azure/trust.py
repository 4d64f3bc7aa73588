"""Whose certificates are trusted: a bundle that was named, else the system's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """`ca_file` None means the system's authorities."""

    ca_file: Path | None = None


SYSTEM_TRUST = Trust()


def find_trust(environ: Mapping[str, str], *, ca_file: Path | None = None) -> Trust:
    """Return the named bundle, else that of SSL_CERT_FILE, else of REQUESTS_CA_BUNDLE."""
    named = environ.get("SSL_CERT_FILE") or environ.get("REQUESTS_CA_BUNDLE")
    return Trust(ca_file=ca_file or (Path(named) if named else None))
