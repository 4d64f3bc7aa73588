"""Where each cloud answers, as its own metadata say."""

import json
from pathlib import Path

import pytest

from bascule.azure.clouds import AKS_SERVER_AUDIENCE, CLOUDS, Cloud, find_cloud, parse_metadata
from bascule.errors import SpecError

URL = "https://localhost:8443"
RECORDED = Path("tests/golden/azure/metadata-of-three-clouds.json")
"""What /metadata/endpoints?api-version=2019-05-01 answered: the parts that say where things are."""


def metadata(**more: object) -> dict[str, object]:
    return {
        "name": "lab",
        "resourceManager": f"{URL}/",
        "authentication": {"loginEndpoint": f"{URL}/", "audiences": [f"{URL}/", "other"]},
        **more,
    }


def parsed(document: object) -> Cloud:
    return parse_metadata(URL, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("name", "resource_manager", "login", "scope"),
    [
        (
            "AzureCloud",
            "https://management.azure.com",
            "https://login.microsoftonline.com",
            "https://management.azure.com/.default",
        ),
        (
            "azurechinacloud",
            "https://management.chinacloudapi.cn",
            "https://login.chinacloudapi.cn",
            "https://management.chinacloudapi.cn/.default",
        ),
        (
            "AzureUSGovernment",
            "https://management.usgovcloudapi.net",
            "https://login.microsoftonline.us",
            "https://management.core.usgovcloudapi.net/.default",
        ),
    ],
)
def test_the_clouds_have_their_endpoints(
    name: str, resource_manager: str, login: str, scope: str
) -> None:
    cloud = find_cloud(name)

    assert (cloud.resource_manager, cloud.login, cloud.scope) == (resource_manager, login, scope)
    assert cloud.aks_server_audience == AKS_SERVER_AUDIENCE
    assert not cloud.is_custom


@pytest.mark.parametrize("known", CLOUDS, ids=lambda cloud: cloud.name)
def test_the_clouds_are_as_azure_itself_described_them(known: Cloud) -> None:
    described = parse_metadata(known.resource_manager, RECORDED.read_bytes())

    assert described.name == known.name
    assert described.resource_manager == known.resource_manager
    assert described.login == known.login
    assert described.suffixes == known.suffixes
    assert not described.is_custom
    audiences = {
        audience.rstrip("/")
        for cloud in json.loads(RECORDED.read_bytes())
        for audience in cloud["authentication"]["audiences"]
        if cloud["name"] == known.name
    }
    assert known.audience in audiences


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SpecError, match="'AzureMoon'") as caught:
        find_cloud("AzureMoon")

    assert "AzureChinaCloud" in caught.value.remedy


def test_metadata_are_read() -> None:
    suffixes = {"storage": "st", "acrLoginServer": "acr", "keyVaultDns": "kv"}

    cloud = parsed(metadata(graph="https://graph/", suffixes=suffixes))

    assert (cloud.name, cloud.resource_manager, cloud.login) == ("lab", URL, URL)
    assert cloud.scope == f"{URL}//.default"
    assert (cloud.graph, cloud.suffixes.registry, cloud.is_custom) == ("https://graph", "acr", True)


def test_the_graph_of_newer_metadata_comes_first() -> None:
    cloud = parsed(metadata(graph="https://old/", microsoftGraphResourceId="https://new/"))

    assert cloud.graph == "https://new"


def test_of_several_clouds_the_one_that_was_asked_is_taken() -> None:
    other = metadata(name="other", resourceManager="https://elsewhere/")

    assert parsed([other, metadata()]).name == "lab"
    assert parsed([other]).name == "other"


def test_a_cloud_that_signs_in_at_a_known_place_is_not_custom() -> None:
    signing = {"loginEndpoint": "https://login.chinacloudapi.cn/", "audiences": ["https://x"]}

    assert not parsed(metadata(authentication=signing)).is_custom


def test_a_cloud_without_a_name_is_called_by_its_address() -> None:
    assert parsed(metadata(name=None)).name == URL


@pytest.mark.parametrize(
    "authentication",
    [{}, {"loginEndpoint": URL}, {"loginEndpoint": URL, "audiences": []}, {"audiences": ["x"]}],
)
def test_metadata_without_a_place_to_sign_in_are_refused(authentication: object) -> None:
    with pytest.raises(SpecError, match="do not say where to sign in"):
        parsed(metadata(authentication=authentication))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"3", b"null"])
def test_what_is_no_metadata_is_refused(body: bytes) -> None:
    with pytest.raises(SpecError, match="does not answer as a Resource Manager"):
        parse_metadata(URL, body)


@pytest.mark.parametrize("url", ["http://localhost:8443", f"{URL}/", ""])
def test_tokens_are_sent_over_https_only(url: str) -> None:
    with pytest.raises(SpecError, match="no address for the cloud"):
        Cloud(name="x", resource_manager=URL, login=url, audience=URL)


def test_logs_are_queried_elsewhere_and_with_tokens_of_their_own() -> None:
    logs = parsed(metadata(logAnalyticsResourceId=f"{URL}/logs/")).for_logs()

    assert logs.resource_manager == f"{URL}/logs"
    assert logs.scope == f"{URL}/logs/.default"
    assert {cloud.logs for cloud in CLOUDS} == {
        "https://api.loganalytics.io",
        "https://api.loganalytics.azure.cn",
        "https://api.loganalytics.us",
    }
    with pytest.raises(SpecError, match="no address"):
        parsed(metadata()).for_logs()
