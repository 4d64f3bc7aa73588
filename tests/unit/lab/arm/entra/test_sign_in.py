from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bascule.lab.arm.entra import jwt
from bascule.lab.arm.entra.directory import FEDERATED, IDENTITY
from bascule.lab.arm.entra.sign_in import ASSERTION
from bascule.lab.arm.requests import ArmReply
from tests.support.lab_azure import (
    URL,
    AzureUser,
    make_certificate,
    running_azure,
    signing_key,
)

ISSUER = "https://oidc.lab.invalid/cluster/"


async def show(user: AzureUser, tenant: str = "", **form: str) -> ArmReply:
    tenant = tenant or user.azure.identity.tenant_id
    given = {"grant_type": "client_credentials", "scope": f"{URL}//.default", **form}
    return await user.send("POST", f"/{tenant}/oauth2/v2.0/token", form=given)


def code_of(reply: ArmReply) -> int:
    assert reply.body["error_description"].startswith(f"AADSTS{reply.body['error_codes'][0]}: ")
    code: int = reply.body["error_codes"][0]
    return code


async def keys(issuer: str) -> Sequence[Mapping[str, Any]]:
    assert issuer == ISSUER
    found: Sequence[Mapping[str, Any]] = jwt.Signer(signing_key()).key_set()["keys"]
    return found


async def test_a_secret_gives_a_token_that_says_who_it_is_for_and_from() -> None:
    async with running_azure() as user:
        identity = user.azure.identity
        reply = await show(
            user, client_id=identity.first_app_id, client_secret=identity.first_secret
        )

    _, claims = jwt.read(reply.body["access_token"])
    assert claims["aud"] == f"{URL}/"
    assert claims["iss"] == f"{URL}/{identity.tenant_id}/v2.0"
    assert (claims["oid"], claims["appid"], claims["tid"]) == (
        identity.first_object_id,
        identity.first_app_id,
        identity.tenant_id,
    )
    assert claims["exp"] - claims["iat"] == 3_600
    assert reply.body["expires_in"] == 3_599


@pytest.mark.parametrize(
    ("form", "tenant", "code"),
    [
        ({"client_secret": "wrong"}, "", 7000215),
        ({"client_secret": ""}, "", 7000215),
        ({"client_id": "nobody"}, "", 700016),
        ({"client_id": ""}, "", 700016),
        ({}, "11111111-1111-1111-1111-111111111111", 90002),
        ({"grant_type": "password"}, "", 70003),
        ({"client_assertion_type": ASSERTION, "client_assertion": "x"}, "", 50027),
    ],
)
async def test_sign_in_says_why_it_refuses(form: dict[str, str], tenant: str, code: int) -> None:
    async with running_azure() as user:
        identity = user.azure.identity
        given = {"client_id": identity.first_app_id, "client_secret": identity.first_secret}

        reply = await show(user, tenant, **(given | form))

    assert reply.status in {400, 401}
    assert code_of(reply) == code


async def test_a_certificate_signs_in_whoever_it_was_given_to() -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    async with running_azure() as user:
        app_id = user.azure.identity.first_app_id
        certificate = make_certificate(user, key)
        user.azure.directory.add_certificate(app_id, certificate)
        wrong = make_certificate(user, other)
        good = await show_assertion(user, certify(user, key, certificate, app_id), app_id)
        unknown = await show_assertion(user, certify(user, other, wrong, app_id), app_id)
        forged = await show_assertion(user, certify(user, other, certificate, app_id), app_id)
        stale = certify(user, key, certificate, app_id)
        await user.clock.advance(3_600)
        late = await show_assertion(user, stale, app_id)

    assert good.status == 200
    assert [code_of(reply) for reply in (unknown, forged, late)] == [700027, 700027, 700024]


async def test_a_workload_signs_in_as_the_identity_that_names_its_issuer_and_subject() -> None:
    async with running_azure(issuer_keys=keys) as user:
        group = await user.make_group()
        identity = f"{group}/providers/{IDENTITY}/shop"
        put = user.azure.world.resources.put
        held = {"principalId": "p-1", "clientId": "c-1", "tenantId": "t"}
        put({"id": identity, "name": "shop", "type": IDENTITY, "properties": held})
        subject = "system:serviceaccount:shop:orders"
        trusted = {
            "issuer": ISSUER,
            "subject": subject,
            "audiences": ["api://AzureADTokenExchange"],
        }
        below = f"{identity}/federatedIdentityCredentials/blue"
        put({"id": below, "name": "blue", "type": FEDERATED, "properties": trusted})

        good = await show_assertion(user, vouch(user, subject), "c-1")
        other = await show_assertion(user, vouch(user, "system:serviceaccount:shop:other"), "c-1")
        audience = await show_assertion(user, vouch(user, subject, audience="me"), "c-1")
        stranger = ec.generate_private_key(ec.SECP256R1())
        unknown = await show_assertion(user, vouch(user, subject, key=stranger), "c-1")

    _, claims = jwt.read(good.body["access_token"])
    assert (claims["oid"], claims["xms_mirid"]) == ("p-1", identity)
    assert [code_of(reply) for reply in (other, audience, unknown)] == [70021, 70021, 50166]


async def test_metadata_and_keys_are_open_to_all() -> None:
    async with running_azure() as user:
        user.token = ""
        metadata = await user.send("GET", "/common/v2.0/.well-known/openid-configuration")
        published = await user.send("GET", "/common/discovery/v2.0/keys")
        cloud = await user.send("GET", "/metadata/endpoints", query={"api-version": "2022-09-01"})
        old = await user.send("GET", "/metadata/endpoints", query={"api-version": "2019-05-01"})
        nothing = await user.send("GET", "/")

    assert metadata.body["token_endpoint"] == f"{URL}/common/oauth2/v2.0/token"
    assert metadata.body["jwks_uri"] == f"{URL}/common/discovery/v2.0/keys"
    assert published.body["keys"][0]["kty"] == "EC"
    assert cloud.body["authentication"]["loginEndpoint"] == URL
    assert cloud.body["authentication"]["audiences"][0] == URL
    assert old.body[0]["name"] == cloud.body["name"] == "lab"
    assert nothing.status == 404


async def show_assertion(user: AzureUser, assertion: str, app_id: str) -> ArmReply:
    return await show(
        user, client_id=app_id, client_assertion_type=ASSERTION, client_assertion=assertion
    )


def certify(user: AzureUser, key: ec.EllipticCurvePrivateKey, certificate: str, app_id: str) -> str:
    thumbprint = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256())
    now_s = user.clock.now().timestamp()
    claims = {"iss": app_id, "sub": app_id, "nbf": now_s, "exp": now_s + 600}
    return sign(key, {"alg": "ES256", "x5t#S256": jwt.encode(thumbprint)}, claims)


def vouch(
    user: AzureUser,
    subject: str,
    *,
    audience: str = "api://AzureADTokenExchange",
    key: ec.EllipticCurvePrivateKey | None = None,
) -> str:
    now_s = user.clock.now().timestamp()
    claims = {"iss": ISSUER, "sub": subject, "aud": [audience], "exp": now_s + 600}
    return jwt.Signer(key or signing_key()).sign(claims)


def sign(
    key: ec.EllipticCurvePrivateKey, header: Mapping[str, Any], claims: Mapping[str, Any]
) -> str:
    return jwt.Signer(key).sign(claims, header)
