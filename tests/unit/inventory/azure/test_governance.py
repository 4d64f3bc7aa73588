from bascule.checks.azure.facts import Lock, Permission, Policy
from bascule.inventory.azure.governance import read_locks, read_permissions, read_policies
from tests.support.azure_facts import GROUP


def test_permissions_are_read() -> None:
    document = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}

    assert read_permissions([document]) == (
        Permission(actions=("*",), not_actions=("Microsoft.Authorization/*/Write",)),
    )


def test_a_lock_says_what_it_is_on() -> None:
    document = {
        "id": f"{GROUP}/providers/Microsoft.Authorization/locks/keep",
        "name": "keep",
        "properties": {"level": "CanNotDelete"},
    }

    assert read_locks([document]) == (Lock(name="keep", level="CanNotDelete", scope=GROUP),)
    assert read_locks([{**document, "id": GROUP}])[0].scope == GROUP


def test_policies_that_are_not_enforced_are_left_out() -> None:
    enforced = {
        "name": "a",
        "properties": {
            "displayName": "Tags",
            "enforcementMode": "Default",
            "parameters": {"effect": {"value": "Deny"}},
        },
    }
    idle = {"name": "b", "properties": {"enforcementMode": "DoNotEnforce"}}
    bare = {"name": "c", "properties": {}}

    assert read_policies([enforced, idle, bare]) == (
        Policy(name="Tags", effect="Deny"),
        Policy(name="c"),
    )
