"""Who to be in Azure: the kinds of credential, and tokens from them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bascule.azure.clouds import Cloud
from bascule.azure.extra import needs_azure
from bascule.azure.trust import SYSTEM_TRUST, Trust
from bascule.errors import SpecError


class CredentialKind(StrEnum):
    """How to sign in."""

    AUTO = "auto"
    WORKLOAD_IDENTITY = "workload-identity"
    MANAGED_IDENTITY = "managed-identity"
    SECRET = "secret"  # noqa: S105 - the name of a kind
    CERTIFICATE = "certificate"
    AZ = "az"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSettings:
    """What signing in takes; which fields are needed depends on the kind."""

    kind: CredentialKind
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    certificate_file: Path | None = None
    certificate_password: str = field(default="", repr=False)
    token_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token and when it ends."""

    value: str = field(repr=False)
    expires: datetime


class Credential(Protocol):
    """Gives tokens. Whoever uses one keeps it until it ends."""

    async def get_token(self, scope: str, *, claims: str = "", is_refused: bool = False) -> Token:
        """Return a token for `scope`; raises ForbiddenError or TransportError.

        `claims` is what a challenge asked for; `is_refused` means the last one was turned down.
        """
        ...


def find_settings(
    environ: Mapping[str, str], *, kind: CredentialKind = CredentialKind.AUTO
) -> CredentialSettings:
    """Return what the AZURE_* variables say; `auto` becomes the first kind that they allow.

    The order is that of Microsoft's own tools: secret, certificate, workload identity, managed
    identity where the environment names its endpoint, else az. Nothing is tried out.
    Raises SpecError when variables are missing that the kind takes.
    """
    chosen = _choose(environ) if kind is CredentialKind.AUTO else kind
    missing = [name for name in _NEEDED[chosen] if not environ.get(name)]
    if missing:
        raise SpecError(
            f"signing in by {chosen} takes {', '.join(missing)} in the environment",
            remedy="set them, or choose another credential "
            f"({', '.join(each for each in CredentialKind if each is not chosen)})",
        )
    return CredentialSettings(
        kind=chosen,
        tenant_id=environ.get("AZURE_TENANT_ID", ""),
        client_id=environ.get("AZURE_CLIENT_ID", ""),
        client_secret=environ.get("AZURE_CLIENT_SECRET", ""),
        certificate_file=_path(environ, "AZURE_CLIENT_CERTIFICATE_PATH"),
        certificate_password=environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD", ""),
        token_file=_path(environ, "AZURE_FEDERATED_TOKEN_FILE"),
    )


@asynccontextmanager
async def open_credential(
    settings: CredentialSettings, cloud: Cloud, *, trust: Trust = SYSTEM_TRUST
) -> AsyncIterator[Credential]:
    """Yield who `settings` say; nothing is sent before the first token is asked for."""
    with needs_azure():
        from bascule.azure.identity import Identity
    identity = Identity(settings, cloud, trust=trust)
    try:
        yield identity
    finally:
        await identity.close()


_WHO = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID")
_NEEDED: Mapping[CredentialKind, tuple[str, ...]] = {
    CredentialKind.SECRET: (*_WHO, "AZURE_CLIENT_SECRET"),
    CredentialKind.CERTIFICATE: (*_WHO, "AZURE_CLIENT_CERTIFICATE_PATH"),
    CredentialKind.WORKLOAD_IDENTITY: (*_WHO, "AZURE_FEDERATED_TOKEN_FILE"),
    CredentialKind.MANAGED_IDENTITY: (),
    CredentialKind.AZ: (),
}
"""What each kind takes; the last one tells `auto` that it is meant. In the order of `auto`."""
_MANAGED_BY = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST")


def _choose(environ: Mapping[str, str]) -> CredentialKind:
    for kind, needed in _NEEDED.items():
        if needed and environ.get(needed[-1]):
            return kind
    is_managed = any(environ.get(name) for name in _MANAGED_BY)
    return CredentialKind.MANAGED_IDENTITY if is_managed else CredentialKind.AZ


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None
