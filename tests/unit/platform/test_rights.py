import re
from itertools import product

import pytest

from bascule.checks.azure import actions
from bascule.checks.azure.facts import Permission
from bascule.checks.azure.permissions import covers
from bascule.checks.azure.rights import list_needs
from bascule.platform.rights import (
    ROLES,
    RoleName,
    check_role,
    find_excess,
    render_role,
)
from tests.house import rules
from tests.support.azure_facts import GATEWAY, GROUP, SUBSCRIPTION, blue, cluster_id, gateway, green

OWNER = (Permission(actions=("*",)),)
READER = (Permission(actions=("*/read",)),)


def holds(name: RoleName, action: str) -> bool:
    return any(covers(pattern, action) for pattern in ROLES[name].actions)


def test_there_are_four_roles_in_the_order_of_an_upgrade() -> None:
    assert [role.value for role in ROLES] == [
        "viewer",
        "gateway-writer",
        "provisioner",
        "decommissioner",
    ]


def test_only_the_decommissioner_deletes() -> None:
    deleting = {
        name for name, role in ROLES.items() for each in role.actions if each.endswith("/delete")
    }

    assert deleting == {RoleName.DECOMMISSIONER}


def test_only_the_provisioner_assigns_roles() -> None:
    assert [name for name in ROLES if holds(name, actions.WRITE_ASSIGNMENT)] == [
        RoleName.PROVISIONER
    ]


def test_no_role_holds_a_pattern_that_writes() -> None:
    wild = [each for role in ROLES.values() for each in role.actions if "*" in each]

    assert all(each.endswith("/read") for each in wild)


def test_the_viewer_only_reads() -> None:
    assert all(each.endswith("/read") for each in ROLES[RoleName.VIEWER].actions)


@pytest.mark.parametrize(
    "action",
    [
        "Microsoft.Network/applicationGateways/delete",
        "Microsoft.Network/applicationGateways/stop/action",
        "Microsoft.Resources/subscriptions/resourceGroups/delete",
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.ContainerService/managedClusters/write",
    ],
)
def test_the_gateway_writer_can_do_nothing_else(action: str) -> None:
    assert not holds(RoleName.GATEWAY_WRITER, action)


def test_all_that_preflight_asks_for_is_in_the_role_of_its_part() -> None:
    needs = list_needs(gateway(), blue(), green())

    assert {need.part.role for need in needs} == {
        "gateway-writer",
        "provisioner",
        "decommissioner",
    }
    for need in needs:
        assert holds(RoleName(need.part.role), need.action), need


def test_a_role_is_rendered_as_az_takes_it() -> None:
    document = render_role(ROLES[RoleName.GATEWAY_WRITER], GROUP)

    assert document["Name"] == "Bascule gateway-writer"
    assert document["IsCustom"] is True
    assert document["AssignableScopes"] == [GROUP]
    assert actions.WRITE_GATEWAY in str(document["Actions"])
    assert document["NotActions"] == []


def test_actions_are_rendered_once_and_in_order() -> None:
    for role in ROLES.values():
        held = render_role(role, GROUP)["Actions"]
        assert isinstance(held, list)
        texts = [str(each) for each in held]
        assert texts == sorted(set(texts), key=str.lower)


def test_the_decommissioner_bears_the_name_of_its_one_cluster() -> None:
    document = render_role(ROLES[RoleName.DECOMMISSIONER], cluster_id("old"))

    assert document["Name"] == "Bascule decommissioner of old"
    assert document["AssignableScopes"] == [GROUP]


def test_a_subscription_stays_the_scope_that_it_is() -> None:
    assert render_role(ROLES[RoleName.VIEWER], SUBSCRIPTION)["AssignableScopes"] == [SUBSCRIPTION]


@pytest.mark.parametrize("name", list(RoleName))
def test_a_caller_with_the_role_holds_all_of_it_and_no_more(name: RoleName) -> None:
    own = (Permission(actions=ROLES[name].actions),)

    assert all(each.is_allowed for each in check_role(ROLES[name], own))
    assert find_excess(ROLES[name], own) == ()


def test_a_reader_lacks_what_writes() -> None:
    lacking = [
        each.action
        for each in check_role(ROLES[RoleName.GATEWAY_WRITER], READER)
        if not each.is_allowed
    ]

    assert actions.WRITE_GATEWAY in lacking
    assert actions.READ_GATEWAY not in lacking


def test_to_read_more_is_no_excess_and_to_own_everything_is() -> None:
    for role, (permissions, excess) in product(ROLES.values(), [(READER, ()), (OWNER, ("*",))]):
        assert find_excess(role, permissions) == excess


def test_a_right_beyond_the_role_is_named() -> None:
    more = (Permission(actions=(*ROLES[RoleName.GATEWAY_WRITER].actions, "Microsoft.Network/*")),)

    assert find_excess(ROLES[RoleName.GATEWAY_WRITER], more) == ("Microsoft.Network/*",)
    assert GATEWAY not in find_excess(ROLES[RoleName.GATEWAY_WRITER], more)


def test_the_page_lists_the_actions_of_each_role() -> None:
    page = (rules.ROOT / "docs" / "reference" / "azure-rights.md").read_text()
    parts = page.partition("## The actions of each role")[2].split("\n### ")[1:]

    listed = {part.split("\n")[0]: re.findall(r"^- `(.+)`$", part, re.MULTILINE) for part in parts}

    assert listed == {
        name.value: [each.action for each in check_role(role, OWNER)]
        for name, role in ROLES.items()
    }
