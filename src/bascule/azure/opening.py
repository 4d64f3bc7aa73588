"""Opens Azure for a verb: the cloud, who to be there, and a client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bascule.azure.client import ArmClient
from bascule.azure.clouds import Cloud, resolve_cloud
from bascule.azure.credentials import (
    Credential,
    CredentialKind,
    find_settings,
    open_credential,
)
from bascule.azure.trust import SYSTEM_TRUST, Trust, find_trust
from bascule.clock import Clock
from bascule.errors import UsageError

DEFAULT_CLOUD = "AzureCloud"
SUBSCRIPTION = "AZURE_SUBSCRIPTION_ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Azure:
    """What a verb works with; `kind` is how it signed in."""

    cloud: Cloud
    credential: Credential
    kind: CredentialKind
    client: ArmClient
    trust: Trust = SYSTEM_TRUST


@asynccontextmanager
async def open_azure(
    environ: Mapping[str, str],
    *,
    clock: Clock,
    cloud: str = DEFAULT_CLOUD,
    kind: CredentialKind = CredentialKind.AUTO,
    ca_file: Path | None = None,
) -> AsyncIterator[Azure]:
    """Yield a client for the cloud of this name or URL, signed in as the environment says.

    A cloud known by its URL is asked for its metadata; nothing else is sent before a verb asks.
    """
    trust = find_trust(environ, ca_file=ca_file)
    settings = find_settings(environ, kind=kind)
    found = await resolve_cloud(cloud, trust=trust)
    async with (
        open_credential(settings, found, trust=trust) as credential,
        ArmClient(found, credential, clock=clock, trust=trust) as client,
    ):
        yield Azure(
            cloud=found, credential=credential, kind=settings.kind, client=client, trust=trust
        )


def find_subscription(environ: Mapping[str, str], said: str | None) -> str:
    """Return the subscription that is meant: the one that is said, else the environment's.

    Raises UsageError where there is none.
    """
    found = said or environ.get(SUBSCRIPTION)
    if not found:
        raise UsageError(
            "no subscription is named",
            remedy=f"write `subscription:` into the file, or set {SUBSCRIPTION} "
            "(`az account show --query id` prints it)",
        )
    return found
