from typing import Any

import pytest

from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.identity import CREDENTIALS_MAX, IdentityProvider
from bascule.lab.arm.requests import ArmRefusal
from tests.support.arm_world import LOCATION, RG, TENANT, S, ask, make_world

MSI = f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
FEDERATED = f"{MSI}/i/federatedIdentityCredentials"


class World:
    def __init__(self) -> None:
        world = make_world()
        self.principals = Principals(world.clock, world.resources)
        self.provider = IdentityProvider(world, self.principals)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        return await ask(self.provider, method, path, body)

    async def refused(self, method: str, path: str, body: Any = None) -> ArmRefusal:
        with pytest.raises(ArmRefusal) as caught:
            await self.ask(method, path, body)
        return caught.value


def credential(subject: str = "a") -> dict[str, Any]:
    return {
        "properties": {
            "issuer": "https://issuer.test/",
            "subject": subject,
            "audiences": ["api://AzureADTokenExchange"],
        }
    }


async def test_an_identity_is_made_at_once_and_is_a_principal() -> None:
    world = World()

    made = await world.ask("PUT", f"{MSI}/i", {"location": LOCATION, "tags": {"a": "b"}})
    again = await world.ask("PUT", f"{MSI}/i", {"location": LOCATION})

    assert (made.status, again.status) == (201, 200)
    assert made.body["properties"]["tenantId"] == TENANT
    assert again.body["properties"] == made.body["properties"]
    assert world.principals.find(made.body["properties"]["principalId"]) is not None
    assert (await world.ask("GET", f"{MSI}/i")).body == again.body
    listed = await world.ask(
        "GET", f"{S}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    )
    assert [each["name"] for each in listed.body["value"]] == ["i"]


async def test_an_identity_that_is_deleted_is_nobody() -> None:
    world = World()
    made = await world.ask("PUT", f"{MSI}/i", {"location": LOCATION})

    assert (await world.ask("DELETE", f"{MSI}/i")).status == 200
    assert (await world.ask("DELETE", f"{MSI}/i")).status == 204
    assert world.principals.find(made.body["properties"]["principalId"]) is None
    assert (await world.refused("GET", f"{MSI}/i")).code == "ResourceNotFound"
    assert (await world.refused("PATCH", f"{MSI}/i", {"tags": {}})).status == 404
    assert (await world.refused("GET", f"{MSI}/i/wonders/w")).status == 404


async def test_credentials_belong_to_an_identity_and_tell_issuer_and_subject() -> None:
    world = World()
    await world.ask("PUT", f"{MSI}/i", {"location": LOCATION})

    made = await world.ask("PUT", f"{FEDERATED}/one", credential())
    changed = await world.ask("PUT", f"{FEDERATED}/one", credential("b"))
    twin = await world.refused("PUT", f"{FEDERATED}/two", credential("b"))
    empty = await world.refused("PUT", f"{FEDERATED}/two", {"properties": {"issuer": "x"}})

    assert (made.status, changed.status) == (201, 200)
    assert (await world.ask("GET", f"{FEDERATED}/one")).body["properties"]["subject"] == "b"
    assert (twin.status, empty.status) == (409, 400)
    assert "subject, audiences" in empty.message
    assert len((await world.ask("GET", FEDERATED)).body["value"]) == 1
    assert (await world.ask("DELETE", f"{FEDERATED}/one")).status == 200
    assert (await world.ask("DELETE", f"{FEDERATED}/one")).status == 204
    assert (await world.refused("GET", f"{FEDERATED}/one")).status == 404
    assert (await world.refused("GET", FEDERATED.replace("/i/", "/none/"))).status == 404


async def test_an_identity_has_twenty_credentials_at_most() -> None:
    world = World()
    await world.ask("PUT", f"{MSI}/i", {"location": LOCATION})
    for number in range(CREDENTIALS_MAX):
        await world.ask("PUT", f"{FEDERATED}/c{number}", credential(f"s{number}"))

    refusal = await world.refused("PUT", f"{FEDERATED}/more", credential("more"))

    assert refusal.status == 400
    assert "Too many Federated Identity Credentials" in refusal.message
