from typing import Any

import pytest

from bascule.lab.arm.authorization.principals import Principal, Principals
from bascule.lab.arm.authorization.provider import AuthorizationProvider
from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.world import ArmWorld
from tests.support.arm_world import ADMIN, RG, S, ask, make_world
from tests.support.virtual_clock import VirtualClock

SUBNET = f"{RG}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
AUTH = "/providers/Microsoft.Authorization"
SOMEBODY = "55555555-5555-5555-5555-555555555555"
NETWORK_CONTRIBUTOR = f"{S}{AUTH}/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7"
ASSIGNMENT = {
    "properties": {
        "principalId": SOMEBODY,
        "roleDefinitionId": NETWORK_CONTRIBUTOR,
        "principalType": "ServicePrincipal",
    }
}


def provider_of(world: ArmWorld, lag_s: float = 0.0) -> AuthorizationProvider:
    principals = Principals(world.clock, world.resources, lag_s=lag_s)
    principals.add(Principal(id=SOMEBODY))
    return AuthorizationProvider(world, principals)


async def values(
    provider: AuthorizationProvider, path: str, filter_text: str = ""
) -> list[dict[str, Any]]:
    reply = await ask(provider, "GET", path, query={"$filter": filter_text} if filter_text else {})
    found: list[dict[str, Any]] = reply.body["value"]
    return found


async def refused(provider: AuthorizationProvider, method: str, path: str, body: Any) -> ArmRefusal:
    with pytest.raises(ArmRefusal) as caught:
        await ask(provider, method, path, body)
    return caught.value


async def test_a_role_is_found_by_its_name_at_any_scope() -> None:
    provider = provider_of(make_world())

    found = await values(
        provider, f"{SUBNET}{AUTH}/roleDefinitions", "roleName eq 'Network Contributor'"
    )

    assert [each["id"] for each in found] == [NETWORK_CONTRIBUTOR]
    assert (await ask(provider, "GET", NETWORK_CONTRIBUTOR)).body == found[0]


async def test_an_assignment_is_made_once() -> None:
    provider = provider_of(make_world())
    path = f"{SUBNET}{AUTH}/roleAssignments/one"

    made = await ask(provider, "PUT", path, ASSIGNMENT)
    twin = await refused(provider, "PUT", f"{SUBNET}{AUTH}/roleAssignments/two", ASSIGNMENT)

    assert made.status == 201
    assert made.body["id"] == path
    assert made.body["properties"]["scope"] == SUBNET
    assert (twin.status, twin.code) == (409, "RoleAssignmentExists")
    assert (await ask(provider, "GET", path)).body == made.body
    assert (await ask(provider, "DELETE", path)).status == 200
    assert (await ask(provider, "DELETE", path)).status == 204


async def test_an_assignment_cannot_become_another() -> None:
    provider = provider_of(make_world())
    path = f"{SUBNET}{AUTH}/roleAssignments/one"
    await ask(provider, "PUT", path, ASSIGNMENT)
    other = {"properties": {**ASSIGNMENT["properties"], "principalId": ADMIN.object_id}}

    assert (await refused(provider, "PUT", path, other)).code == "RoleAssignmentUpdateNotPermitted"


async def test_a_principal_that_replicas_do_not_know_yet_is_refused_without_its_type() -> None:
    clock = VirtualClock()
    provider = provider_of(make_world(clock), lag_s=30)
    bare = {key: ASSIGNMENT["properties"][key] for key in ("principalId", "roleDefinitionId")}
    path = f"{RG}{AUTH}/roleAssignments/one"

    early = await refused(provider, "PUT", path, {"properties": bare})
    await clock.advance(31)

    assert (early.status, early.code) == (400, "PrincipalNotFound")
    assert (await ask(provider, "PUT", path, {"properties": bare})).status == 201


async def test_an_identity_of_a_resource_is_a_principal() -> None:
    world = make_world()
    provider = AuthorizationProvider(world, Principals(world.clock, world.resources))
    identity = f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
    path = f"{RG}{AUTH}/roleAssignments/one"
    bare = {key: ASSIGNMENT["properties"][key] for key in ("principalId", "roleDefinitionId")}

    unknown = await refused(provider, "PUT", path, {"properties": bare})
    world.resources.put(
        {
            "id": identity,
            "name": "i",
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "properties": {"principalId": SOMEBODY},
        }
    )

    assert unknown.code == "PrincipalNotFound"
    assert (await ask(provider, "PUT", path, {"properties": bare})).status == 201


async def test_a_role_that_does_not_exist_is_refused() -> None:
    provider = provider_of(make_world())
    body = {"properties": {**ASSIGNMENT["properties"], "roleDefinitionId": "x/nope"}}

    answer = await refused(provider, "PUT", f"{RG}{AUTH}/roleAssignments/one", body)

    assert (answer.status, answer.code) == (400, "RoleDefinitionDoesNotExist")


async def test_lists_show_what_holds_at_a_scope() -> None:
    provider = provider_of(make_world())
    provider.grant(ADMIN.object_id, "Owner", S)
    await ask(provider, "PUT", f"{SUBNET}{AUTH}/roleAssignments/one", ASSIGNMENT)
    assignments = f"{RG}{AUTH}/roleAssignments"

    everything = await values(provider, assignments)
    at_scope = await values(provider, assignments, "atScope()")
    of_somebody = await values(provider, assignments, f"principalId eq '{SOMEBODY}'")
    assigned = await values(provider, assignments, f"assignedTo('{SOMEBODY}')")
    at_subnet = await values(provider, f"{SUBNET}{AUTH}/roleAssignments", "atScope()")

    assert len(everything) == 2
    assert [each["properties"]["principalId"] for each in at_scope] == [ADMIN.object_id]
    assert of_somebody == assigned
    assert [each["name"] for each in of_somebody] == ["one"]
    assert len(at_subnet) == 2


async def test_permissions_are_those_that_hold_at_the_scope() -> None:
    provider = provider_of(make_world())
    provider.grant(ADMIN.object_id, "Reader", RG)

    below = await values(provider, f"{SUBNET}{AUTH}/permissions")
    above = await values(provider, f"{S}{AUTH}/permissions")

    assert [each["actions"] for each in below] == [["*/read"]]
    assert above == []


async def test_a_custom_role_lives_until_nobody_has_it() -> None:
    provider = provider_of(make_world())
    path = f"{S}{AUTH}/roleDefinitions/custom"
    body = {
        "properties": {
            "roleName": "writer",
            "assignableScopes": [RG],
            "permissions": [{"actions": ["a/read"]}],
        }
    }

    made = await ask(provider, "PUT", path, body)
    changed = await ask(provider, "PUT", path, body)
    twin = await refused(provider, "PUT", f"{S}{AUTH}/roleDefinitions/other", body)
    assignment = {"properties": {**ASSIGNMENT["properties"], "roleDefinitionId": path}}
    await ask(provider, "PUT", f"{RG}{AUTH}/roleAssignments/one", assignment)
    used = await refused(provider, "DELETE", path, None)
    await ask(provider, "DELETE", f"{RG}{AUTH}/roleAssignments/one")

    assert (made.status, changed.status) == (201, 200)
    assert twin.code == "RoleDefinitionWithSameNameExists"
    assert used.code == "RoleDefinitionHasAssignments"
    found = await values(provider, f"{RG}{AUTH}/roleDefinitions", "type eq 'CustomRole'")
    assert [each["id"] for each in found] == [path]
    assert (await ask(provider, "DELETE", f"{RG}{AUTH}/roleDefinitions/custom")).status == 200
    assert (await ask(provider, "DELETE", path)).status == 204


async def test_what_is_not_there_is_not_found() -> None:
    provider = provider_of(make_world())

    for method, path in (
        ("GET", f"{RG}{AUTH}/roleAssignments/none"),
        ("PATCH", f"{RG}{AUTH}/locks/none"),
        ("GET", f"{RG}{AUTH}/wonders/none"),
    ):
        assert (await refused(provider, method, path, None)).status == 404


async def test_there_are_no_deny_assignments_and_policies_are_kept() -> None:
    provider = provider_of(make_world())
    policy = f"{RG}{AUTH}/policyAssignments/p"

    assert await values(provider, f"{RG}{AUTH}/denyAssignments") == []
    assert (await ask(provider, "PUT", policy, {"properties": {"x": 1}})).status == 201
    assert [each["name"] for each in await values(provider, f"{RG}{AUTH}/policyAssignments")] == [
        "p"
    ]
