"""Certificates of a gateway: what is sent and never shown again.

The stored document keeps `data` and `password`; answers of ARM show `publicCertData` instead, and a
certificate that comes back without data keeps what it had.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7, pkcs12

from bascule.lab.arm.network.gateways.children import children
from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.resources import Document

_SECRET = ("data", "password")
_COLLECTION = "sslCertificates"


def keep_secrets(document: Document, previous: Document | None) -> None:
    """Give each certificate its data: what was sent, or what it had before.

    Raises ArmRefusal when a certificate has none, cannot be read, or the password is wrong.
    """
    had = _certificates(previous) if previous is not None else {}
    for child in children(document):
        if child.collection != _COLLECTION:
            continue
        properties = child.properties
        before = had.get(child.id.lower(), {})
        if properties.get("data"):
            properties["publicCertData"] = _public_part(child.id, properties)
        elif properties.get("keyVaultSecretId"):
            properties.pop("publicCertData", None)
        elif before:
            properties.update({n: before[n] for n in (*_SECRET, "publicCertData") if n in before})
        else:
            raise ArmRefusal(
                400,
                "ApplicationGatewaySslCertificateDataMustBeSpecified",
                f"Data must be specified for certificate {child.id}.",
            )


def without_secrets(document: Document) -> Document:
    """Take what is never shown out of a copy of a document, and return it."""
    for child in children(document):
        if child.collection == _COLLECTION:
            for name in _SECRET:
                child.properties.pop(name, None)
    return document


def _certificates(document: Document) -> Mapping[str, Document]:
    return {
        child.id.lower(): child.properties
        for child in children(document)
        if child.collection == _COLLECTION
    }


def _public_part(certificate_id: str, properties: Mapping[str, Any]) -> str:
    try:
        data = base64.b64decode(str(properties["data"]), validate=True)
    except binascii.Error:
        raise _unreadable(certificate_id) from None
    password = str(properties.get("password", "")).encode()
    try:
        _key, certificate, more = pkcs12.load_key_and_certificates(data, password)
    except ValueError as error:
        if "password" in str(error).lower():
            raise ArmRefusal(
                400,
                "ApplicationGatewaySslCertificatePasswordIncorrect",
                f"Password specified for certificate {certificate_id} is incorrect.",
            ) from None
        raise _unreadable(certificate_id) from None
    if certificate is None:
        raise _unreadable(certificate_id)
    shown = pkcs7.serialize_certificates([certificate, *more], Encoding.DER)
    return base64.b64encode(shown).decode()


def _unreadable(certificate_id: str) -> ArmRefusal:
    return ArmRefusal(
        400,
        "ApplicationGatewaySslCertificateInvalidData",
        f"Data for certificate {certificate_id} is invalid.",
    )
