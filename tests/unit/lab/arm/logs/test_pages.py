"""Workspaces, diagnostic settings and log queries of a lab, and who may do what with them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bascule.lab.arm.logs.pages import AUDIENCE
from bascule.lab.arm.requests import ArmReply
from tests.support.arm_logs import logged, setting, workspace_id
from tests.support.lab_azure import URL, AzureUser, running_azure

LOGS = f"{URL}/loganalytics"
COUNT = "AGWAccessLogs | count"


class World:
    """A user of a lab with a gateway and a workspace; nothing serves."""

    def __init__(self, user: AzureUser, group: str) -> None:
        self.user = user
        self.gateway = f"{group}/providers/Microsoft.Network/applicationGateways/gw"
        self.workspace = workspace_id(group)
        self.archive = user.azure.logs.archive

    async def set_up(self) -> None:
        world = self.user.azure.world
        kind = "Microsoft.Network/applicationGateways"
        world.resources.put({"id": self.gateway, "name": "gw", "type": kind, "properties": {}})
        await self.make_workspace(self.workspace)

    async def make_workspace(self, place: str, **properties: Any) -> ArmReply:
        body = {"location": "eastus", "properties": properties}
        return await self.user.ask("PUT", place, body)

    async def send_logs(self, name: str = "logs", **more: Any) -> ArmReply:
        return await self.user.ask(
            "PUT",
            f"{self.gateway}/providers/Microsoft.Insights/diagnosticSettings/{name}",
            setting(more.pop("workspace", self.workspace), **more),
        )

    async def serve(self, count: int, **more: Any) -> None:
        """Have that many requests served, and wait until they can be seen."""
        clock = self.user.clock
        requests = [logged(clock.now(), **more) for _ in range(count)]
        self.archive.note(self.gateway, "0-1", requests)
        await clock.advance(300)

    async def query(self, text: str = COUNT, place: str = "") -> ArmReply:
        arm_token = self.user.token
        await self.user.sign_in(audience=LOGS)
        path = f"/loganalytics/v1{place or self.gateway}/query"
        reply = await self.user.send("POST", path, {"query": text})
        self.user.token = arm_token
        return reply

    async def count(self, text: str = COUNT, place: str = "") -> int:
        reply = await self.query(text, place)
        assert reply.status == 200, reply.body
        found: int = reply.body["tables"][0]["rows"][0][0]
        return found


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_azure() as user:
        made = World(user, await user.make_group())
        await made.set_up()
        yield made


async def test_rows_of_a_gateway_come_late_into_the_table_that_was_asked_for(world: World) -> None:
    await world.send_logs()
    world.archive.note(world.gateway, "0-1", [logged(world.user.clock.now())])

    early = await world.count()
    await world.user.clock.advance(300)

    assert early == 0
    assert await world.count() == 1
    assert await world.count("AzureDiagnostics | count") == 0


async def test_columns_are_those_of_azures_tables(world: World) -> None:
    await world.send_logs()
    await world.send_logs("more", kind=None)
    await world.serve(1, status=504, server=None, latency_ms=None, client="127.9.0.1:7")

    own = await world.query("AGWAccessLogs | project ClientIp, ServerRouted, HttpStatus, TimeTaken")
    shared = await world.query(
        'AzureDiagnostics | where Category == "ApplicationGatewayAccessLog" | project clientIP_s, '
        "serverRouted_s, httpStatus_d, timeTaken_d, serverResponseLatency_s, TimeGenerated"
    )

    (table,) = own.body["tables"]
    assert table["name"] == "PrimaryResult"
    assert [each["type"] for each in table["columns"]] == ["string", "string", "long", "real"]
    assert table["rows"] == [["10.9.0.1", "", 504, 0.025]]
    (other,) = shared.body["tables"]
    assert other["columns"][-1] == {"name": "TimeGenerated", "type": "datetime"}
    assert other["rows"][0][:5] == ["10.9.0.1", "", 504.0, 0.025, ""]


async def test_who_asks_from_the_labs_machine_is_no_instance_of_azures(world: World) -> None:
    await world.send_logs()
    await world.serve(1)

    found = await world.query("AGWAccessLogs | project ClientIp, ServerRouted, Type")

    assert found.body["tables"][0]["rows"] == [["192.0.2.1", "10.1.0.1:8080", "AGWAccessLogs"]]


async def test_two_workspaces_give_each_row_twice_and_a_workspace_its_own(world: World) -> None:
    other = world.workspace + "2"
    made = await world.make_workspace(other)
    await world.send_logs()
    await world.send_logs("more", workspace=other)
    await world.serve(2)

    customer_id = made.body["properties"]["customerId"]

    assert await world.count() == 4
    assert await world.count(place=f"/workspaces/{customer_id}") == 2


async def test_a_query_takes_a_token_of_its_own(world: World) -> None:
    place = f"/loganalytics/v1{world.gateway}/query"

    refused = await world.user.send("POST", place, {"query": COUNT})
    await world.user.sign_in(audience=AUDIENCE)
    taken = await world.user.send("POST", place, {"query": COUNT})
    arm = await world.user.ask("GET", world.gateway)

    assert refused.status == 401
    assert LOGS in refused.body["error"]["message"]
    assert taken.status == 200
    assert arm.status == 401


async def test_what_is_not_understood_is_told_as_azure_tells_it(world: World) -> None:
    reply = await world.query("AGWAccessLogs | render timechart")

    assert reply.status == 400
    assert reply.body["error"] == {
        "code": "BadArgumentError",
        "message": "The request had some invalid properties",
        "innererror": {"code": "SyntaxError", "message": "the lab has no operator render"},
    }


async def test_what_there_is_not_is_not_found(world: World) -> None:
    absent = world.gateway + "2"

    found = [
        await world.query(place=absent),
        await world.query(place="/workspaces/00000000-0000-0000-0000-000000000000"),
        await world.user.send("GET", f"/loganalytics/v1{world.gateway}/query"),
    ]

    await world.user.sign_in(audience=LOGS)
    wrong = await world.user.send("GET", f"/loganalytics/v1{world.gateway}/query")
    assert [each.status for each in (*found[:2], wrong)] == [404, 404, 404]
    assert found[0].body["error"]["code"] == "ResourceNotFoundError"


async def test_reading_takes_the_right_to_the_gateways_logs_or_to_the_workspace(
    world: World,
) -> None:
    user = world.user
    await world.send_logs()
    await world.serve(3)
    directory = user.azure.directory
    application = directory.add_application("reader")
    principal = directory.add_service_principal(application["appId"])
    _, secret = directory.add_secret(application["appId"])
    gateway = world.gateway
    made = await user.ask("GET", world.workspace)
    customer_id = made.body["properties"]["customerId"]

    async def ask_as_reader(place: str) -> ArmReply:
        token = user.token
        await user.sign_in(application["appId"], secret, audience=LOGS)
        reply = await user.send("POST", f"/loganalytics/v1{place}/query", {"query": COUNT})
        user.token = token
        return reply

    nothing = await ask_as_reader(gateway)
    await give(user, principal["id"], gateway, "Microsoft.Insights/logs/AGWAccessLogs/read")
    by_resource = await ask_as_reader(gateway)
    by_workspace = await ask_as_reader(f"/workspaces/{customer_id}")
    closed = {"features": {"enableLogAccessUsingOnlyResourcePermissions": False}}
    await world.make_workspace(world.workspace, **closed)
    quiet = await ask_as_reader(gateway)
    await give(
        user, principal["id"], world.workspace, "Microsoft.OperationalInsights/workspaces/query/*"
    )
    both = await ask_as_reader(gateway)

    assert nothing.status == 403
    assert nothing.body["error"]["code"] == "InsufficientAccessError"
    assert nothing.body["error"]["innererror"]["code"] == "AuthorizationFailedError"
    assert by_workspace.status == 403
    rows = [each.body["tables"][0]["rows"] for each in (by_resource, quiet, both)]
    assert rows == [[[3]], [[0]], [[3]]]


async def give(user: AzureUser, principal_id: str, scope: str, action: str) -> None:
    """Let somebody do one thing at a scope."""
    number = len([*user.azure.world.resources.of_type("Microsoft.Authorization/roleDefinitions")])
    name = f"00000000-0000-4000-8000-{number:012}"
    group = scope.partition("/providers/")[0]
    place = f"{group}/providers/Microsoft.Authorization"
    role = await user.ask(
        "PUT",
        f"{place}/roleDefinitions/{name}",
        {
            "properties": {
                "roleName": action,
                "type": "CustomRole",
                "permissions": [{"actions": [action]}],
                "assignableScopes": [group],
            }
        },
    )
    assert role.status == 201, role.body
    given = await user.ask(
        "PUT",
        f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        {
            "properties": {
                "roleDefinitionId": role.body["id"],
                "principalId": principal_id,
                "principalType": "ServicePrincipal",
            }
        },
    )
    assert given.status == 201, given.body


async def test_nothing_is_kept_of_a_gateway_whose_log_nobody_wants(world: World) -> None:
    assert not world.archive.is_wanted(world.gateway)
    await world.send_logs(logs=[{"category": "ApplicationGatewayFirewallLog", "enabled": True}])
    assert not world.archive.is_wanted(world.gateway)
    await world.send_logs(logs=[{"categoryGroup": "allLogs", "enabled": True}])
    assert world.archive.is_wanted(world.gateway)


async def test_a_setting_is_kept_shown_listed_and_deleted(world: World) -> None:
    settings = f"{world.gateway}/providers/Microsoft.Insights/diagnosticSettings"
    made = await world.send_logs()

    shown = await world.user.ask("GET", f"{settings}/logs")
    listed = await world.user.ask("GET", settings)
    gone = [await world.user.ask("DELETE", f"{settings}/logs") for _ in range(2)]
    absent = await world.user.ask("GET", f"{settings}/logs")

    assert made.status == 200
    assert shown.body == made.body
    assert made.body["properties"]["logs"][0]["category"] == "ApplicationGatewayAccessLog"
    assert listed.body["value"] == [made.body]
    assert [each.status for each in (*gone, absent)] == [200, 204, 404]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"workspace": ""}, 400),
        ({"workspace": "/subscriptions/s/resourceGroups/g/providers/X/workspaces/w"}, 404),
        ({"logs": [{"category": "Everything", "enabled": True}]}, 400),
        ({"logs": [{"enabled": True}]}, 400),
        ({"logs": [{"categoryGroup": "audit", "enabled": True}]}, 400),
    ],
)
async def test_a_setting_that_makes_no_sense_is_refused(
    world: World, changes: dict[str, Any], status: int
) -> None:
    assert (await world.send_logs(**changes)).status == status


async def test_only_gateways_have_settings_and_no_more_than_five(world: World) -> None:
    for number in range(5):
        assert (await world.send_logs(f"logs{number}")).status == 200

    assert (await world.send_logs("one-more")).status == 400
    assert (await world.send_logs("logs1")).status == 200
    world.gateway = world.workspace
    assert (await world.send_logs()).status == 400
    world.gateway += "2"
    assert (await world.send_logs()).status == 404


async def test_a_workspace_keeps_its_id_and_what_was_said_of_it(world: World) -> None:
    user = world.user
    first = await user.ask("GET", world.workspace)
    changed = await user.ask("PATCH", world.workspace, {"tags": {"team": "web"}})
    listed = await user.ask("GET", world.workspace.rpartition("/")[0])
    gone = [await user.ask("DELETE", world.workspace) for _ in range(2)]

    properties = first.body["properties"]
    assert properties["features"]["enableLogAccessUsingOnlyResourcePermissions"] is True
    assert changed.body["properties"] == properties
    assert changed.body["tags"] == {"team": "web"}
    assert [each["id"] for each in listed.body["value"]] == [world.workspace]
    assert [each.status for each in gone] == [200, 204]
    assert [
        (await user.ask("GET", world.workspace)).status,
        (await user.ask("PATCH", world.workspace, {})).status,
        (await user.ask("PUT", world.workspace, {})).status,
        (await user.ask("GET", f"{world.workspace}/tables/T")).status,
    ] == [404, 404, 400, 404]
