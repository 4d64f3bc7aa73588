"""Tokens for the API servers of AKS clusters that use Entra, without kubelogin."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bascule.azure.clouds import AKS_SERVER_AUDIENCE, CLOUDS, Cloud, find_cloud
from bascule.azure.credentials import Credential, find_settings, open_credential
from bascule.azure.trust import find_trust

FetchToken = Callable[[], Awaitable[tuple[str, datetime]]]
"""Returns a bearer token and when it ends, as `kube.connection.TokenSource` takes it."""

_CLOUD_BY_ENVIRONMENT = {
    "azurechinacloud": "AzureChinaCloud",
    "azureusgovernmentcloud": "AzureUSGovernment",
}
_LOGINS_OF_PEOPLE = frozenset({"", "devicecode", "interactive", "ropc"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubelogin:
    """What a kubeconfig tells kubelogin, the login plugin of AKS."""

    server_id: str = AKS_SERVER_AUDIENCE
    tenant_id: str = ""
    environment: str = ""
    login: str = ""

    @property
    def is_for_people(self) -> bool:
        """Whether somebody has to be there to sign in, as in kubeconfigs fresh from Azure."""
        return self.login in _LOGINS_OF_PEOPLE


def read_kubelogin(command: str, args: Sequence[str]) -> Kubelogin | None:
    """Return what a login plugin of a kubeconfig is told; None when it is not kubelogin."""
    if Path(command).stem != "kubelogin":
        return None
    flags = _flags(args)
    return Kubelogin(
        server_id=flags.get("server-id") or AKS_SERVER_AUDIENCE,
        tenant_id=flags.get("tenant-id", "") or flags.get("t", ""),
        environment=flags.get("environment", "") or flags.get("e", ""),
        login=flags.get("login", "") or flags.get("l", ""),
    )


def kube_tokens(credential: Credential, cloud: Cloud, *, server_id: str = "") -> FetchToken:
    """Return the source of tokens for clusters of `cloud`; `server_id` names another audience."""
    scope = f"{server_id or cloud.aks_server_audience}/.default"

    async def fetch() -> tuple[str, datetime]:
        token = await credential.get_token(scope)
        return token.value, token.expires

    return fetch


def tokens_on_demand(kubelogin: Kubelogin, environ: Mapping[str, str]) -> FetchToken:
    """Return a source that signs in, as the environment says, whenever a token is fetched.

    AZURE_AUTHORITY_HOST takes the place of the cloud that the kubeconfig names.
    """

    async def fetch() -> tuple[str, datetime]:
        cloud = find_sign_in(kubelogin, environ)
        settings = find_settings({"AZURE_TENANT_ID": kubelogin.tenant_id, **environ})
        async with open_credential(settings, cloud, trust=find_trust(environ)) as credential:
            return await kube_tokens(credential, cloud, server_id=kubelogin.server_id)()

    return fetch


def find_sign_in(kubelogin: Kubelogin, environ: Mapping[str, str]) -> Cloud:
    """Return the cloud in which to sign in for a cluster."""
    name = _CLOUD_BY_ENVIRONMENT.get(kubelogin.environment.lower(), "AzureCloud")
    cloud = find_cloud(name)
    login = environ.get("AZURE_AUTHORITY_HOST", "").rstrip("/") or cloud.login
    login = login if "://" in login else f"https://{login}"
    return replace(cloud, login=login, is_custom=login not in {each.login for each in CLOUDS})


def _flags(args: Sequence[str]) -> dict[str, str]:
    """Return the options among arguments: `--name value`, `--name=value` and `-n value`."""
    found: dict[str, str] = {}
    for at, arg in enumerate(args):
        name, has_value, value = arg.partition("=")
        if arg.startswith("-"):
            found[name.lstrip("-")] = value if has_value else next(iter(args[at + 1 :]), "")
    return found
