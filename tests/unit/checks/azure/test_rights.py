from dataclasses import replace

from bascule.checks.azure import actions
from bascule.checks.azure.facts import AzureFacts, Permission
from bascule.checks.azure.rights import check_rights, list_needs
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import (
    ADDRESS,
    GATEWAY,
    GATEWAY_SUBNET,
    GROUP,
    IDENTITY,
    NODE_SUBNET,
    blue,
    cluster_id,
    facts,
    gateway,
    green,
    made_green,
)

UNREADABLE = Unreadable(what="it", reason="forbidden")
POLICY = f"{GROUP}/providers/Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/p"
READER = (Permission(actions=("*/read",)),)
CONTRIBUTOR = (Permission(actions=("*",), not_actions=("Microsoft.Authorization/*/Write",)),)


def holding(*held: Permission, **at: tuple[Permission, ...] | Unreadable) -> AzureFacts:
    base = facts()
    return replace(base, permissions={**dict.fromkeys(base.permissions, held), **at})


def test_to_write_a_gateway_takes_rights_on_all_that_it_uses() -> None:
    used = replace(gateway(), identity_ids=(IDENTITY,), waf_policy_ids=(POLICY,))

    needs = list_needs(used, replace(blue(), exists=False), made_green())

    assert [(need.scope, need.action) for need in needs] == [
        (GATEWAY, actions.WRITE_GATEWAY),
        (GATEWAY_SUBNET, actions.JOIN_SUBNET),
        (ADDRESS, actions.JOIN_ADDRESS),
        (IDENTITY, actions.ASSIGN_IDENTITY),
        (POLICY, actions.JOIN_WAF_POLICY),
    ]


def test_a_gateway_without_a_subnet_needs_none() -> None:
    needs = list_needs(replace(gateway(), subnet_id=""), UNREADABLE, UNREADABLE)

    assert [need.action for need in needs] == [actions.WRITE_GATEWAY, actions.JOIN_ADDRESS]


def test_to_make_green_takes_rights_on_its_group_subnets_and_identities() -> None:
    needs = list_needs(UNREADABLE, UNREADABLE, replace(green(), identity_ids=(IDENTITY,)))

    assert [(need.scope, need.action) for need in needs] == [
        (GROUP, actions.WRITE_CLUSTER),
        (NODE_SUBNET, actions.JOIN_SUBNET),
        (NODE_SUBNET, actions.WRITE_ASSIGNMENT),
        (IDENTITY, actions.ASSIGN_IDENTITY),
    ]


def test_a_caller_that_may_do_everything_is_fine() -> None:
    assert check_rights(facts()) == ()


def test_a_caller_that_only_reads_says_nothing_of_those_who_run() -> None:
    found = check_rights(holding(*READER))

    assert {(each.severity, each.code) for each in found} == {(Severity.WARNING, "RunnerUnknown")}
    assert [each.remedy for each in found] == [
        "let that one run `bascule rights --role provisioner --check`",
        "let that one run `bascule rights --role gateway-writer --check`",
    ]


def test_a_gateway_writer_is_not_blamed_for_what_the_provisioner_does() -> None:
    writer = Permission(actions=(actions.WRITE_GATEWAY, actions.JOIN_SUBNET, actions.JOIN_ADDRESS))

    (found,) = check_rights(holding(writer))

    assert (found.severity, found.code) == (Severity.WARNING, "RunnerUnknown")
    assert "no right to make green" in found.message


def test_a_right_that_is_missing_on_what_the_gateway_uses_is_a_blocker() -> None:
    (found,) = check_rights(
        replace(
            facts(),
            permissions={**facts().permissions, GATEWAY_SUBNET.lower(): READER},
        )
    )

    assert (found.severity, found.code) == (Severity.BLOCKER, "RightsMissing")
    assert f"may not do {actions.JOIN_SUBNET} on appgw" in found.message
    assert "LinkedAuthorizationFailed" in found.message


def test_a_contributor_may_not_give_green_its_rights() -> None:
    (found,) = check_rights(holding(*CONTRIBUTOR))

    assert f"may not do {actions.WRITE_ASSIGNMENT} on aks" in found.message


def test_what_is_given_only_at_retire_is_not_missed_before() -> None:
    kept = replace(facts(), permissions={**facts().permissions, cluster_id("old").lower(): READER})

    assert check_rights(kept) == ()


def test_a_scope_that_cannot_be_read_is_another_checks_find() -> None:
    unknown = dict.fromkeys(facts().permissions, UNREADABLE)

    assert check_rights(replace(facts(), permissions=unknown)) == ()


def test_a_scope_that_was_not_asked_allows_nothing() -> None:
    lacking = {key: value for key, value in facts().permissions.items() if key != ADDRESS.lower()}

    (found,) = check_rights(replace(facts(), permissions=lacking))

    assert actions.JOIN_ADDRESS in found.message


def test_a_core_right_that_cannot_be_read_is_not_judged() -> None:
    hidden = {**facts().permissions, GATEWAY.lower(): UNREADABLE, ADDRESS.lower(): READER}

    assert check_rights(replace(facts(), permissions=hidden)) == ()
