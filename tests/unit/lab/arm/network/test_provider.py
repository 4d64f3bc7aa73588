from tests.support.arm_network import NET, network_lab
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


async def test_stopping_leaves_all_as_it_is() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        await lab.provider.stop()

        assert len((await lab.get(f"{NET}/virtualNetworks"))["value"]) == 1
