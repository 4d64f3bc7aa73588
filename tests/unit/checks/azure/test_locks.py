from dataclasses import replace

import pytest

from bascule.checks.azure.facts import AzureFacts, Lock, Policy
from bascule.checks.azure.locks import check_locks, check_policies
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import (
    GATEWAY,
    GROUP,
    NODE_GROUP,
    SUBSCRIPTION,
    blue,
    cluster_id,
    facts,
    in_node_group,
)

UNREADABLE = Unreadable(what="it", reason="forbidden")
NODE_GROUP_ID = f"{SUBSCRIPTION}/resourceGroups/{NODE_GROUP}"


def with_lock(level: str, scope: str, base: AzureFacts | None = None) -> AzureFacts:
    return replace(base or facts(), locks=(Lock(name="keep", level=level, scope=scope),))


@pytest.mark.parametrize(
    ("scope", "named"),
    [(GROUP.lower(), "AppGateway and old"), (GATEWAY, "AppGateway"), (cluster_id("old"), "old")],
)
def test_a_lock_against_writes_is_a_blocker(scope: str, named: str) -> None:
    (found,) = check_locks(with_lock("ReadOnly", scope))

    assert (found.severity, found.code) == (Severity.BLOCKER, "LockedAgainstWrites")
    assert f"every write to {named}:" in found.message


@pytest.mark.parametrize(
    "scope",
    [
        SUBSCRIPTION,
        GROUP,
        cluster_id("old"),
        NODE_GROUP_ID,
        in_node_group("Microsoft.Compute/disks", "data"),
    ],
)
def test_a_lock_against_deletion_stands_in_the_way_of_retire(scope: str) -> None:
    (found,) = check_locks(with_lock("CanNotDelete", scope))

    assert (found.severity, found.code) == (Severity.WARNING, "LockedAgainstDeletion")


@pytest.mark.parametrize("level", ["ReadOnly", "CanNotDelete"])
def test_a_lock_on_something_else_is_fine(level: str) -> None:
    assert check_locks(with_lock(level, cluster_id("third"))) == ()


def test_a_lock_on_the_gateway_against_deletion_is_fine() -> None:
    assert check_locks(with_lock("CanNotDelete", GATEWAY)) == ()


def test_a_cluster_without_a_node_group_is_looked_at_alone() -> None:
    bare = replace(facts(), blue=replace(blue(), node_group=""))

    assert check_locks(with_lock("CanNotDelete", NODE_GROUP_ID, bare)) == ()


def test_what_cannot_be_read_is_left_out() -> None:
    blind = replace(facts(), blue=UNREADABLE, gateway=UNREADABLE)

    assert check_locks(replace(facts(), locks=UNREADABLE)) == ()
    assert check_locks(with_lock("ReadOnly", GROUP, blind)) == ()
    assert check_locks(with_lock("CanNotDelete", GROUP, blind)) == ()
    assert check_policies(replace(facts(), policies=UNREADABLE)) == ()


def test_policies_that_deny_are_a_warning() -> None:
    policies = (Policy(name="audit"), Policy(name="tags", effect="Deny"))

    (found,) = check_policies(replace(facts(), policies=policies))

    assert (found.severity, found.code) == (Severity.WARNING, "PoliciesInForce")
    assert "the policies tags may refuse green" in found.message


def test_other_policies_are_named() -> None:
    (found,) = check_policies(replace(facts(), policies=(Policy(name="audit"),)))

    assert (found.severity, found.code) == (Severity.INFO, "PoliciesInForce")
    assert "audit" in found.message
    assert check_policies(facts()) == ()
