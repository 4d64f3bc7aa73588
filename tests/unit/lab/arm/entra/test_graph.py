import base64
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_pem_x509_certificate

from bascule.lab.arm.entra.directory import IDENTITY
from tests.support.lab_azure import AzureUser, make_certificate, running_azure


async def graph(user: AzureUser, method: str, page: str, body: Any = None, **query: str) -> Any:
    named = {f"${key}": value for key, value in query.items()}
    reply = await user.send(method, f"//v1.0/{page}", body, query=named)
    assert reply.status < 300, reply.body
    return reply.body


async def make_principal(user: AzureUser, name: str = "deployer") -> tuple[Any, Any]:
    application = await graph(user, "POST", "applications", {"displayName": name})
    given = {"appId": application["appId"]}
    return application, await graph(user, "POST", "servicePrincipals", given)


async def test_what_create_for_rbac_does_makes_somebody_who_can_sign_in() -> None:
    async with running_azure() as user:
        before = await graph(user, "GET", "servicePrincipals", filter="displayName eq 'deployer'")
        application, principal = await make_principal(user)
        page = f"applications/{application['id']}/addPassword"
        asked = {"passwordCredential": {"displayName": "rbac"}}
        password = await graph(user, "POST", page, asked)
        named = f"servicePrincipalNames/any(c:c eq '{application['appId']}')"
        found = await graph(user, "GET", "servicePrincipals", filter=named)
        somebody = AzureUser(azure=user.azure, clock=user.clock)
        await somebody.sign_in(application["appId"], password["secretText"])

        given = {"keyId": password["keyId"]}
        await graph(user, "POST", page.replace("add", "remove"), given)
        shown = await graph(user, "GET", f"applications/{application['id']}")

    assert before["value"] == []
    assert [each["id"] for each in found["value"]] == [principal["id"]]
    assert somebody.token
    assert shown["passwordCredentials"] == []


async def test_objects_are_listed_changed_and_deleted() -> None:
    async with running_azure() as user:
        application, principal = await make_principal(user)
        page = f"applications/{application['id']}"
        await graph(user, "PATCH", page, {"displayName": "renamed"})
        named = await graph(user, "GET", "applications", filter="startswith(displayName,'ren')")
        by_app = await graph(user, "GET", f"servicePrincipals/appId='{application['appId']}'")
        by_ids = await graph(
            user, "POST", "directoryObjects/getByIds", {"ids": [principal["id"], "none"]}
        )
        one = await graph(user, "GET", f"directoryObjects/{principal['id']}")
        owners = await graph(user, "GET", f"{page}/owners")
        people = await graph(user, "GET", "users")
        await graph(user, "DELETE", page)
        gone = await user.send("GET", f"/v1.0/servicePrincipals/{principal['id']}")

    assert [each["id"] for each in named["value"]] == [application["id"]]
    assert by_app["id"] == one["id"] == principal["id"]
    assert by_ids["value"][0]["@odata.type"] == "#microsoft.graph.servicePrincipal"
    assert owners["value"] == people["value"] == []
    assert (gone.status, gone.body["error"]["code"]) == (404, "Request_ResourceNotFound")


async def test_managed_identities_are_service_principals_too() -> None:
    async with running_azure() as user:
        place = f"{await user.make_group()}/providers/{IDENTITY}/shop"
        held = {"principalId": "p-1", "clientId": "c-1"}
        user.azure.world.resources.put(
            {"id": place, "name": "shop", "type": IDENTITY, "properties": held}
        )
        found = await graph(user, "GET", "servicePrincipals", filter="appId eq 'c-1'")

    assert found["value"][0]["servicePrincipalType"] == "ManagedIdentity"
    assert place in found["value"][0]["servicePrincipalNames"]


async def test_certificates_and_federated_credentials_are_kept_with_the_application() -> None:
    async with running_azure() as user:
        application, _ = await make_principal(user)
        page = f"applications/{application['id']}"
        pem = make_certificate(user, ec.generate_private_key(ec.SECP256R1()))
        der = load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)
        key = {"type": "AsymmetricX509Cert", "key": base64.b64encode(der).decode()}
        await graph(user, "PATCH", page, {"keyCredentials": [key, {"keyId": "old"}]})
        shown = await graph(user, "GET", page)
        trusted = {"name": "blue", "issuer": "https://i", "subject": "s"}
        made = await graph(user, "POST", f"{page}/federatedIdentityCredentials", trusted)
        listed = await graph(user, "GET", f"{page}/federatedIdentityCredentials")
        one = await graph(user, "GET", f"{page}/federatedIdentityCredentials/blue")
        await graph(user, "DELETE", f"{page}/federatedIdentityCredentials/{made['id']}")
        left = await graph(user, "GET", f"{page}/federatedIdentityCredentials")
        wrong = await user.send("PATCH", f"/v1.0/{page}", {"keyCredentials": [{"key": "AA=="}]})

    assert [each["type"] for each in shown["keyCredentials"]] == ["AsymmetricX509Cert"]
    assert "key" not in shown["keyCredentials"][0]
    assert listed["value"] == [one] == [made]
    assert left["value"] == []
    assert wrong.status == 400


async def test_what_cannot_be_is_refused() -> None:
    async with running_azure() as user:
        application, _ = await make_principal(user)
        twice = await user.send("POST", "/v1.0/servicePrincipals", {"appId": application["appId"]})
        nobody = await user.send("POST", "/v1.0/servicePrincipals", {"appId": "none"})
        nothing = await user.send("GET", "/v1.0/teams")
        verb = await user.send("POST", f"/v1.0/applications/{application['id']}/sing")
        objects = await user.send("GET", "/v1.0/directoryObjects")
        credential = await user.send(
            "GET", f"/v1.0/applications/{application['id']}/federatedIdentityCredentials/x"
        )
        user.token = ""
        stranger = await user.send("GET", "/v1.0/applications")

    refused = (twice, nobody, nothing, verb, objects, credential, stranger)
    assert [reply.status for reply in refused] == [409, 400, 404, 404, 404, 404, 401]
