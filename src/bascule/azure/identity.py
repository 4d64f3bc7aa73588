"""Signs in through azure-identity; imported only when a token is needed."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypedDict

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from azure.identity.aio import (
    AzureCliCredential,
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from bascule.azure.clouds import Cloud
from bascule.azure.credentials import CredentialKind, CredentialSettings, Token
from bascule.azure.sign_in import remedy_for, tell_failure
from bascule.azure.silence import no_answer
from bascule.azure.trust import Trust
from bascule.errors import ForbiddenError, InvariantError, SpecError

CONNECT_S = 10.0
ANSWER_S = 30.0
AZ_S = 30
RETRIES_MAX = 2
"""Few: who asks for a token asks again."""
RETRY_FACTOR_S = 0.2


class Identity:
    """One identity in one cloud. After a token was refused, all that was kept is dropped."""

    def __init__(self, settings: CredentialSettings, cloud: Cloud, *, trust: Trust) -> None:
        self._settings = settings
        self._cloud = cloud
        self._trust = trust
        self._lock = asyncio.Lock()
        self._signer: AsyncTokenCredential | None = None
        _keep_quiet()

    async def close(self) -> None:
        """Close its connections."""
        if self._signer is not None:
            await self._signer.close()
            self._signer = None

    async def get_token(self, scope: str, *, claims: str = "", is_refused: bool = False) -> Token:
        """Return a token for `scope`; raises ForbiddenError, TransportError or SpecError."""
        async with self._lock:
            if is_refused:
                await self.close()
            if self._signer is None:
                self._signer = self._build()
            try:
                found = await self._signer.get_token(scope, claims=claims or None, enable_cae=True)
            except ClientAuthenticationError as error:
                raise self._refused(error) from error
            except AzureError as error:
                asked = f"signing in by {self._settings.kind} at {self._cloud.login}"
                raise no_answer(error, asked, is_before=True) from error
        return Token(value=found.token, expires=datetime.fromtimestamp(found.expires_on, UTC))

    def _build(self) -> AsyncTokenCredential:
        try:
            return _BUILDERS[self._settings.kind](self._settings, self._options())
        except (ValueError, OSError) as error:
            raise SpecError(
                f"signing in by {self._settings.kind} is not possible: {tell_failure(str(error))}",
                remedy="check the AZURE_* variables and the files that they name",
            ) from error

    def _options(self) -> "_Options":
        ca_file = self._trust.ca_file
        return {
            "authority": self._cloud.login,
            "disable_instance_discovery": self._cloud.is_custom,
            "connection_verify": True if ca_file is None else str(ca_file),
            "connection_timeout": CONNECT_S,
            "read_timeout": ANSWER_S,
            "retry_total": RETRIES_MAX,
            "retry_backoff_factor": RETRY_FACTOR_S,
        }

    def _refused(self, error: ClientAuthenticationError) -> ForbiddenError:
        said = tell_failure(str(error))
        is_unavailable = isinstance(error, CredentialUnavailableError)
        return ForbiddenError(
            f"signing in by {self._settings.kind} at {self._cloud.login}: {said}",
            status=0 if is_unavailable else 401,
            reason=type(error).__name__,
            remedy=remedy_for(said, self._settings.kind),
        )


def _keep_quiet() -> None:
    """Keep the library from printing its complaints: our errors hold what they say."""
    for name in ("azure", "msal"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


class _Options(TypedDict):
    authority: str
    disable_instance_discovery: bool
    connection_verify: bool | str
    connection_timeout: float
    read_timeout: float
    retry_total: int
    retry_backoff_factor: float


def _by_secret(settings: CredentialSettings, options: _Options) -> AsyncTokenCredential:
    return ClientSecretCredential(
        settings.tenant_id, settings.client_id, settings.client_secret, **options
    )


def _by_certificate(settings: CredentialSettings, options: _Options) -> AsyncTokenCredential:
    return CertificateCredential(
        settings.tenant_id,
        settings.client_id,
        str(settings.certificate_file),
        password=settings.certificate_password or None,
        **options,
    )


def _by_workload(settings: CredentialSettings, options: _Options) -> AsyncTokenCredential:
    return WorkloadIdentityCredential(
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        token_file_path=str(settings.token_file),
        **options,
    )


def _by_machine(settings: CredentialSettings, _options: _Options) -> AsyncTokenCredential:
    return ManagedIdentityCredential(client_id=settings.client_id or None)


def _by_az(settings: CredentialSettings, _options: _Options) -> AsyncTokenCredential:
    return AzureCliCredential(tenant_id=settings.tenant_id, process_timeout=AZ_S)


def _by_guess(_settings: CredentialSettings, _options: _Options) -> AsyncTokenCredential:
    raise InvariantError("`auto` becomes a kind of its own in find_settings")


_BUILDERS: Mapping[
    CredentialKind, Callable[[CredentialSettings, _Options], AsyncTokenCredential]
] = {
    CredentialKind.AUTO: _by_guess,
    CredentialKind.SECRET: _by_secret,
    CredentialKind.CERTIFICATE: _by_certificate,
    CredentialKind.WORKLOAD_IDENTITY: _by_workload,
    CredentialKind.MANAGED_IDENTITY: _by_machine,
    CredentialKind.AZ: _by_az,
}
