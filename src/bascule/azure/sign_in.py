"""What to do when Entra, az or a machine's identity endpoint gives no token."""

import re
from collections.abc import Mapping

from bascule.azure.credentials import CredentialKind
from bascule.redact import redact

MESSAGE_MAX = 600
_CODE = re.compile(r"AADSTS\d+")
_TRACE = re.compile(r"\s*Trace ID: \S+ Correlation ID: \S+ Timestamp: \S+( \S+Z)?")
_CONTENT = re.compile(r"\s+Content: \{.*", re.DOTALL)
"""The raw answer, which says the same again."""


def tell_failure(text: str) -> str:
    """Return what was said on one line, without secrets, at most MESSAGE_MAX characters."""
    said = _TRACE.sub("", _CONTENT.sub("", text))
    return redact(" ".join(said.split())[:MESSAGE_MAX])


def remedy_for(said: str, kind: CredentialKind) -> str:
    """Return what to do about a failed sign-in."""
    found = _CODE.search(said)
    known = _REMEDY_BY_CODE.get(found[0], "") if found else ""
    return known or _REMEDY_BY_KIND[kind]


_FEDERATED = (
    "give the identity a federated credential with this cluster's OIDC issuer and the subject "
    "system:serviceaccount:NAMESPACE:NAME; one made a moment ago takes a minute"
)

_REMEDY_BY_CODE: Mapping[str, str] = {
    "AADSTS7000215": "AZURE_CLIENT_SECRET is not this application's secret (give its value, "
    "not its id)",
    "AADSTS7000222": "the secret has expired; make a new one",
    "AADSTS700016": "AZURE_CLIENT_ID is not known in AZURE_TENANT_ID; check both, and the cloud",
    "AADSTS700027": "the certificate is not registered with this application, or has expired",
    "AADSTS90002": "AZURE_TENANT_ID is not known in this cloud; check both",
    "AADSTS900023": "AZURE_TENANT_ID is neither a tenant's id nor a domain",
    "AADSTS70021": _FEDERATED,
    "AADSTS700211": _FEDERATED,
    "AADSTS700212": _FEDERATED,
    "AADSTS700213": _FEDERATED,
    "AADSTS700024": "the token in AZURE_FEDERATED_TOKEN_FILE has expired; see who renews it",
    "AADSTS50076": "az asks for a second factor: run `az login` again",
    "AADSTS53003": "a conditional access policy forbids it; sign in from an allowed place",
    "AADSTS500011": "the cloud's audience is not known in this tenant; check the cloud",
}

_REMEDY_BY_KIND: Mapping[CredentialKind, str] = {
    CredentialKind.AUTO: "choose a credential",
    CredentialKind.SECRET: "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    CredentialKind.CERTIFICATE: "check AZURE_CLIENT_CERTIFICATE_PATH and its registration",
    CredentialKind.WORKLOAD_IDENTITY: _FEDERATED,
    CredentialKind.MANAGED_IDENTITY: (
        "give this machine or pod an identity (AZURE_CLIENT_ID names one of several), "
        "or choose another credential"
    ),
    CredentialKind.AZ: "run `az login` (and `az account set`), or set the AZURE_* variables of "
    "another credential",
}
