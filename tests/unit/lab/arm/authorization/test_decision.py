from bascule.lab.arm.authorization.decision import Grant, allows, may_do
from bascule.lab.arm.authorization.roles import (
    CONTRIBUTOR,
    NETWORK_CONTRIBUTOR,
    OWNER,
    READER,
    Role,
)
from tests.support.arm_world import RG, S

WRITE = "Microsoft.Network/applicationGateways/write"


def grant(role: Role, scope: str) -> Grant:
    return Grant(principal_id="p", role=role, scope=scope)


def test_a_grant_reaches_down_but_neither_up_nor_aside() -> None:
    grants = [grant(READER, RG)]

    assert may_do(grants, "a/b/read", RG.upper())
    assert may_do(grants, "a/b/read", f"{RG}/providers/x/y/z")
    assert not may_do(grants, "a/b/read", S)
    assert not may_do(grants, "a/b/read", f"{RG}2/providers/x/y/z")
    assert may_do([grant(READER, "/")], "a/b/read", S)


def test_built_in_roles_allow_what_their_names_say() -> None:
    assert allows(OWNER, "Microsoft.Authorization/roleAssignments/write")
    assert not allows(CONTRIBUTOR, "Microsoft.Authorization/roleAssignments/write")
    assert allows(CONTRIBUTOR, WRITE)
    assert allows(READER, "Microsoft.Network/applicationGateways/read")
    assert not allows(READER, WRITE)
    assert allows(NETWORK_CONTRIBUTOR, "microsoft.network/virtualnetworks/subnets/join/action")
    assert not allows(NETWORK_CONTRIBUTOR, "Microsoft.ContainerService/managedClusters/read")


def test_what_one_role_takes_away_another_may_give() -> None:
    action = "Microsoft.Authorization/locks/write"

    assert not may_do([grant(CONTRIBUTOR, S)], action, RG)
    assert may_do([grant(CONTRIBUTOR, S), grant(OWNER, RG)], action, RG)
