"""Rules of the custom resource as the gateway takes them."""

import json
from typing import Any

import pytest

from bascule.azure.document import list_at
from bascule.gateway.appgw.translate.rewrites import build_rewrite, is_readable

HEADERS = {"requestHeaderConfigurations": [{"headerName": "A", "headerValue": "1"}]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"rewriteRules": [{"actions": HEADERS}]}, True),
        ({"rewriteRules": [{"actions": HEADERS}, {"actions": {}}]}, False),
        ({"rewriteRules": []}, False),
        ({"rewriteRules": 7}, False),
        ([], False),
    ],
)
def test_rules_without_anything_to_do_are_no_rules(spec: Any, *, expected: bool) -> None:
    assert is_readable(json.dumps(spec)) is expected


def test_what_is_no_json_holds_no_rules() -> None:
    assert not is_readable("{")
    assert build_rewrite("{") == {"rewriteRules": []}


def test_rules_keep_names_order_conditions_and_actions() -> None:
    url = {"modifiedPath": "/new", "modifiedQueryString": "a=b", "reroute": True}
    rule = {
        "name": "one",
        "ruleSequence": 5,
        "conditions": [{"variable": "var_uri_path", "pattern": "x", "negate": True}],
        "actions": {
            "responseHeaderConfigurations": [
                {"actionType": "delete", "headerName": "B", "headerValue": "kept not"}
            ],
            "urlConfiguration": url,
        },
    }

    built = build_rewrite(json.dumps({"rewriteRules": [rule, {"actions": HEADERS}]}))

    first, second = list_at(built, "rewriteRules")
    assert first == {
        "name": "one",
        "ruleSequence": 5,
        "conditions": [
            {"variable": "var_uri_path", "pattern": "x", "ignoreCase": False, "negate": True}
        ],
        "actionSet": {
            "responseHeaderConfigurations": [{"headerName": "B", "headerValue": ""}],
            "urlConfiguration": url,
        },
    }
    assert (second["name"], second["ruleSequence"]) == ("rule-2", 100)
