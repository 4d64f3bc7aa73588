from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.checks.azure.facts import GroupResource, NodeGroupFacts
from bascule.checks.azure.teardown import (
    LASTING_KINDS,
    check_node_group,
    check_teardown,
    list_lasting,
)
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import GATEWAY, NODE_GROUP, facts, in_node_group

FORBIDDEN = Unreadable(what="the disks", reason="forbidden")


def resource(kind: str, name: str = "thing", *users: str) -> GroupResource:
    return GroupResource(id=in_node_group(kind, name), kind=kind, name=name, users=users)


def group(*resources: GroupResource) -> NodeGroupFacts:
    return NodeGroupFacts(name=NODE_GROUP, resources=resources)


def test_machines_go_with_the_cluster_and_are_listed() -> None:
    (found,) = check_teardown(facts())

    assert (found.severity, found.code) == (Severity.INFO, "GoesWithCluster")
    assert "nodes (virtualMachineScaleSets)" in found.message


def test_an_empty_group_is_fine() -> None:
    assert check_node_group(group(), frozenset(), subject="blue") == ()


@pytest.mark.parametrize("kind", sorted(LASTING_KINDS))
def test_what_may_hold_data_or_be_depended_on_needs_approval(kind: str) -> None:
    found = check_node_group(group(resource(kind)), frozenset(), subject="blue")

    assert [(f.severity, f.code) for f in found] == [
        (Severity.BLOCKER, "NotApproved"),
        (Severity.INFO, "GoesWithCluster"),
    ]
    assert "--approve thing" in found[0].remedy


@pytest.mark.parametrize(
    "approved", ["thing", "THING", in_node_group("Microsoft.Compute/disks", "thing").lower()]
)
def test_what_is_approved_by_name_or_id_may_go(approved: str) -> None:
    disk = resource("Microsoft.Compute/disks")

    found = check_node_group(group(disk), frozenset({approved}), subject="blue")

    assert [f.code for f in found] == ["GoesWithCluster"]


def test_what_a_plan_has_shown_and_a_person_approved_may_go_and_nothing_that_came_later() -> None:
    shown = group(resource("Microsoft.Compute/disks"), resource("Microsoft.Network/loadBalancers"))
    approved = frozenset(list_lasting(shown))

    assert len(approved) == 1
    assert [f.code for f in check_node_group(shown, approved, subject="blue")] == [
        "GoesWithCluster"
    ]
    later = group(*shown.resources, resource("Microsoft.Compute/disks", "later"))
    assert "NotApproved" in [f.code for f in check_node_group(later, approved, subject="blue")]


@pytest.mark.parametrize("kind", ["Microsoft.Compute/disks", "Microsoft.Network/loadBalancers"])
def test_what_something_outside_uses_cannot_be_approved(kind: str) -> None:
    used = resource(kind, "thing", GATEWAY)

    found = check_node_group(group(used), frozenset({"thing"}), subject="blue")

    assert [f.code for f in found] == ["UsedOutside", "GoesWithCluster"]
    assert "AppGateway outside the cluster would lose it" in found[0].message


def test_a_group_that_cannot_be_read_is_a_blocker() -> None:
    unreadable = Unreadable(what=NODE_GROUP, reason="forbidden")

    (found,) = check_teardown(replace(facts(), node_group=unreadable))

    assert (found.severity, found.code) == (Severity.BLOCKER, "NodeGroupUnreadable")


def test_users_that_cannot_be_listed_are_a_blocker() -> None:
    unseen = replace(group(), unseen=(FORBIDDEN,))

    (found,) = check_node_group(unseen, frozenset(), subject="blue")

    assert (found.severity, found.code) == (Severity.BLOCKER, "UsersUnreadable")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*sorted(LASTING_KINDS), "microsoft.network/loadbalancers"]),
            st.text("abc", min_size=1, max_size=3),
            st.booleans(),
        ),
        max_size=8,
    ),
    st.frozensets(st.text("abc", min_size=1, max_size=3), max_size=4),
)
def test_nothing_lasting_goes_without_a_blocker_or_an_approval(
    things: list[tuple[str, str, bool]], approved: frozenset[str]
) -> None:
    members = [resource(kind, name, *([GATEWAY] if used else [])) for kind, name, used in things]

    found = check_node_group(group(*members), approved, subject="blue")

    blocked = " ".join(f.message for f in found if f.severity is Severity.BLOCKER)
    for kind, name, used in things:
        must_be_named = used or (kind in LASTING_KINDS and name not in approved)
        assert not must_be_named or f" {name} would go" in blocked
