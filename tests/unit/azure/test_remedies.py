"""What to do about a refusal."""

from typing import Any

import pytest

from bascule.azure.refusals import Refusal
from bascule.azure.remedies import find_remedy, remedy_for_codes, role_for, telling_code

FAILED = (
    "The client 'c' with object id 'o' does not have authorization to perform action "
    "'Microsoft.Network/applicationGateways/write' over scope '/subscriptions/s1/gw' or the scope "
    "is invalid."
)
LINKED = (
    "The client 'c' has permission to perform action 'Microsoft.ContainerService/managedClusters/"
    "write' on scope 'x'; however, it does not have permission to perform action(s) "
    "'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '/subnet' "
    "(respectively)."
)


def remedy(code: str, message: str = "", **more: Any) -> str:
    fields = {"status": 400, **more}
    return find_remedy(code, Refusal(codes=(code,), message=message, **fields))


def test_a_missing_right_is_named_with_scope_and_role() -> None:
    said = remedy("AuthorizationFailed", FAILED, status=403)

    assert "grant Microsoft.Network/applicationGateways/write on /subscriptions/s1/gw" in said
    assert "--role gateway-writer" in said


def test_a_missing_right_on_what_is_referred_to_is_named() -> None:
    said = remedy("LinkedAuthorizationFailed", LINKED, status=403)

    assert "grant Microsoft.Network/virtualNetworks/subnets/join/action on /subnet" in said
    assert "--role provisioner" in said


def test_rights_that_are_not_named_are_still_asked_for() -> None:
    assert "bascule rights" in remedy("AuthorizationFailed", "no", status=403)
    assert "refers to" in remedy("LinkedAuthorizationFailed", "no", status=403)


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("Microsoft.Network/applicationGateways/read", "viewer"),
        ("Microsoft.Network/applicationGateways/write", "gateway-writer"),
        ("Microsoft.Network/virtualNetworks/subnets/join/action", "provisioner"),
        ("Microsoft.Authorization/roleAssignments/write", "provisioner"),
        ("Microsoft.ContainerService/managedClusters/delete", "decommissioner"),
    ],
)
def test_each_action_has_its_role(action: str, role: str) -> None:
    assert role_for(action) == role


def test_policies_are_named() -> None:
    assert "the policy 'only here', 'tags'" in remedy(
        "RequestDisallowedByPolicy", policies=("only here", "tags", "tags")
    )
    assert "that the message names" in remedy("RequestDisallowedByPolicy")


def test_the_newest_version_is_named() -> None:
    assert "newest it knows is 2025-01-01" in remedy(
        "NoRegisteredProviderFound", offered=("2024-01-01", "2025-01-01")
    )
    assert "newest" not in remedy("InvalidResourceType")


def test_not_allowed_is_told_by_its_words() -> None:
    assert "wait for" in remedy("OperationNotAllowed", "Another operation is in progress")
    assert "quota" in remedy("OperationNotAllowed", "exceeding approved Total Regional Cores quota")
    assert remedy("OperationNotAllowed", "the cluster is stopped") == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("QuotaExceeded", "quota"),
        ("K8sVersionNotSupported", "get-versions"),
        ("SubnetIsFull", "enlarge"),
        ("InUseSubnetCannotBeDeleted", "remove first"),
        ("ScopeLocked", "lock"),
        ("PrincipalNotFound", "few minutes"),
        ("ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty", "priority"),
    ],
)
def test_known_codes_have_a_remedy(code: str, said: str) -> None:
    assert said in remedy(code)
    assert said in remedy_for_codes(("Outer", code), "")


def test_the_outermost_code_with_a_remedy_tells_most() -> None:
    assert telling_code(("BadRequest", "SubnetIsFull", "QuotaExceeded")) == "SubnetIsFull"
    assert telling_code(("BadRequest", "Unheard")) == "BadRequest"
    assert telling_code(()) == ""


def test_unknown_codes_have_the_remedy_of_their_status() -> None:
    assert "sign in" in remedy("Unheard", status=401)
    assert remedy("Unheard", status=400) == ""


def test_what_did_not_come_from_azure_points_elsewhere() -> None:
    assert "proxies" in find_remedy("", Refusal(status=502, is_readable=False))
