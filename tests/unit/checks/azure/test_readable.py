from dataclasses import replace

import pytest

from bascule.checks.azure.readable import check_readable
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import NODE_SUBNET, facts, subnet

PART = Unreadable(what="the thing", reason="AuthorizationFailed")


def test_what_was_read_is_fine() -> None:
    assert check_readable(facts()) == ()


@pytest.mark.parametrize("field", ["blue", "green", "gateway"])
def test_a_cluster_or_gateway_that_cannot_be_read_is_a_blocker(field: str) -> None:
    (found,) = check_readable(replace(facts(), **{field: PART}))  # type: ignore[arg-type]  # by name

    assert (found.severity, found.code) == (Severity.BLOCKER, "PlatformUnreadable")
    assert "the thing cannot be read: AuthorizationFailed" in found.message
    assert "Reader" in found.remedy


@pytest.mark.parametrize("field", ["versions", "sizes", "usages", "locks", "policies"])
def test_anything_else_that_cannot_be_read_is_a_warning(field: str) -> None:
    (found,) = check_readable(replace(facts(), **{field: PART}))  # type: ignore[arg-type]  # by name

    assert (found.severity, found.code) == (Severity.WARNING, "NotChecked")


@pytest.mark.parametrize("field", ["subnets", "networks", "permissions"])
def test_one_of_many_that_cannot_be_read_is_a_warning(field: str) -> None:
    part = {field: {"x": PART}}

    (found,) = check_readable(replace(facts(), **part))  # type: ignore[arg-type]  # by name

    assert found.code == "NotChecked"


@pytest.mark.parametrize("field", ["security_group", "route_table"])
def test_rules_or_routes_that_cannot_be_read_are_a_warning(field: str) -> None:
    part = {field: replace(PART, remedy="ask")}
    hidden = replace(subnet(NODE_SUBNET), **part)  # type: ignore[arg-type]  # by name

    (found,) = check_readable(replace(facts(), subnets={"x": hidden}))

    assert found.remedy == "ask"
