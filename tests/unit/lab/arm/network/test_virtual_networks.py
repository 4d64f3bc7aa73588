import pytest

from bascule.lab.arm.network.attachments import attach, detach
from tests.support.arm_network import (
    CLUSTER_SUBNET,
    GATEWAY_SUBNET,
    NET,
    NETWORK,
    error_codes,
    network_body,
    network_lab,
    subnet_body,
)
from tests.support.arm_world import LOCATION, OPERATION_S, RG

NODE = f"{RG}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss"


async def test_a_subnet_appears_in_its_network_with_the_same_etag() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        network = await lab.get(NETWORK)
        subnets = [await lab.get(each) for each in (GATEWAY_SUBNET, CLUSTER_SUBNET)]

        assert network["properties"]["subnets"] == subnets
        assert {network["etag"], *(each["etag"] for each in subnets)} == {network["etag"]}
        assert (await lab.get(f"{NETWORK}/subnets"))["value"] == subnets
        assert subnets[1]["properties"] == {
            "addressPrefix": "10.240.0.0/16",
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
            "provisioningState": "Succeeded",
        }


async def test_a_network_is_made_by_an_operation() -> None:
    async with network_lab() as lab:
        reply = await lab.ask("PUT", NETWORK, network_body())

        assert (reply.status, reply.body["properties"]["provisioningState"]) == (201, "Updating")
        assert reply.body["location"] == LOCATION
        await lab.clock.advance(OPERATION_S - 1)
        assert lab.status(reply) == {"status": "InProgress"}
        await lab.clock.advance(2)
        assert lab.status(reply) == {"status": "Succeeded"}
        shown = await lab.ask("GET", NETWORK)
        assert shown.body["etag"] != reply.body["etag"]
        assert shown.headers["ETag"] == shown.body["etag"]
        assert (await lab.ask("PUT", NETWORK, network_body())).status == 200


async def test_one_operation_at_a_time_changes_a_network_or_any_subnet_of_it() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await lab.ask("PUT", CLUSTER_SUBNET, subnet_body("10.240.0.0/16"))

        replies = [
            await lab.ask("PUT", GATEWAY_SUBNET, subnet_body("10.1.0.0/16")),
            await lab.ask("PUT", NETWORK, network_body()),
            await lab.ask("DELETE", GATEWAY_SUBNET),
            await lab.ask("DELETE", NETWORK),
        ]

        assert [(each.status, *error_codes(each)) for each in replies] == [
            (409, "AnotherOperationInProgress")
        ] * 4


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        ("10.1.128.0/24", "NetcfgSubnetRangesOverlap"),
        ("11.0.0.0/24", "NetcfgInvalidSubnet"),
        ("10.5.0.0/30", "NetcfgInvalidSubnet"),
        ("10.5.0.1/24", "InvalidCIDRNotation"),
        ("somewhere", "InvalidAddressPrefixFormat"),
    ],
)
async def test_a_subnet_has_its_own_place_in_the_network(prefix: str, code: str) -> None:
    async with network_lab() as lab:
        await lab.make_article()
        before = await lab.get(NETWORK)

        reply = await lab.ask("PUT", f"{NETWORK}/subnets/new", subnet_body(prefix))

        assert (reply.status, *error_codes(reply)) == (400, code)
        assert await lab.get(NETWORK) == before


@pytest.mark.parametrize("prefixes", [[], ["10.0.0.0/8", "10.1.0.0/16"]])
async def test_a_network_has_address_space_that_does_not_overlap(prefixes: list[str]) -> None:
    async with network_lab() as lab:
        body = network_body()
        body["properties"] = {"addressSpace": {"addressPrefixes": prefixes}}

        assert (await lab.ask("PUT", NETWORK, body)).status == 400


async def test_a_network_that_is_put_without_a_subnet_loses_it_unless_it_is_used() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        attach(lab.world.resources, CLUSTER_SUBNET, [f"{NODE}/0/ipConfigurations/i"])
        refused = await lab.ask("PUT", NETWORK, network_body())
        detach(lab.world.resources, CLUSTER_SUBNET, NODE)

        await lab.done("PUT", NETWORK, network_body())

        assert error_codes(refused) == ("InUseSubnetCannotBeDeleted",)
        names = [each["name"] for each in (await lab.get(NETWORK))["properties"]["subnets"]]
        assert names == ["AppGwSubnet"]


async def test_a_subnet_in_use_keeps_its_prefix_and_its_users_through_a_put() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        user = f"{NODE}/0/ipConfigurations/i"
        attach(lab.world.resources, CLUSTER_SUBNET, [user, user.upper()])

        await lab.done("PUT", CLUSTER_SUBNET, subnet_body("10.240.0.0/16"))
        refused = await lab.ask("PUT", CLUSTER_SUBNET, subnet_body("10.241.0.0/16"))

        subnet = await lab.get(CLUSTER_SUBNET)
        assert subnet["properties"]["ipConfigurations"] == [{"id": user}]
        assert error_codes(refused) == ("InUseSubnetCannotBeUpdated",)


async def test_a_subnet_is_deleted_and_its_network_says_so() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        reply = await lab.ask("DELETE", CLUSTER_SUBNET)
        assert reply.status == 202
        shown = await lab.get(CLUSTER_SUBNET)
        assert shown["properties"]["provisioningState"] == "Deleting"
        await lab.settle()

        assert lab.poll(reply.headers["Location"]).status == 204
        gone = await lab.ask("GET", CLUSTER_SUBNET)
        assert (gone.status, *error_codes(gone)) == (404, "NotFound")
        assert len((await lab.get(NETWORK))["properties"]["subnets"]) == 1
        assert (await lab.ask("DELETE", CLUSTER_SUBNET)).status == 204


async def test_a_network_is_deleted_with_its_subnets() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        await lab.done("DELETE", NETWORK)

        gone = await lab.ask("GET", NETWORK)
        assert (gone.status, *error_codes(gone)) == (404, "ResourceNotFound")
        assert (await lab.ask("DELETE", NETWORK)).status == 204
        orphan = await lab.ask("PUT", CLUSTER_SUBNET, subnet_body("10.240.0.0/16"))
        assert (orphan.status, *error_codes(orphan)) == (404, "ParentResourceNotFound")


async def test_conditions_are_honoured() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        etag = (await lab.get(NETWORK))["etag"]
        body = subnet_body("10.240.0.0/16")

        refused = [
            await lab.ask("PUT", CLUSTER_SUBNET, body, headers={"if-match": 'W/"other"'}),
            await lab.ask("PUT", CLUSTER_SUBNET, body, headers={"if-none-match": "*"}),
            await lab.ask("DELETE", NETWORK, headers={"if-match": "other"}),
            await lab.ask("PUT", f"{NETWORK}2", network_body(), headers={"if-match": etag}),
        ]

        assert [each.status for each in refused] == [412] * 4
        accepted = await lab.ask("PUT", CLUSTER_SUBNET, body, headers={"if-match": etag})
        assert accepted.status == 200


async def test_what_a_subnet_refers_to_must_exist_and_shows_it() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        table = f"{NET}/routeTables/table"
        body = subnet_body("10.240.0.0/16")
        body["properties"]["routeTable"] = {"id": table}
        refused = await lab.ask("PUT", CLUSTER_SUBNET, body)
        await lab.done("PUT", table, {"location": LOCATION, "properties": {}})

        await lab.done("PUT", CLUSTER_SUBNET, body)

        assert error_codes(refused) == ("InvalidResourceReference",)
        assert (await lab.get(CLUSTER_SUBNET))["properties"]["routeTable"] == {"id": table}
        assert (await lab.get(table))["properties"]["subnets"] == [{"id": CLUSTER_SUBNET}]
        held = await lab.ask("DELETE", table)
        assert error_codes(held) == ("InUseRouteTableCannotBeDeleted",)


async def test_usages_count_what_is_given_out() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        users = [f"{NODE}/{number}/ipConfigurations/i" for number in range(3)]
        attach(lab.world.resources, CLUSTER_SUBNET, users)

        values = (await lab.get(f"{NETWORK}/usages"))["value"]

        assert [(each["id"], each["currentValue"], each["limit"]) for each in values] == [
            (GATEWAY_SUBNET, 0, 65_531),
            (CLUSTER_SUBNET, 3, 65_531),
        ]


async def test_an_address_is_free_taken_or_kept_by_azure() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        nic = f"{NET}/networkInterfaces/nic"
        taken = {
            "ipConfigurations": [{"name": "i", "properties": {"privateIPAddress": "10.1.0.4"}}]
        }
        await lab.done("PUT", nic, {"location": LOCATION, "properties": taken})

        found = {
            text: (
                await lab.ask(
                    "GET", f"{NETWORK}/CheckIPAddressAvailability", query={"ipAddress": text}
                )
            ).body
            for text in ("10.1.0.9", "10.1.0.4", "10.1.0.1", "10.9.0.1", "x")
        }

        assert found["10.1.0.9"] == {
            "available": True,
            "availableIPAddresses": [],
            "isPlatformReserved": False,
        }
        assert not found["10.1.0.4"]["available"]
        assert found["10.1.0.4"]["availableIPAddresses"] == [
            f"10.1.0.{last}" for last in range(5, 10)
        ]
        assert found["10.1.0.1"]["isPlatformReserved"]
        assert found["10.9.0.1"]["error"]["code"] == "PrivateIPAddressNotInAnySubnet"
        assert found["x"]["error"]["code"] == "InvalidIPAddressFormat"


async def test_delegations_are_kept_and_stamped() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        body = subnet_body("10.240.0.0/16")
        service = "Microsoft.Network/applicationGateways"
        body["properties"]["delegations"] = [{"name": "d", "properties": {"serviceName": service}}]

        await lab.done("PUT", CLUSTER_SUBNET, body)

        (shown,) = (await lab.get(CLUSTER_SUBNET))["properties"]["delegations"]
        assert shown["id"] == f"{CLUSTER_SUBNET}/delegations/d"
        assert shown["properties"]["serviceName"] == service


async def test_tags_are_changed_at_once() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        reply = await lab.ask("PATCH", NETWORK, {"tags": {"a": "b"}})

        assert (reply.status, reply.body["tags"]) == (200, {"a": "b"})
        assert (await lab.get(f"{NET}/virtualNetworks"))["value"] == [reply.body]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{NETWORK}/nothing", 404),
        ("POST", f"{NETWORK}/subnets", 405),
        ("POST", NETWORK, 405),
        ("POST", CLUSTER_SUBNET, 405),
        ("PATCH", f"{NETWORK}2", 404),
        ("GET", f"{NETWORK}2/subnets", 404),
    ],
)
async def test_other_requests_are_refused(method: str, path: str, status: int) -> None:
    async with network_lab() as lab:
        await lab.make_article()

        assert (await lab.ask(method, path)).status == status


@pytest.mark.parametrize("body", [None, {"properties": []}, {"properties": {}}])
async def test_a_body_without_properties_or_location_is_refused(body: object) -> None:
    async with network_lab() as lab:
        assert (await lab.ask("PUT", NETWORK, body)).status == 400


async def test_a_subnet_needs_a_name() -> None:
    async with network_lab() as lab:
        body = network_body()
        body["properties"]["subnets"] = [subnet_body("10.1.0.0/16")]

        assert error_codes(await lab.ask("PUT", NETWORK, body)) == ("InvalidRequestFormat",)
