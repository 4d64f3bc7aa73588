"""Who to be in Azure: the kinds of credential, and tokens from them."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bascule.azure.clouds import Cloud
from bascule.azure.trust import SYSTEM_TRUST, Trust


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
    """Gives tokens; keeps each until shortly before its end."""

    async def get_token(self, scope: str, *, claims: str = "", is_refused: bool = False) -> Token:
        """Return a token for `scope`; raises ForbiddenError or TransportError.

        `claims` is what a challenge asked for; `is_refused` means the last one was turned down.
        """
        ...


def find_settings(
    environ: Mapping[str, str], *, kind: CredentialKind = CredentialKind.AUTO
) -> CredentialSettings:
    """Return what the AZURE_* variables say; `auto` becomes the kind that they allow.

    Raises SpecError when a kind is asked for whose variables are missing.
    """
    raise NotImplementedError(environ, kind)


def open_credential(
    settings: CredentialSettings, cloud: Cloud, *, trust: Trust = SYSTEM_TRUST
) -> AbstractAsyncContextManager[Credential]:
    """Sign in as `settings` say; nothing is sent before the first token is asked for."""
    raise NotImplementedError(settings, cloud, trust)
