from bascule.lab.arm.entra import jwt
from bascule.lab.arm.entra.directory import IDENTITY
from bascule.lab.arm.entra.imds import PATH
from tests.support.lab_azure import URL, running_azure

HEADERS = {"metadata": "true"}


async def test_the_machine_gets_tokens_of_its_own_or_of_an_identity_that_is_named() -> None:
    async with running_azure() as user:
        place = f"{await user.make_group()}/providers/{IDENTITY}/shop"
        held = {"principalId": "p-1", "clientId": "c-1"}
        user.azure.world.resources.put(
            {"id": place, "name": "shop", "type": IDENTITY, "properties": held}
        )
        imds = user.azure.imds
        own = imds.answer(PATH, {"resource": URL}, HEADERS)
        by_client = imds.answer(PATH, {"resource": URL, "client_id": "c-1"}, HEADERS)
        by_resource = imds.answer(PATH, {"resource": URL, "mi_res_id": place.upper()}, HEADERS)
        machine = user.azure.identity.machine_object_id
        user.token = own.body["access_token"]
        seen = await user.ask("GET", "/subscriptions")

    assert jwt.read(own.body["access_token"])[1]["oid"] == machine
    assert by_client.body["client_id"] == by_resource.body["client_id"] == "c-1"
    assert by_client.body["resource"] == URL
    assert int(own.body["expires_on"]) - int(own.body["not_before"]) == 3_600
    assert (seen.status, seen.body["value"]) == (200, [])


async def test_it_refuses_what_a_machine_would_not_ask() -> None:
    async with running_azure() as user:
        answer = user.azure.imds.answer
        replies = (
            answer(PATH, {"resource": URL}, {}),
            answer(PATH, {}, HEADERS),
            answer(PATH, {"resource": URL, "client_id": "none"}, HEADERS),
            answer("/metadata/instance", {}, HEADERS),
        )

    assert [reply.status for reply in replies] == [400, 400, 400, 404]
