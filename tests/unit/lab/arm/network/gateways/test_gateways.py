from typing import Any

import pytest

from bascule.lab.arm.network.plane_port import ServerHealth
from bascule.lab.arm.operations import Fate, OperationFailedError
from bascule.lab.arm.requests import ArmReply
from tests.support.agic_document import build_agic_gateway
from tests.support.arm_network import (
    GATEWAY,
    GATEWAY_SUBNET,
    NETWORK,
    PUBLIC_IP,
    NetworkLab,
    error_codes,
    gateway_body,
    network_lab,
    rule,
    subnet_body,
)
from tests.support.arm_world import OPERATION_S

OLD_VERSION = {"api-version": "2021-05-01"}


def etags(document: Any) -> set[str]:
    children = [
        child
        for value in document["properties"].values()
        if isinstance(value, list)
        for child in value
    ]
    return {document["etag"], *(child["etag"] for child in children)}


def without_etags(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_etags(each) for name, each in value.items() if name != "etag"}
    return [without_etags(each) for each in value] if isinstance(value, list) else value


async def put(lab: NetworkLab, **changes: Any) -> ArmReply:
    return await lab.ask("PUT", GATEWAY, gateway_body(**changes))


async def put_done(lab: NetworkLab, **changes: Any) -> ArmReply:
    return await lab.done("PUT", GATEWAY, gateway_body(**changes))


def pool(address: str) -> list[dict[str, Any]]:
    return [{"name": "pool", "properties": {"backendAddresses": [{"ipAddress": address}]}}]


async def addresses(lab: NetworkLab) -> list[str]:
    document = await lab.get(GATEWAY)
    found = document["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"]
    return [each["ipAddress"] for each in found]


async def test_a_new_gateway_is_stopped_and_updating_until_its_operation_ends() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        reply = await put(lab)

        accepted = reply.body["properties"]
        assert reply.status == 201
        assert (accepted["provisioningState"], accepted["operationalState"]) == (
            "Updating",
            "Stopped",
        )
        assert reply.headers["Azure-AsyncNotification"] == "Enabled"
        assert "ETag" not in reply.headers
        assert lab.status(reply) == {"status": "InProgress"}

        await lab.clock.advance(OPERATION_S - 1)
        assert (await lab.get(GATEWAY))["properties"]["provisioningState"] == "Updating"
        await lab.clock.advance(2)

        shown = (await lab.get(GATEWAY))["properties"]
        assert (shown["provisioningState"], shown["operationalState"]) == ("Succeeded", "Running")
        assert lab.status(reply) == {"status": "Succeeded"}


async def test_one_etag_covers_the_gateway_and_its_parts_and_changes_twice_with_each_put() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        created = (await put_done(lab)).body
        before = await lab.get(GATEWAY)
        accepted = (await put(lab)).body
        await lab.settle()
        after = await lab.get(GATEWAY)

        seen = [etags(each) for each in (created, before, accepted, after)]
        assert all(len(each) == 1 for each in seen)
        assert len(set.union(*seen)) == 4
        assert (await lab.ask("GET", GATEWAY)).headers["ETag"] == after["etag"]


async def test_a_second_put_supersedes_the_first_which_ends_canceled() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        lab.plane.hold_s = OPERATION_S

        first = await put(lab, backendAddressPools=pool("10.240.0.5"))
        await lab.clock.advance(OPERATION_S / 2)
        second = await put(lab, backendAddressPools=pool("10.240.0.6"))
        await lab.clock.settle()

        status = lab.status(first)
        assert (first.status, second.status) == (200, 200)
        assert (status["status"], status["error"]["code"]) == ("Canceled", "Canceled")
        (detail,) = status["error"]["details"]
        urls = [each.headers["Azure-AsyncOperation"] for each in (first, second)]
        ids = [url.partition("?")[0].rpartition("/")[2] for url in urls]
        names = [f"PutApplicationGatewayOperation ({each})" for each in ids]
        assert detail == {
            "code": "CanceledAndSupersededDueToAnotherOperation",
            "message": f"Operation {names[0]} was canceled and superseded by operation {names[1]}.",
        }
        await lab.settle()
        assert lab.status(second) == {"status": "Succeeded"}
        assert await addresses(lab) == ["10.240.0.6"]
        assert lab.plane.most_at_once == 1


async def test_an_update_soon_says_succeeded_while_it_still_runs() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)

        reply = await put(lab)
        await lab.clock.advance(1)
        at_first = await lab.get(GATEWAY)
        await lab.clock.advance(OPERATION_S / 2)
        later = await lab.get(GATEWAY)

        assert at_first["properties"]["provisioningState"] == "Updating"
        assert later["properties"]["provisioningState"] == "Succeeded"
        assert later["etag"] == at_first["etag"]
        assert lab.status(reply) == {"status": "InProgress"}


async def put_with_old_etag(lab: NetworkLab) -> ArmReply:
    await lab.make_article()
    await put_done(lab)
    etag = (await lab.get(GATEWAY))["etag"]
    await put_done(lab)
    return await lab.ask("PUT", GATEWAY, gateway_body(), headers={"if-match": etag})


async def test_an_etag_of_before_is_refused_where_if_match_is_honoured() -> None:
    async with network_lab() as lab:
        reply = await put_with_old_etag(lab)

        assert reply.status == 412
        assert error_codes(reply) == ("PreconditionFailed", "PreconditionFailedEtagMismatch")


async def test_an_etag_of_before_is_not_looked_at_where_if_match_is_ignored() -> None:
    async with network_lab(honours_if_match=False) as lab:
        assert (await put_with_old_etag(lab)).status == 200


async def test_if_match_holds_for_an_etag_however_it_is_quoted() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        etag = (await lab.get(GATEWAY))["etag"].removeprefix("W/").strip('"')

        reply = await lab.ask("PUT", GATEWAY, gateway_body(), headers={"if-match": f'"{etag}"'})

        assert reply.status == 200


async def test_a_subnet_that_is_being_changed_makes_the_put_retryable() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await lab.ask("PUT", GATEWAY_SUBNET, subnet_body("10.1.0.0/16"))

        reply = await put(lab)

        assert reply.status == 429
        assert error_codes(reply) == ("RetryableError", "ReferencedResourceNotProvisioned")
        assert "PutSubnetOperation" in reply.body["error"]["details"][0]["message"]
        await lab.settle()
        assert (await put(lab)).status == 201


async def test_a_gateway_is_named_where_it_is_attached_until_it_is_deleted() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        attached = f"{GATEWAY}/gatewayIPConfigurations/subnet"

        subnet = await lab.get(GATEWAY_SUBNET)
        assert subnet["properties"]["applicationGatewayIPConfigurations"] == [{"id": attached}]
        public = await lab.get(PUBLIC_IP)
        frontend = f"{GATEWAY}/frontendIPConfigurations/public"
        assert public["properties"]["ipConfiguration"] == {"id": frontend}
        refusals = [await lab.ask("DELETE", each) for each in (GATEWAY_SUBNET, NETWORK, PUBLIC_IP)]
        assert [error_codes(each)[0] for each in refusals] == [
            "InUseSubnetCannotBeDeleted",
            "InUseSubnetCannotBeDeleted",
            "PublicIPAddressCannotBeDeleted",
        ]

        reply = await lab.ask("DELETE", GATEWAY)
        assert reply.status == 202
        assert (await lab.get(GATEWAY))["properties"]["provisioningState"] == "Deleting"
        await lab.settle()

        assert lab.status(reply) == {"status": "Succeeded"}
        assert lab.poll(reply.headers["Location"]).status == 204
        assert (await lab.ask("GET", GATEWAY)).status == 404
        assert (await lab.ask("DELETE", GATEWAY)).status == 204
        assert lab.plane.told == [f"remove {GATEWAY}"]
        for each in (PUBLIC_IP, NETWORK):
            assert (await lab.ask("DELETE", each)).status == 202


async def test_a_put_during_a_deletion_is_refused() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        await lab.ask("DELETE", GATEWAY)

        reply = await put(lab)

        assert (reply.status, *error_codes(reply)) == (409, "AnotherOperationInProgress")


async def test_a_document_that_cannot_be_served_fails_the_operation_with_the_reason() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        lab.plane.refusal = OperationFailedError("PortNotUsable", "Port 80 may not be bound.")

        reply = await put_done(lab)

        assert lab.status(reply) == {
            "status": "Failed",
            "error": {"code": "PortNotUsable", "message": "Port 80 may not be bound."},
        }
        assert (await lab.get(GATEWAY))["properties"]["provisioningState"] == "Failed"


async def test_an_operation_that_a_fault_ends_leaves_the_gateway_failed() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        error = {"code": "InternalServerError", "message": "made up"}
        lab.world.operations.choose_fate = lambda _operation: Fate(error=error)

        reply = await put_done(lab)

        assert lab.status(reply)["status"] == "Failed"
        assert (await lab.get(GATEWAY))["properties"]["provisioningState"] == "Failed"


async def test_the_plane_gets_the_whole_document_its_predecessor_and_literal_addresses() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        await put_done(lab, backendAddressPools=pool("10.240.0.9"))

        (_, _, nothing, _), (gateway_id, document, previous, frontends) = lab.plane.applied

        assert nothing is None
        assert gateway_id == GATEWAY
        assert document["properties"]["backendAddressPools"][0]["properties"][
            "backendAddresses"
        ] == [{"ipAddress": "10.240.0.9"}]
        assert previous is not None
        assert frontends == {"public": "127.255.0.1"}


async def test_stopping_and_starting_are_operations_and_a_put_starts_a_stopped_gateway() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)

        stopping = await lab.ask("POST", f"{GATEWAY}/stop")
        assert stopping.status == 202
        assert (await lab.get(GATEWAY))["properties"]["operationalState"] == "Stopping"
        await lab.settle()
        assert (await lab.get(GATEWAY))["properties"]["operationalState"] == "Stopped"
        await lab.done("POST", f"{GATEWAY}/start")
        assert (await lab.get(GATEWAY))["properties"]["operationalState"] == "Running"
        await lab.done("POST", f"{GATEWAY}/stop")
        await put(lab)
        assert (await lab.get(GATEWAY))["properties"]["operationalState"] == "Starting"
        await lab.settle()

        assert (await lab.get(GATEWAY))["properties"]["operationalState"] == "Running"
        assert lab.plane.told == [f"stop {GATEWAY}", f"stop {GATEWAY}"]
        assert len(lab.plane.applied) == 3


async def test_backend_health_is_answered_below_a_location_alone() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        healthy = ServerHealth("10.240.0.4", "Healthy", "Success. Received 200 status code")
        lab.plane.known = {("pool", "settings"): [healthy]}

        reply = await lab.ask("POST", f"{GATEWAY}/backendhealth")
        assert (reply.status, reply.body) == (202, None)
        assert "Azure-AsyncOperation" not in reply.headers
        assert lab.poll(reply.headers["Location"]).status == 202
        await put(lab)
        await lab.settle()

        answer = lab.poll(reply.headers["Location"])
        assert answer.status == 200
        (found,) = answer.body["backendAddressPools"]
        assert found["backendAddressPool"] == {"id": f"{GATEWAY}/backendAddressPools/pool"}
        (settings,) = found["backendHttpSettingsCollection"]
        assert settings["servers"] == [
            {
                "address": "10.240.0.4",
                "health": "Healthy",
                "healthProbeLog": "Success. Received 200 status code",
            }
        ]


async def test_a_pool_is_probed_on_demand_whatever_case_it_is_named_in() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        lab.plane.known = {("pool", "settings"): [ServerHealth("10.240.0.4", "Healthy", "")]}
        pool_id, settings_id = (
            f"{GATEWAY}/backendAddressPools/pool",
            f"{GATEWAY}/backendHttpSettingsCollection/settings",
        )
        body = {
            "Protocol": "http",
            "path": "/",
            "backendAddressPool": {"id": pool_id.upper()},
            "backendHttpSettings": {"id": settings_id},
        }

        reply = await lab.ask("POST", f"{GATEWAY}/getBackendHealthOnDemand", body)
        await lab.settle()

        assert (reply.status, reply.body) == (202, None)
        assert lab.poll(reply.headers["Location"]).body == {
            "backendAddressPool": {"id": pool_id},
            "backendHealthHttpSettings": {
                "backendHttpSettings": {"id": settings_id},
                "servers": [{"address": "10.240.0.4", "health": "Healthy"}],
            },
        }


@pytest.mark.parametrize("missing", ["backendAddressPool", "backendHttpSettings"])
async def test_what_the_gateway_does_not_have_is_not_probed(missing: str) -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        body = {
            "backendAddressPool": {"id": f"{GATEWAY}/backendAddressPools/pool"},
            "backendHttpSettings": {"id": f"{GATEWAY}/backendHttpSettingsCollection/settings"},
        } | {missing: {"id": "/nowhere"}}

        reply = await lab.ask("POST", f"{GATEWAY}/getBackendHealthOnDemand", body)

        assert (reply.status, reply.body["error"]["code"]) == (400, "InvalidResourceReference")


async def test_tags_are_changed_at_once_and_nothing_else_is() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        before = await lab.get(GATEWAY)

        reply = await lab.ask("PATCH", GATEWAY, {"tags": {"team": "shop"}})

        assert (reply.status, reply.body["tags"]) == (200, {"team": "shop"})
        assert reply.body["etag"] != before["etag"]
        assert len(lab.plane.applied) == 1


async def test_gateways_are_listed_by_group_and_by_subscription() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        below = GATEWAY.rpartition("/")[0]
        of_subscription = below.replace("/resourceGroups/AKS_Upgrade", "")

        for path in (below, of_subscription, below.lower()):
            found = await lab.get(path)
            assert [each["name"] for each in found["value"]] == ["AppGateway"]


async def test_a_refused_put_changes_nothing() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        before = await lab.get(GATEWAY)

        reply = await put(lab, requestRoutingRules=[rule("rule1", None)])

        assert reply.status == 400
        assert await lab.get(GATEWAY) == before


async def test_zones_and_location_stay_what_they_were() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)

        zoned = await lab.ask("PUT", GATEWAY, gateway_body() | {"zones": ["1", "2"]})
        moved = await lab.ask("PUT", GATEWAY, gateway_body() | {"location": "chinaeast2"})

        assert error_codes(zoned) == ("ResourceAvailabilityZonesCannotBeModified",)
        assert (moved.status, *error_codes(moved)) == (409, "InvalidResourceLocation")


async def test_a_gateway_that_served_is_served_again_after_a_restart() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(lab)
        lab.plane.applied.clear()

        await lab.provider.start()

        ((gateway_id, _, previous, frontends),) = lab.plane.applied
        assert (gateway_id, previous, frontends) == (GATEWAY, None, {"public": "127.255.0.1"})


async def test_an_older_api_version_needs_no_priorities() -> None:
    async with network_lab() as lab:
        await lab.make_article()

        reply = await lab.ask(
            "PUT",
            GATEWAY,
            gateway_body(requestRoutingRules=[rule("rule1", None)]),
            query=OLD_VERSION,
        )

        assert reply.status == 201


async def test_the_document_of_agic_is_accepted_with_its_tags() -> None:
    async with network_lab() as lab:
        await lab.make_article()
        body = build_agic_gateway(
            GATEWAY, subnet_id=GATEWAY_SUBNET, address_id=PUBLIC_IP, cluster_id="/clusters/old"
        )

        reply = await lab.done("PUT", GATEWAY, body | {"location": "chinanorth2", "etag": "*"})

        assert lab.status(reply) == {"status": "Succeeded"}
        shown = await lab.get(GATEWAY)
        assert shown["tags"]["ingress-for-aks-cluster-id"] == "/clusters/old"
        assert len(shown["properties"]["requestRoutingRules"]) == 2


async def test_a_document_that_was_read_can_be_put_back_and_changes_nothing_but_etags() -> None:
    pool = {"id": f"{GATEWAY}/backendAddressPools/pool"}
    settings = {"id": f"{GATEWAY}/backendHttpSettingsCollection/settings"}
    rewrites = {"id": f"{GATEWAY}/rewriteRuleSets/headers"}
    path_map = {
        "name": "map",
        "properties": {
            "defaultRedirectConfiguration": {"id": f"{GATEWAY}/redirectConfigurations/there"},
            "pathRules": [
                {
                    "name": "api",
                    "properties": {
                        "paths": ["/api/*"],
                        "backendAddressPool": pool,
                        "backendHttpSettings": settings,
                        "rewriteRuleSet": rewrites,
                    },
                }
            ],
        },
    }
    listener = {"id": f"{GATEWAY}/httpListeners/listener"}
    redirect = {"redirectType": "Found", "targetListener": listener, "someNewField": {"Kept": 1}}
    by_path = rule("rule1", 100)
    by_path["properties"] |= {
        "RuleType": "PathBasedRouting",
        "urlPathMap": {"id": f"{GATEWAY}/urlPathMaps/map"},
    }
    async with network_lab() as lab:
        await lab.make_article()
        await put_done(
            lab,
            urlPathMaps=[path_map],
            redirectConfigurations=[{"name": "there", "properties": redirect}],
            rewriteRuleSets=[{"name": "headers", "properties": {"rewriteRules": []}}],
            requestRoutingRules=[by_path],
            someNewCollection=[{"Name": "kept"}],
        )
        before = await lab.get(GATEWAY)

        await lab.done("PUT", GATEWAY, before)

        after = await lab.get(GATEWAY)
        assert without_etags(after) == without_etags(before)
        assert after["properties"]["someNewCollection"] == [{"name": "kept"}]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", GATEWAY, 404),
        ("PATCH", GATEWAY, 404),
        ("POST", f"{GATEWAY}/stop", 404),
        ("POST", f"{GATEWAY}/dance", 404),
        ("PUT", f"{GATEWAY}/backendAddressPools/pool", 404),
        ("HEAD", GATEWAY, 405),
    ],
)
async def test_what_is_not_there_is_said_to_be_not_there(
    method: str, path: str, status: int
) -> None:
    async with network_lab() as lab:
        reply = await lab.ask(method, path)

        assert reply.status == status
