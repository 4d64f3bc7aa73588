"""Tokens for API servers of clusters that use Entra."""

from datetime import UTC, datetime

import pytest

from bascule.azure.clouds import AKS_SERVER_AUDIENCE, find_cloud
from bascule.azure.credentials import Token
from bascule.azure.kube_tokens import Kubelogin, find_sign_in, kube_tokens, read_kubelogin

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


def test_what_azure_writes_into_a_kubeconfig_is_read() -> None:
    args = ["get-token", "--environment", "AzureChinaCloud", "--server-id", "a1"]
    args += ["--client-id", "c", "--tenant-id", "t", "--login", "devicecode"]

    assert read_kubelogin("kubelogin", args) == Kubelogin(
        server_id="a1", tenant_id="t", environment="AzureChinaCloud", login="devicecode"
    )


def test_other_ways_to_write_options_are_read() -> None:
    args = ["get-token", "--server-id=a1", "-t", "t", "-l=azurecli", "-e", "E", "--server-id"]

    assert read_kubelogin("/opt/kubelogin.exe", args[:-1]) == Kubelogin(
        server_id="a1", tenant_id="t", environment="E", login="azurecli"
    )
    assert read_kubelogin("kubelogin", args) == Kubelogin(
        server_id=AKS_SERVER_AUDIENCE, tenant_id="t", environment="E", login="azurecli"
    )


def test_another_plugin_is_not_kubelogin() -> None:
    assert read_kubelogin("aws", ["eks", "get-token"]) is None


@pytest.mark.parametrize(
    ("login", "is_for_people"),
    [("", True), ("devicecode", True), ("azurecli", False), ("workloadidentity", False)],
)
def test_who_is_to_sign_in(login: str, is_for_people: bool) -> None:  # noqa: FBT001 - a cell
    assert Kubelogin(login=login).is_for_people is is_for_people


@pytest.mark.parametrize(
    ("environment", "environ", "login", "is_custom"),
    [
        ("", {}, "https://login.microsoftonline.com", False),
        ("AzurePublicCloud", {}, "https://login.microsoftonline.com", False),
        ("AzureChinaCloud", {}, "https://login.chinacloudapi.cn", False),
        ("AzureUSGovernmentCloud", {}, "https://login.microsoftonline.us", False),
        (
            "AzurePublicCloud",
            {"AZURE_AUTHORITY_HOST": "login.chinacloudapi.cn"},
            "https://login.chinacloudapi.cn",
            False,
        ),
        (
            "AzurePublicCloud",
            {"AZURE_AUTHORITY_HOST": "https://localhost:8443/"},
            "https://localhost:8443",
            True,
        ),
    ],
)
def test_where_to_sign_in(
    environment: str,
    environ: dict[str, str],
    login: str,
    is_custom: bool,  # noqa: FBT001 - a cell
) -> None:
    cloud = find_sign_in(Kubelogin(environment=environment), environ)

    assert (cloud.login, cloud.is_custom) == (login, is_custom)
