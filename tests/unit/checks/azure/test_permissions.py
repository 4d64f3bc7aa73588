import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.checks.azure.facts import Permission
from bascule.checks.azure.permissions import allows, covers

WRITE = "Microsoft.Network/applicationGateways/write"


@pytest.mark.parametrize(
    "pattern",
    ["*", "Microsoft.Network/*", "*/write", WRITE, WRITE.upper(), "microsoft.network/*/write"],
)
def test_a_pattern_names_an_action_without_case(pattern: str) -> None:
    assert covers(pattern, WRITE)


@pytest.mark.parametrize(
    "pattern", ["*/read", "Microsoft.Network", "Microsoft.Compute/*", "", WRITE + "s"]
)
def test_a_pattern_does_not_name_other_actions(pattern: str) -> None:
    assert not covers(pattern, WRITE)


def test_a_pattern_holds_a_narrower_one() -> None:
    assert covers("Microsoft.Network/*", "Microsoft.Network/virtualNetworks/*")
    assert not covers("Microsoft.Network/virtualNetworks/*", "Microsoft.Network/*")


def test_what_one_permission_takes_out_another_may_give() -> None:
    most = Permission(actions=("*",), not_actions=("Microsoft.Network/*/write",))

    assert not allows((most,), WRITE)
    assert allows((most, Permission(actions=(WRITE,))), WRITE)
    assert allows((most,), "Microsoft.Network/applicationGateways/read")


def test_no_permission_allows_nothing() -> None:
    assert not allows((), WRITE)


@given(st.text(alphabet="abcXYZ./", max_size=20))
def test_an_action_is_covered_by_itself_and_by_everything(action: str) -> None:
    assert covers(action, action)
    assert covers("*", action)
