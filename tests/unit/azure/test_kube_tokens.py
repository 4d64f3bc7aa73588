"""Tokens for API servers of clusters that use Entra."""

from datetime import UTC, datetime

import pytest

from bascule.azure.clouds import AKS_SERVER_AUDIENCE, find_cloud
from bascule.azure.credentials import Token
from bascule.azure.kube_tokens import find_server_id, kube_tokens

END = datetime(2026, 1, 1, tzinfo=UTC)


class Recorder:
    def __init__(self) -> None:
        self.scopes: list[str] = []

    async def get_token(
        self,
        scope: str,
        *,
        claims: str = "",  # noqa: ARG002 - the port's own
        is_refused: bool = False,  # noqa: ARG002 - the port's own
    ) -> Token:
        self.scopes.append(scope)
        return Token(value="t", expires=END)


async def test_tokens_are_for_the_aks_server_of_the_cloud_or_another_audience() -> None:
    credential, cloud = Recorder(), find_cloud("AzureChinaCloud")

    token = await kube_tokens(credential, cloud)()
    await kube_tokens(credential, cloud, server_id="own")()

    assert token == ("t", END)
    assert credential.scopes == [f"{AKS_SERVER_AUDIENCE}/.default", "own/.default"]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["get-token", "--server-id", "a1"], "a1"),
        (["get-token", "--server-id=a1", "--login", "msi"], "a1"),
        (["get-token", "--server-id"], ""),
        (["get-token"], ""),
    ],
)
def test_the_audience_is_found_among_the_arguments_of_kubelogin(
    args: list[str], found: str
) -> None:
    assert find_server_id(args) == found
