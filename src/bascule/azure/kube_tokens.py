"""Tokens for the API servers of AKS clusters that use Entra, without kubelogin."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bascule.azure.clouds import Cloud
from bascule.azure.credentials import Credential

FetchToken = Callable[[], Awaitable[tuple[str, datetime]]]
"""Returns a bearer token and when it ends, as `kube.connection.TokenSource` takes it."""


def kube_tokens(credential: Credential, cloud: Cloud, *, server_id: str = "") -> FetchToken:
    """Return the source of tokens for clusters of `cloud`; `server_id` names another audience."""
    scope = f"{server_id or cloud.aks_server_audience}/.default"

    async def fetch() -> tuple[str, datetime]:
        token = await credential.get_token(scope)
        return token.value, token.expires

    return fetch


def find_server_id(args: Sequence[str]) -> str:
    """Return the `--server-id` among the arguments of kubelogin in a kubeconfig, or nothing."""
    for at, arg in enumerate(args):
        name, _, value = arg.partition("=")
        if name == "--server-id":
            return value or next(iter(args[at + 1 :]), "")
    return ""
