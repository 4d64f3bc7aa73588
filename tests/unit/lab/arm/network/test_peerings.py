import pytest

from tests.support.arm_network import NET, NETWORK, NetworkLab, error_codes, network_lab
from tests.support.arm_world import LOCATION

OTHER = f"{NET}/virtualNetworks/Other"
PEERING = f"{NETWORK}/virtualNetworkPeerings/out"
BACK = f"{OTHER}/virtualNetworkPeerings/back"


def towards(network_id: str) -> dict[str, object]:
    return {"properties": {"remoteVirtualNetwork": {"id": network_id}}}


async def make(lab: NetworkLab) -> None:
    await lab.make_article()
    space = {"addressPrefixes": ["10.0.0.0/8"]}
    await lab.done("PUT", OTHER, {"location": LOCATION, "properties": {"addressSpace": space}})


async def states(lab: NetworkLab) -> list[str]:
    shown = [await lab.get(each) for each in (PEERING, BACK)]
    return [each["properties"]["peeringState"] for each in shown]


async def test_a_peering_is_connected_once_both_sides_have_one() -> None:
    async with network_lab() as lab:
        await make(lab)

        one = await lab.ask("PUT", PEERING, towards(OTHER))
        other = await lab.ask("PUT", BACK, towards(NETWORK.upper()))

        assert (one.status, one.body["properties"]["peeringState"]) == (201, "Initiated")
        assert other.body["properties"]["peeringState"] == "Connected"
        assert await states(lab) == ["Connected", "Connected"]
        network = await lab.get(NETWORK)
        listed = await lab.get(f"{NETWORK}/virtualNetworkPeerings")
        assert network["properties"]["virtualNetworkPeerings"] == listed["value"]
        assert (await lab.ask("PUT", PEERING, towards(OTHER))).status == 200


async def test_removing_one_side_disconnects_the_other() -> None:
    async with network_lab() as lab:
        await make(lab)
        await lab.ask("PUT", PEERING, towards(OTHER))
        await lab.ask("PUT", BACK, towards(NETWORK))

        removed = [(await lab.ask("DELETE", PEERING)).status for _ in range(2)]

        assert removed == [200, 204]
        assert (await lab.get(BACK))["properties"]["peeringState"] == "Disconnected"
        gone = await lab.ask("GET", PEERING)
        assert (gone.status, *error_codes(gone)) == (404, "NotFound")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("PUT", PEERING, "InvalidResourceReference"),
        ("PUT", f"{NETWORK}2/virtualNetworkPeerings/out", "ParentResourceNotFound"),
        ("GET", f"{NETWORK}2/virtualNetworkPeerings/out", "NotFound"),
        ("POST", PEERING, "MethodNotAllowed"),
        ("PUT", f"{NETWORK}/virtualNetworkPeerings", "MethodNotAllowed"),
    ],
)
async def test_other_requests_are_refused(method: str, path: str, code: str) -> None:
    async with network_lab() as lab:
        await make(lab)

        reply = await lab.ask(method, path, towards(f"{NETWORK}9"))

        assert error_codes(reply)[0] == code
