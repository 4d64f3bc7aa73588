from tests.support.lab_azure import AzureUser, running_azure

VALUES = "providers/Microsoft.Insights/eventtypes/management/values"


async def events(user: AzureUser, condition: str) -> list[tuple[str, str]]:
    query = {"$filter": condition}
    reply = await user.ask("GET", f"{user.subscription}/{VALUES}", query=query)
    assert reply.status == 200, reply.body
    return [
        (each["operationName"]["value"].rpartition("/")[2], each["status"]["value"])
        for each in reply.body["value"]
    ]


async def test_writes_are_logged_to_their_end_and_found_by_group_and_time() -> None:
    async with running_azure() as user:
        await user.make_group("bank")
        shop = await user.make_group("shop")
        await user.ask("PUT", shop, {"location": "westeurope"})
        await user.clock.advance(60)
        await user.ask("DELETE", shop, headers={"x-ms-correlation-request-id": "c-1"})
        await user.clock.advance(60)
        await user.ask("GET", shop)

        since = "eventTimestamp ge '2026-01-01T00:00:00Z'"
        assert await events(user, f"{since} and resourceGroupName eq 'SHOP'") == [
            ("delete", "Succeeded"),
            ("delete", "Accepted"),
            ("write", "Failed"),
            ("write", "Succeeded"),
        ]
        late = "eventTimestamp ge '2026-01-01T00:01:00' and eventTimestamp le '2026-01-01T00:09:00'"
        assert len(await events(user, late)) == 2
        assert await events(user, f"{since} and correlationId eq 'c-1' and status eq 'Accepted'")
        assert len(await events(user, f"{since} and resourceUri eq '{shop}'")) == 4
        me = user.azure.identity.first_app_id
        assert len(await events(user, f"{since} and caller eq '{me}'")) == 5


async def test_what_a_cascade_deletes_is_logged_under_the_same_correlation_id() -> None:
    async with running_azure() as user:
        shop = await user.make_group("shop")
        network = f"{shop}/providers/Microsoft.Network/virtualNetworks/v"
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}
        await user.ask("PUT", network, {"location": "eastus", "properties": space})
        await user.clock.advance(5)
        await user.ask("DELETE", shop, headers={"x-ms-correlation-request-id": "c-1"})
        await user.clock.advance(5)

        query = {"$filter": "eventTimestamp ge '2026-01-01' and correlationId eq 'c-1'"}
        reply = await user.ask("GET", f"{user.subscription}/{VALUES}", query=query)

    gone = {each["resourceId"] for each in reply.body["value"]}
    assert gone == {shop, network}


async def test_a_filter_must_say_since_when() -> None:
    async with running_azure() as user:
        path = f"{user.subscription}/{VALUES}"
        without = await user.ask("GET", path)
        wrong = await user.ask("GET", path, query={"$filter": "eventTimestamp ge 'noon'"})
        elsewhere = await user.ask("GET", f"{user.subscription}/providers/Microsoft.Insights/x")

    assert (without.status, elsewhere.status) == (400, 404)
    assert wrong.status == 200  # there is no event yet that it would have to be compared with
