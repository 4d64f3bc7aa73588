import pytest

from tests.support.arm_network import (
    NET,
    PUBLIC_IP,
    error_codes,
    network_lab,
    public_ip_body,
)


async def test_an_address_is_static_and_one_that_clients_can_dial() -> None:
    async with network_lab() as lab:
        reply = await lab.ask("PUT", PUBLIC_IP, public_ip_body())
        await lab.settle()
        await lab.done("PUT", f"{NET}/publicIPAddresses/second", public_ip_body())

        found = await lab.ask("GET", PUBLIC_IP)
        assert (reply.status, reply.body["properties"]["provisioningState"]) == (201, "Updating")
        assert found.headers["ETag"] == found.body["etag"] != reply.body["etag"]
        assert found.body["sku"] == {"name": "Standard", "tier": "Regional"}
        values = (await lab.get(f"{NET}/publicIPAddresses"))["value"]
        assert [each["properties"]["ipAddress"] for each in values] == [
            "127.255.0.1",
            "127.255.0.2",
        ]


async def test_an_address_stays_through_updates_and_is_given_again_after_deletion() -> None:
    async with network_lab() as lab:
        await lab.done("PUT", PUBLIC_IP, public_ip_body())
        again = await lab.done("PUT", PUBLIC_IP, public_ip_body())
        assert (again.status, again.body["properties"]["ipAddress"]) == (200, "127.255.0.1")

        deletion = await lab.done("DELETE", PUBLIC_IP)

        assert deletion.status == 202
        assert (await lab.ask("GET", PUBLIC_IP)).status == 404
        assert (await lab.ask("DELETE", PUBLIC_IP)).status == 204
        made = await lab.ask("PUT", PUBLIC_IP, public_ip_body())
        assert made.body["properties"]["ipAddress"] == "127.255.0.1"


async def test_only_what_azure_still_sells_is_made() -> None:
    async with network_lab() as lab:
        dynamic = public_ip_body()
        dynamic["properties"]["publicIPAllocationMethod"] = "Dynamic"
        basic = public_ip_body() | {"sku": {"name": "Basic"}}

        replies = [await lab.ask("PUT", PUBLIC_IP, each) for each in (dynamic, basic)]

        assert [error_codes(each) for each in replies] == [
            ("StandardSkuPublicIPAddressMustBeStatic",),
            ("IPv4BasicSkuPublicIpCountLimitReached",),
        ]


async def test_conditions_and_running_operations_are_respected() -> None:
    async with network_lab() as lab:
        await lab.ask("PUT", PUBLIC_IP, public_ip_body())
        busy = await lab.ask("PUT", PUBLIC_IP, public_ip_body())
        await lab.settle()
        stale = await lab.ask("DELETE", PUBLIC_IP, headers={"if-match": "old"})

        assert (busy.status, *error_codes(busy)) == (409, "AnotherOperationInProgress")
        assert stale.status == 412


async def test_a_label_gives_a_name_and_tags_change_at_once() -> None:
    async with network_lab() as lab:
        body = public_ip_body()
        body["properties"]["dnsSettings"] = {"domainNameLabel": "shop"}
        await lab.done("PUT", PUBLIC_IP, body)

        reply = await lab.ask("PATCH", PUBLIC_IP, {"tags": {"a": "b"}})

        assert reply.body["tags"] == {"a": "b"}
        fqdn = reply.body["properties"]["dnsSettings"]["fqdn"]
        assert fqdn == "shop.chinanorth2.cloudapp.localhost"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PUBLIC_IP, 404),
        ("PATCH", PUBLIC_IP, 404),
        ("POST", PUBLIC_IP, 405),
        ("GET", f"{PUBLIC_IP}/more", 404),
    ],
)
async def test_other_requests_are_refused(method: str, path: str, status: int) -> None:
    async with network_lab() as lab:
        assert (await lab.ask(method, path)).status == status
