from typing import Any

from bascule.lab.kubeapi.objects.json_values import copy_json


def test_a_copy_is_equal_and_shares_nothing_that_can_change() -> None:
    value: dict[str, Any] = {"a": [{"b": 1}, None, "text", 1.5, True], "c": {"d": []}}

    copied = copy_json(value)
    copied["a"][0]["b"] = 2
    copied["c"]["d"].append(3)

    assert value == {"a": [{"b": 1}, None, "text", 1.5, True], "c": {"d": []}}
    assert copied == {"a": [{"b": 2}, None, "text", 1.5, True], "c": {"d": [3]}}
