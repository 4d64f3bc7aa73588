from typing import Any

import pytest

from bascule.lab.kubeapi.objects import faults


def test_causes_are_worded_as_the_real_server_words_them() -> None:
    assert faults.required("a").message == "Required value"
    assert faults.required("a", "why").message == "Required value: why"
    assert faults.invalid("a", "x", "why").message == 'Invalid value: "x": why'
    assert faults.wrong_type("a", "x", "why").reason == "FieldValueTypeInvalid"
    assert faults.unsupported("a", "x", ("b", "c")).message == (
        'Unsupported value: "x": supported values: "b", "c"'
    )
    assert faults.duplicate("a", "x").message == 'Duplicate value: "x"'
    assert faults.not_found("a", "x").message == 'Not found: "x"'
    assert faults.forbidden("a", "why").message == "Forbidden: why"
    assert faults.too_long("a", "why").message == "Too long: why"


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (None, "null"), (3, "3"), ("x", '"x"'), ({"a": [1]}, '{"a":[1]}')],
)
def test_values_are_shown_as_json(value: Any, text: str) -> None:
    assert faults.render_value(value) == text
