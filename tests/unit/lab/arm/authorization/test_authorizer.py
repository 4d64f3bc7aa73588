import pytest

from bascule.lab.arm.authorization.authorizer import Authorizer
from bascule.lab.arm.authorization.principals import Principals
from bascule.lab.arm.authorization.provider import AuthorizationProvider
from bascule.lab.arm.requests import ArmRefusal
from bascule.lab.arm.world import ArmWorld
from tests.support.arm_world import ADMIN, RG, S, ask, make_world, request

GATEWAY = f"{RG}/providers/Microsoft.Network/applicationGateways/g"
SUBNET = f"{RG}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
WITH_SUBNET = {"properties": {"gatewayIPConfigurations": [{"subnet": {"id": SUBNET}}]}}


def provider_of(world: ArmWorld) -> AuthorizationProvider:
    return AuthorizationProvider(world, Principals(world.clock, world.resources))


def refusal(authorizer: Authorizer, method: str, path: str, body: object = None) -> ArmRefusal:
    with pytest.raises(ArmRefusal) as caught:
        authorizer.check(request(method, path, body))
    return caught.value


def test_who_was_given_nothing_may_do_nothing() -> None:
    authorizer = Authorizer(make_world())

    answer = refusal(authorizer, "GET", GATEWAY)

    assert (answer.status, answer.code) == (403, "AuthorizationFailed")
    assert answer.message == (
        f"The client '{ADMIN.app_id}' with object id '{ADMIN.object_id}' does not have "
        "authorization to perform action 'Microsoft.Network/applicationGateways/read' over scope "
        f"'{GATEWAY}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials."
    )
    assert answer.headers == {"x-ms-failure-cause": "gateway"}


def test_a_reader_reads_and_asks_what_is_free() -> None:
    world = make_world()
    provider_of(world).grant(ADMIN.object_id, "Reader", RG)
    authorizer = Authorizer(world)

    authorizer.check(request("GET", GATEWAY))
    authorizer.check(request("GET", f"{S}/providers/Microsoft.Network/locations/l/operations/1"))
    assert refusal(authorizer, "PUT", GATEWAY).code == "AuthorizationFailed"
    assert refusal(authorizer, "GET", S).code == "AuthorizationFailed"


def test_a_write_needs_the_right_to_join_what_it_links_to() -> None:
    world = make_world()
    provider = provider_of(world)
    provider.grant(ADMIN.object_id, "Contributor", GATEWAY)
    authorizer = Authorizer(world)

    answer = refusal(authorizer, "PUT", GATEWAY, WITH_SUBNET)

    assert (answer.status, answer.code) == (403, "LinkedAuthorizationFailed")
    assert "'Microsoft.Network/virtualNetworks/subnets/join/action'" in answer.message
    assert f"linked scope(s) '{SUBNET}'" in answer.message
    provider.grant(ADMIN.object_id, "Network Contributor", SUBNET)
    authorizer.check(request("PUT", GATEWAY, WITH_SUBNET))


def test_a_custom_role_is_read_from_its_definition() -> None:
    world = make_world()
    definition = f"{S}/providers/Microsoft.Authorization/roleDefinitions/custom"
    world.resources.put(
        {
            "id": definition,
            "name": "custom",
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {
                "roleName": "writer",
                "permissions": [{"actions": ["Microsoft.Network/applicationGateways/*"]}],
            },
        }
    )
    world.resources.put(
        {
            "id": f"{RG}/providers/Microsoft.Authorization/roleAssignments/a",
            "name": "a",
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "principalId": ADMIN.object_id,
                "roleDefinitionId": definition,
                "scope": RG,
            },
        }
    )
    authorizer = Authorizer(world)

    assert authorizer.allows(
        ADMIN.object_id, "Microsoft.Network/applicationGateways/write", GATEWAY
    )
    assert not authorizer.allows(ADMIN.object_id, "Microsoft.Network/virtualNetworks/read", RG)
    assert authorizer.role(f"{definition}x") is None


@pytest.mark.parametrize(
    ("level", "scope", "method", "path"),
    [
        ("CanNotDelete", RG, "DELETE", GATEWAY),
        ("CanNotDelete", GATEWAY, "DELETE", RG),
        ("ReadOnly", RG, "PUT", GATEWAY),
        ("ReadOnly", RG, "POST", f"{GATEWAY}/stop"),
        ("ReadOnly", GATEWAY, "DELETE", RG),
    ],
)
async def test_locks_stand_in_the_way_of_changes(
    level: str, scope: str, method: str, path: str
) -> None:
    authorizer, lock = await locked(level, scope)

    answer = refusal(authorizer, method, path)

    assert (answer.status, answer.code) == (409, "ScopeLocked")
    assert scope in answer.message
    authorizer.check(request("DELETE", lock))


@pytest.mark.parametrize(
    ("level", "scope", "method", "path"),
    [
        ("CanNotDelete", RG, "PUT", GATEWAY),
        ("ReadOnly", RG, "GET", GATEWAY),
        ("CanNotDelete", f"{RG}2", "DELETE", GATEWAY),
    ],
)
async def test_locks_let_pass_what_they_are_not_for(
    level: str, scope: str, method: str, path: str
) -> None:
    authorizer, _ = await locked(level, scope)

    authorizer.check(request(method, path))


async def locked(level: str, scope: str) -> tuple[Authorizer, str]:
    world = make_world()
    provider = provider_of(world)
    provider.grant(ADMIN.object_id, "Owner", S)
    lock = f"{scope}/providers/Microsoft.Authorization/locks/keep"
    await ask(provider, "PUT", lock, {"properties": {"level": level}})
    return Authorizer(world), lock
