"""From the document of an application gateway to its certificates: until when, and who uses them.

Azure shows the public part of those that were handed over, and of those in a Key Vault only where.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7

from bascule.azure.document import Document, list_at, text_at
from bascule.checks.appgw.facts import GatewayCertificate


def read_certificates(
    document: Document, is_ours: Callable[[str], bool]
) -> tuple[GatewayCertificate, ...]:
    """Return the gateway's certificates in the order of their names; `is_ours` judges by name."""
    users: dict[str, list[str]] = {}
    for listener in list_at(document, "properties", "httpListeners"):
        used = text_at(listener, "properties", "sslCertificate", "id").rpartition("/")[2].lower()
        users.setdefault(used, []).append(text_at(listener, "name"))
    found = [
        GatewayCertificate(
            name=name,
            secret_id=text_at(each, "properties", "keyVaultSecretId"),
            not_after=_read_end(text_at(each, "properties", "publicCertData")),
            is_ours=is_ours(name),
            listeners=tuple(sorted(users.get(name.lower(), ()))),
        )
        for each in list_at(document, "properties", "sslCertificates")
        for name in (text_at(each, "name"),)
    ]
    return tuple(sorted(found, key=lambda each: each.name))


def _read_end(shown: str) -> datetime | None:
    """Return when the first certificate of the chain ends; None where none is shown."""
    try:
        chain = pkcs7.load_der_pkcs7_certificates(base64.b64decode(shown)) if shown else []
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    return min((each.not_valid_after_utc for each in chain), default=None)
