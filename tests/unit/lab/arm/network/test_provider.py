from tests.support.arm_network import (
    CLUSTER_SUBNET,
    GATEWAY,
    NET,
    gateway_body,
    network_lab,
    subnet_body,
)
from tests.support.arm_world import LOCATION, S


async def test_usages_of_a_location_count_what_is_there() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        found = await lab.get(f"{S}/providers/Microsoft.Network/locations/{LOCATION}/usages")

        counts = {each["name"]["value"]: each["currentValue"] for each in found["value"]}
        assert counts["PublicIPAddresses"] == counts["VirtualNetworks"] == 1
        assert counts["ApplicationGateways"] == 0


async def test_a_location_knows_nothing_else() -> None:
    async with network_lab() as lab:
        below = f"{S}/providers/Microsoft.Network/locations/{LOCATION}"

        assert (await lab.ask("GET", f"{below}/nothing")).status == 404
        assert (await lab.ask("POST", f"{below}/usages")).status == 405
        assert (await lab.ask("GET", NET)).status == 404


async def test_what_was_under_way_at_a_restart_has_failed() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await lab.done("PUT", GATEWAY, gateway_body())
        await lab.ask("PUT", CLUSTER_SUBNET, subnet_body("10.240.0.0/16"))
        await lab.ask("POST", f"{GATEWAY}/stop")

        await lab.provider.start()

        subnet, gateway = await lab.get(CLUSTER_SUBNET), await lab.get(GATEWAY)
        assert subnet["properties"]["provisioningState"] == "Failed"
        assert gateway["properties"]["provisioningState"] == "Failed"
        assert gateway["properties"]["operationalState"] == "Stopped"
        (pool,) = gateway["properties"]["backendAddressPools"]
        assert pool["properties"]["provisioningState"] == "Failed"


async def test_stopping_leaves_all_as_it_is() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        await lab.provider.stop()

        assert len((await lab.get(f"{NET}/virtualNetworks"))["value"]) == 1
