from typing import Any

import pytest

from bascule.lab.kubeapi.objects.json_values import copy_json, json_type


def test_a_copy_is_equal_and_shares_nothing_that_can_change() -> None:
    value: dict[str, Any] = {"a": [{"b": 1}, None, "text", 1.5, True], "c": {"d": []}}

    copied = copy_json(value)
    copied["a"][0]["b"] = 2
    copied["c"]["d"].append(3)

    assert value == {"a": [{"b": 1}, None, "text", 1.5, True], "c": {"d": []}}
    assert copied == {"a": [{"b": 2}, None, "text", 1.5, True], "c": {"d": [3]}}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (True, "boolean"),
        (1, "integer"),
        (2.0, "integer"),
        (2.5, "number"),
        ("a", "string"),
        ({}, "object"),
        ([], "array"),
        (None, "null"),
    ],
)
def test_types_are_named_as_json_schema_names_them(value: object, name: str) -> None:
    assert json_type(value) == name
