from tests.support.lab_azure import running_azure


async def test_the_subscription_its_tenant_and_its_regions_are_shown() -> None:
    async with running_azure() as user:
        identity = user.azure.identity
        one = await user.ask("GET", user.subscription)
        tenants = await user.send("GET", "/tenants")
        locations = await user.ask("GET", f"{user.subscription}/locations")

    assert one.body["subscriptionId"] == identity.subscription_id
    assert one.body["state"] == "Enabled"
    assert [each["tenantId"] for each in tenants.body["value"]] == [identity.tenant_id]
    assert "China North 2" in {each["displayName"] for each in locations.body["value"]}


async def test_resource_providers_are_listed_shown_and_registered() -> None:
    async with running_azure() as user:
        every = await user.ask("GET", f"{user.subscription}/providers")
        one = await user.ask("GET", f"{user.subscription}/providers/microsoft.network")
        path = f"{user.subscription}/providers/Microsoft.ContainerService/register"
        registered = await user.ask("POST", path)
        unknown = await user.ask("GET", f"{user.subscription}/providers/Microsoft.Nothing")
        tenant = await user.ask("GET", "/providers")

    assert len(every.body["value"]) == len(tenant.body["value"]) > 5
    types = {each["resourceType"] for each in one.body["resourceTypes"]}
    assert {"applicationGateways", "virtualNetworks/subnets"} <= types
    assert registered.body["registrationState"] == "Registered"
    assert unknown.status == 404
