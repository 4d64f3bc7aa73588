"""Signing in to Azure by each kind of credential, and what is said when it fails."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bascule.azure.client import ArmClient
from bascule.azure.clouds import AKS_SERVER_AUDIENCE, fetch_cloud, resolve_cloud
from bascule.azure.credentials import (
    CredentialKind,
    CredentialSettings,
    find_settings,
    open_credential,
)
from bascule.azure.kube_tokens import Kubelogin, tokens_on_demand
from bascule.azure.opening import open_azure
from bascule.azure.trust import SYSTEM_TRUST, Trust
from bascule.errors import ApiError, ForbiddenError, InvariantError, SpecError, TransportError
from bascule.kube.connection import Connection, TokenSource
from bascule.kube.credentials import CredentialSource
from tests.support.pki import Authority
from tests.support.scripted_arm import GATEWAY, ScriptedArm, lose, reply, reply_bytes, scripted_arm
from tests.support.virtual_clock import VirtualClock

TENANT = "0f3ee6a5-0000-4000-8000-000000000001"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"
SETTINGS = CredentialSettings(
    kind=CredentialKind.SECRET, tenant_id=TENANT, client_id="app", client_secret="s3cret"
)
GRANTED = {"token_type": "Bearer", "expires_in": 3600, "access_token": "granted"}
FAKE_AZ = f"""#!{sys.executable} -S
import json, sys
open(sys.argv[0] + ".args", "w").write(json.dumps(sys.argv[1:]))
print(json.dumps({{"accessToken": "from az", "expires_on": 4102444800, "expiresOn":
  "2100-01-01 00:00:00.000000", "subscription": "s", "tenant": "t", "tokenType": "Bearer"}}))
"""


@pytest.fixture
async def arm() -> AsyncIterator[ScriptedArm]:
    with scripted_arm() as server:
        async with server:
            yield server


async def fetch_token(arm: ScriptedArm, settings: CredentialSettings) -> str:
    async with open_credential(settings, arm.cloud, trust=arm.trust) as credential:
        token = await credential.get_token(arm.cloud.scope)
    assert token.expires > datetime(2020, 1, 1, tzinfo=UTC)
    assert token.value not in repr(token)
    return token.value


def form(arm: ScriptedArm) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(arm.seen[-1].body.decode()).items()}


async def test_a_secret_brings_a_token(arm: ScriptedArm) -> None:
    arm.script(reply(200, GRANTED), at=TOKEN_PATH)

    assert await fetch_token(arm, SETTINGS) == "granted"

    sent = form(arm)
    assert sent["grant_type"] == "client_credentials"
    assert sent["scope"] == f"{arm.url}/.default"
    assert sent["client_secret"] == "s3cret"
    assert "CP1" in sent["claims"]


async def test_a_certificate_brings_a_token(arm: ScriptedArm, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key_pem = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    place = tmp_path / "app.pem"
    place.write_bytes(Authority().issue("app").chain_pem + key_pem)
    arm.script(reply(200, GRANTED), at=TOKEN_PATH)

    settings = replace(SETTINGS, kind=CredentialKind.CERTIFICATE, certificate_file=place)

    assert await fetch_token(arm, settings) == "granted"
    assert form(arm)["client_assertion"].count(".") == 2


async def test_a_federated_token_is_exchanged(arm: ScriptedArm, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("of the service account")
    arm.script(reply(200, GRANTED), at=TOKEN_PATH)

    settings = replace(SETTINGS, kind=CredentialKind.WORKLOAD_IDENTITY, token_file=token_file)

    assert await fetch_token(arm, settings) == "granted"
    assert form(arm)["client_assertion"] == "of the service account"


async def test_az_is_asked_for_its_token(
    arm: ScriptedArm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    az = tmp_path / "az"
    az.write_text(FAKE_AZ)
    az.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    token = await fetch_token(arm, CredentialSettings(kind=CredentialKind.AZ))

    assert token == "from az"
    assert arm.url in (tmp_path / "az.args").read_text()


async def test_a_machine_is_asked_for_its_identity(
    arm: ScriptedArm, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = {"access_token": "of the machine", "expires_on": "4102444800", "resource": "r"}
    async with ScriptedArm() as machine:
        machine.script(reply(200, granted))
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine.url)
        settings = CredentialSettings(kind=CredentialKind.MANAGED_IDENTITY, client_id="mine")

        assert await fetch_token(arm, settings) == "of the machine"

    assert machine.seen[0].query["client_id"] == "mine"
    assert machine.seen[0].query["resource"] == arm.url


async def test_without_az_the_remedy_names_the_other_ways(
    arm: ScriptedArm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ForbiddenError, match="signing in by az") as caught:
        await fetch_token(arm, CredentialSettings(kind=CredentialKind.AZ))

    assert "az login" in caught.value.remedy


async def test_a_refused_token_is_not_taken_from_what_was_kept(arm: ScriptedArm) -> None:
    other = {**GRANTED, "access_token": "other"}
    arm.script(reply(200, GRANTED), reply(200, other), at=TOKEN_PATH)

    async with open_credential(SETTINGS, arm.cloud, trust=arm.trust) as credential:
        first = await credential.get_token(arm.cloud.scope)
        kept = await credential.get_token(arm.cloud.scope)
        second = await credential.get_token(arm.cloud.scope, is_refused=True)

    assert [first.value, kept.value, second.value] == ["granted", "granted", "other"]


async def test_a_wrong_secret_is_told_without_it(arm: ScriptedArm) -> None:
    said = "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2"
    refusal = {"error": "invalid_client", "error_description": said}
    arm.script(reply(401, refusal), at=TOKEN_PATH)

    with pytest.raises(ForbiddenError, match="AADSTS7000215") as caught:
        await fetch_token(arm, SETTINGS)

    assert "its value, not its id" in caught.value.remedy
    assert "s3cret" not in caught.value.message


async def test_an_untrusted_sign_in_is_no_answer(arm: ScriptedArm) -> None:
    async with open_credential(SETTINGS, arm.cloud, trust=SYSTEM_TRUST) as credential:
        with pytest.raises(
            TransportError, match=r"signing in by secret at .* not trusted"
        ) as caught:
            await credential.get_token(arm.cloud.scope)

    assert "SSL_CERT_FILE" in caught.value.remedy


async def test_settings_that_cannot_be_used_are_said_so(arm: ScriptedArm, tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"
    settings = replace(SETTINGS, kind=CredentialKind.CERTIFICATE, certificate_file=absent)

    with pytest.raises(SpecError, match="not possible"):
        await fetch_token(arm, settings)
    with pytest.raises(InvariantError):
        await fetch_token(arm, replace(SETTINGS, kind=CredentialKind.AUTO))


async def test_a_cloud_says_itself_where_to_sign_in(arm: ScriptedArm) -> None:
    metadata = {
        "name": "lab",
        "resourceManager": f"{arm.url}/",
        "authentication": {"loginEndpoint": f"{arm.url}/", "audiences": [f"{arm.url}/"]},
        "microsoftGraphResourceId": "https://graph.example/",
        "suffixes": {"storage": "st", "acrLoginServer": "acr", "keyVaultDns": "kv"},
    }
    arm.script(reply(200, metadata))

    cloud = await resolve_cloud(f"{arm.url}/", trust=arm.trust)

    assert arm.seen[0].query == {"api-version": "2022-09-01"}
    assert (cloud.resource_manager, cloud.login) == (arm.url, arm.url)
    assert cloud.scope == f"{arm.url}//.default"
    assert (cloud.graph, cloud.suffixes.key_vault) == ("https://graph.example", "kv")
    assert cloud.is_custom


async def test_a_cloud_that_does_not_answer_is_told(arm: ScriptedArm) -> None:
    arm.script(reply_bytes(503, b"down", "text/plain"), reply_bytes(200, b"<html>", "text/html"))

    with pytest.raises(ApiError, match="503: down"):
        await fetch_cloud(arm.url, trust=arm.trust)
    with pytest.raises(SpecError, match="does not answer as a Resource Manager"):
        await fetch_cloud(arm.url, trust=arm.trust)
    with pytest.raises(TransportError, match="certificate"):
        await fetch_cloud(arm.url)
    with pytest.raises(SpecError, match="no address of a Resource Manager"):
        await resolve_cloud("http://localhost")


async def test_a_verb_opens_all_of_it_by_the_environment(arm: ScriptedArm) -> None:
    metadata = {"authentication": {"loginEndpoint": arm.url, "audiences": [arm.url]}}
    arm.script(reply(200, metadata), at="/metadata/endpoints")
    arm.script(reply(200, GRANTED), at=TOKEN_PATH)
    arm.script(reply(200, {"name": "gw"}))
    environ = {
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": "app",
        "AZURE_CLIENT_SECRET": "s3cret",
        "REQUESTS_CA_BUNDLE": str(arm.trust.ca_file),
    }

    async with open_azure(environ, clock=VirtualClock(), cloud=arm.url) as azure:
        found = await azure.client.get(GATEWAY)

    assert azure.kind is CredentialKind.SECRET
    assert find_settings(environ).kind is CredentialKind.SECRET
    assert found == {"name": "gw"}
    assert arm.seen[-1].token == "granted"


async def test_a_bundle_that_is_not_there_is_told(arm: ScriptedArm, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"absent\.pem cannot be used"):
        await fetch_cloud(arm.url, trust=Trust(ca_file=tmp_path / "absent.pem"))


async def test_a_request_waits_for_a_sign_in_that_fails_for_a_while(arm: ScriptedArm) -> None:
    clock = VirtualClock()
    arm.script(*[lose()] * 3, reply(200, GRANTED), at=TOKEN_PATH)
    arm.script(reply(200, {}))

    async with (
        open_credential(SETTINGS, arm.cloud, trust=arm.trust) as credential,
        ArmClient(arm.cloud, credential, clock=clock, trust=arm.trust) as client,
    ):
        await clock.drive(client.put(GATEWAY, {}))

    assert [seen.path for seen in arm.seen] == [TOKEN_PATH] * 4 + [GATEWAY]


async def test_an_api_server_takes_a_token_of_the_same_credential(arm: ScriptedArm) -> None:
    arm.script(reply(200, GRANTED), at=TOKEN_PATH)
    environ = {
        "AZURE_CLIENT_ID": "app",
        "AZURE_CLIENT_SECRET": "s3cret",
        "AZURE_AUTHORITY_HOST": arm.url,
        "SSL_CERT_FILE": str(arm.trust.ca_file),
    }
    fetch = tokens_on_demand(Kubelogin(tenant_id=TENANT, environment="AzurePublicCloud"), environ)
    source = CredentialSource(
        Connection(name="green", server="https://green", credentials=TokenSource(fetch)),
        VirtualClock(),
    )

    login = await source.fetch_login()

    assert login.token == "granted"
    assert form(arm)["scope"] == f"{AKS_SERVER_AUDIENCE}/.default"
