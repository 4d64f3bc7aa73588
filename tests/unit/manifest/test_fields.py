from typing import Any

import pytest

from bascule.manifest import fields
from bascule.manifest.fields import MalformedFieldError


@pytest.mark.parametrize(
    ("read", "empty"),
    [
        (fields.read_map, {}),
        (fields.read_list, ()),
        (fields.read_text, ""),
        (fields.read_texts, ()),
        (fields.read_number, None),
        (fields.read_flag, None),
    ],
    ids=["map", "list", "text", "texts", "number", "flag"],
)
@pytest.mark.parametrize("raw", [{}, {"key": None}], ids=["absent", "null"])
def test_absent_and_null_are_the_same(read: Any, empty: object, raw: dict[str, object]) -> None:
    assert read(raw, "key") == empty


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (fields.read_map, {"a": 1}),
        (fields.read_list, [1, "b"]),
        (fields.read_text, "text"),
        (fields.read_number, 7),
        (fields.read_flag, False),
    ],
    ids=["map", "list", "text", "number", "flag"],
)
def test_a_value_of_the_right_type_is_returned(read: Any, value: object) -> None:
    assert read({"key": value}, "key") == value


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (fields.read_map, [1], "key should be a map and is a list"),
        (fields.read_list, "x", "key should be a list and is text"),
        (fields.read_text, {}, "key should be text and is a map"),
        (fields.read_texts, ["a", 2], "key[1] should be text and is a number"),
        (fields.read_number, True, "key should be a number and is a boolean"),
        (fields.read_number, 1.5, "key should be a number and is of type float"),
        (fields.read_flag, "true", "key should be a boolean and is text"),
    ],
    ids=["map", "list", "text", "texts", "number", "float", "flag"],
)
def test_a_wrong_type_is_named_with_its_field(read: Any, value: object, message: str) -> None:
    with pytest.raises(MalformedFieldError) as caught:
        read({"key": value}, "key")

    assert str(caught.value) == message


def test_maps_in_a_list_are_read_one_by_one() -> None:
    assert list(fields.read_maps({"key": [{"a": 1}, {}]}, "key")) == [{"a": 1}, {}]


def test_an_item_that_is_no_map_is_named_with_its_index() -> None:
    with pytest.raises(MalformedFieldError, match=r"key\[1\] should be a map"):
        list(fields.read_maps({"key": [{}, 3]}, "key"))
