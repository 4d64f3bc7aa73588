"""Typed values out of raw JSON, and copies with a change."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.azure.document import (
    list_at,
    number_at,
    object_at,
    text_at,
    texts_at,
    truth_at,
    value_at,
    with_value,
    without,
)

DOCUMENT: dict[str, object] = {
    "name": "gw",
    "properties": {"port": 80, "on": False, "pools": [{"name": "a"}, "odd"], "zones": ["1", 2]},
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


def test_values_are_read_by_their_type() -> None:
    assert text_at(DOCUMENT, "name") == "gw"
    assert number_at(DOCUMENT, "properties", "port") == 80
    assert truth_at(DOCUMENT, "properties", "on") is False
    assert object_at(DOCUMENT, "properties")["port"] == 80
    assert list_at(DOCUMENT, "properties", "pools") == ({"name": "a"},)
    assert texts_at(DOCUMENT, "properties", "zones") == ("1",)
    assert value_at(DOCUMENT) is DOCUMENT


@pytest.mark.parametrize("path", [("absent",), ("name", "below"), ("properties", "absent", "too")])
def test_what_is_absent_reads_as_empty(path: tuple[str, ...]) -> None:
    assert text_at(DOCUMENT, *path) == ""
    assert number_at(DOCUMENT, *path) is None
    assert truth_at(DOCUMENT, *path) is None
    assert object_at(DOCUMENT, *path) == {}
    assert list_at(DOCUMENT, *path) == ()
    assert texts_at(DOCUMENT, *path) == ()


def test_what_is_of_another_type_reads_as_empty() -> None:
    assert text_at(DOCUMENT, "properties", "port") == ""
    assert number_at(DOCUMENT, "properties", "on") is None
    assert truth_at(DOCUMENT, "properties", "port") is None


def test_a_change_leaves_the_original_and_the_order_of_fields() -> None:
    changed = with_value(DOCUMENT, ("properties", "port"), 81)
    added = with_value(DOCUMENT, ("tags", "owner"), "ann")

    assert number_at(changed, "properties", "port") == 81
    assert number_at(DOCUMENT, "properties", "port") == 80
    assert list(object_at(changed, "properties")) == ["port", "on", "pools", "zones"]
    assert added["tags"] == {"owner": "ann"}


def test_a_field_is_left_out_of_the_copy_only() -> None:
    assert "on" not in object_at(without(DOCUMENT, ("properties", "on")), "properties")
    assert "on" in object_at(DOCUMENT, "properties")
    assert without(DOCUMENT, ("name",)) == {"properties": DOCUMENT["properties"]}
    assert without(DOCUMENT, ("name", "below")) == DOCUMENT
    assert without(DOCUMENT, ("absent", "below")) == DOCUMENT


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON))
def test_what_is_not_changed_is_written_back_byte_for_byte(unknown: dict[str, object]) -> None:
    body = msgspec.json.encode({"before": unknown, "properties": {"port": 80}, "after": unknown})

    read = msgspec.json.decode(body, type=dict[str, object])
    written = msgspec.json.encode(with_value(read, ("properties", "port"), 81))

    assert written == body.replace(b'"properties":{"port":80}', b'"properties":{"port":81}')
