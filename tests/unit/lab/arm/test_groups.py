from typing import Any

from typing_extensions import override

from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.world import Provider
from tests.support.lab_azure import AzureUser, running_azure

NETWORK = "providers/Microsoft.Network"


class StuckProvider(Provider):
    namespace = "Microsoft.Stuck"

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        raise ArmRefusal(400, "InUse", "It is in use.")


def code_of(reply: ArmReply) -> str:
    code: str = reply.body["error"]["code"]
    return code


async def put_network(user: AzureUser, group: str, name: str = "vnet") -> str:
    path = f"{group}/{NETWORK}/virtualNetworks/{name}"
    body: dict[str, Any] = {
        "location": "eastus",
        "tags": {"team": name},
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}},
    }
    reply = await user.ask("PUT", path, body)
    assert reply.status == 201, reply.body
    await user.clock.advance(10)
    return path


async def test_a_group_is_made_once_and_keeps_its_name_and_region() -> None:
    async with running_azure() as user:
        path = f"{user.subscription}/resourceGroups/Shop"
        made = await user.ask("PUT", path, {"location": "East US", "tags": {"a": "b"}})
        again = await user.ask("PUT", path.lower(), {"location": "eastus"})
        moved = await user.ask("PUT", path, {"location": "westeurope"})
        patched = await user.ask("PATCH", path, {"tags": {"c": "d"}})
        head = await user.ask("HEAD", path)
        posted = await user.ask("POST", path)

    assert (made.status, again.status, moved.status) == (201, 200, 409)
    assert made.body == {
        "id": path,
        "name": "Shop",
        "type": "Microsoft.Resources/resourceGroups",
        "location": "eastus",
        "tags": {"a": "b"},
        "properties": {"provisioningState": "Succeeded"},
    }
    assert again.body["id"] == path
    assert code_of(moved) == "InvalidResourceGroupLocation"
    assert patched.body["tags"] == {"c": "d"}
    assert (head.status, head.body, posted.status) == (204, None, 405)


async def test_a_group_needs_a_name_and_a_region_that_can_be() -> None:
    async with running_azure() as user:
        groups = f"{user.subscription}/resourceGroups"
        nowhere = await user.ask("PUT", f"{groups}/shop", {})
        elsewhere = await user.ask("PUT", f"{groups}/shop", {"location": "moon"})
        unnamed = await user.ask("PUT", f"{groups}/shop.", {"location": "eastus"})

    assert code_of(nowhere) == "LocationRequired"
    assert code_of(elsewhere) == "LocationNotAvailableForResourceGroup"
    assert code_of(unnamed) == "InvalidResourceGroup"


async def test_lists_show_what_fits_the_filter() -> None:
    async with running_azure() as user:
        shop, bank = await user.make_group("shop"), await user.make_group("bank")
        await put_network(user, shop, "one")
        await put_network(user, bank, "two")

        async def names(path: str, condition: str = "") -> list[str]:
            reply = await user.ask("GET", path, query={"$filter": condition})
            return [each["name"] for each in reply.body["value"]]

        everything = f"{user.subscription}/resources"
        kind = "Microsoft.Network/virtualNetworks"
        by_name = f"resourceGroup eq 'SHOP' and name eq 'one' and resourceType eq '{kind}'"
        assert await names(everything) == ["two", "one"]
        assert await names(everything, by_name) == ["one"]
        assert await names(everything, "tagName eq 'team' and tagValue eq 'two'") == ["two"]
        assert await names(everything, "tagName eq 'none'") == []
        assert await names(f"{shop}/resources") == ["one"]
        assert await names(f"{user.subscription}/resourcegroups") == ["bank", "shop"]
        shown = (await user.ask("GET", everything)).body["value"][0]
        assert "properties" not in shown


async def test_deleting_a_group_deletes_what_it_holds_and_shows_when_it_is_done() -> None:
    async with running_azure() as user:
        group = await user.make_group()
        network = await put_network(user, group)

        begun = await user.ask("DELETE", group)
        poll = begun.headers["Location"].partition("?")[0].partition("8443")[2]
        running = await user.ask("GET", poll)
        refused = await user.ask("PUT", group, {"location": "eastus"})
        await user.clock.advance(5)
        ended = await user.ask("GET", poll)

        assert (begun.status, running.status, ended.status) == (202, 202, 200)
        assert begun.headers["retry-after-ms"] == "100"
        assert running.headers["Location"].startswith("https://localhost:8443/subscriptions/")
        assert code_of(refused) == "ResourceGroupBeingDeleted"
        assert (await user.ask("GET", network)).status == 404
        assert (await user.ask("HEAD", group)).status == 404


async def test_a_lock_on_a_resource_lets_the_deletion_of_its_group_fail() -> None:
    async with running_azure() as user:
        group = await user.make_group()
        network = await put_network(user, group)
        lock = f"{network}/providers/Microsoft.Authorization/locks/keep"
        await user.ask("PUT", lock, {"properties": {"level": "CanNotDelete"}})

        refused = await user.ask("DELETE", group)

        assert (refused.status, code_of(refused)) == (409, "ScopeLocked")
        assert (await user.ask("GET", network)).status == 200


async def test_what_cannot_be_deleted_is_named_and_the_group_stays() -> None:
    async with running_azure() as user:
        group = await user.make_group("shop")
        stuck = f"{group}/providers/Microsoft.Stuck/things/one"
        user.azure.world.resources.put(
            {"id": stuck, "name": "one", "type": "Microsoft.Stuck/things", "location": "eastus"}
        )
        user.azure.dispatcher.add(StuckProvider())

        begun = await user.ask("DELETE", group)
        await user.clock.advance(5)
        poll = begun.headers["Location"].partition("?")[0].partition("8443")[2]
        ended = await user.ask("GET", poll)
        kept = await user.ask("GET", group)

    assert (ended.status, code_of(ended)) == (409, "ResourceGroupDeletionBlocked")
    assert "things/one (InUse: It is in use.)" in ended.body["error"]["message"]
    assert kept.body["properties"]["provisioningState"] == "Succeeded"


async def test_who_has_no_role_sees_no_subscription_and_who_has_one_on_a_group_sees_that() -> None:
    async with running_azure() as user:
        await user.make_group("bank")
        shop = await user.make_group("shop")
        directory = user.azure.directory
        application = directory.add_application("reader")
        principal = directory.add_service_principal(application["appId"])
        _, secret = directory.add_secret(application["appId"])
        reader = AzureUser(azure=user.azure, clock=user.clock)
        await reader.sign_in(application["appId"], secret)
        before = await reader.ask("GET", "/subscriptions")
        role = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
        assigned = f"{shop}/providers/Microsoft.Authorization/roleAssignments/{principal['id']}"
        definition = f"/providers/Microsoft.Authorization/roleDefinitions/{role}"
        await user.ask(
            "PUT",
            assigned,
            {"properties": {"principalId": principal["id"], "roleDefinitionId": definition}},
        )

        after = await reader.ask("GET", "/subscriptions")
        groups = await reader.ask("GET", f"{user.subscription}/resourcegroups")
        refused = await reader.ask("PUT", shop, {"location": "eastus"})

    assert before.body["value"] == []
    assert [each["state"] for each in after.body["value"]] == ["Enabled"]
    assert [each["name"] for each in groups.body["value"]] == ["shop"]
    assert (refused.status, code_of(refused)) == (403, "AuthorizationFailed")
