import pytest

from bascule.azure.document import Document
from bascule.platform.desired.model import Kind
from bascule.platform.plan.diff import find_changes, overlay


def _fields(kept: Document, found: Document) -> list[tuple[str, object, object]]:
    changes = find_changes(Kind.POOL, kept, found)
    return [(change.field, change.before, change.after) for change in changes]


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ({"location": "chinanorth2"}, {"location": "China North 2"}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}),
        ({"a": None}, {}),
        ({"a": None}, {"a": "none"}),
        ({"a": False}, {}),
        ({"a": []}, {"a": None}),
        ({"zones": ["1", "2"]}, {"zones": ["2", "1"]}),
        ({"addressPrefixes": ["10.0.0.0/8"]}, {"addressPrefixes": ["10.0.0.0/8", "11.0.0.0/8"]}),
        ({"id": "/subscriptions/S/x"}, {"id": "/Subscriptions/s/X"}),
        ({"kubernetesVersion": "1.34"}, {"kubernetesVersion": "1.34.2"}),
        ({"ids": {"/S/a": {}}}, {"ids": {"/s/A": {"principalId": "p"}}}),
        ({"a": {"b": {}}}, {"a": {"b": {"c": 1}}}),
    ],
    ids=str,
)
def test_what_means_the_same_is_no_change(
    kept: dict[str, object], found: dict[str, object]
) -> None:
    assert _fields(kept, found) == []


def test_a_change_has_its_field_and_both_values() -> None:
    assert _fields({"properties": {"count": 3}}, {"properties": {"count": 5}}) == [("count", 5, 3)]
    assert _fields({"a": {"b": "x"}}, {"a": "text"}) == [("a.b", None, "x")]
    assert _fields({"ids": {"/a": {}}}, {"ids": {}}) == [("ids./a", None, {})]


def test_what_must_be_absent_is_a_change() -> None:
    assert _fields({"a": None}, {"a": "overlay"}) == [("a", "overlay", None)]


def test_a_list_that_others_add_to_grows() -> None:
    found = {"addressPrefixes": ["11.0.0.0/8"]}

    assert _fields({"addressPrefixes": ["10.0.0.0/8"]}, found) == [
        ("addressPrefixes", ["11.0.0.0/8"], ["11.0.0.0/8", "10.0.0.0/8"])
    ]


def test_a_change_that_azure_does_not_make_says_why() -> None:
    (change,) = find_changes(
        Kind.POOL, {"properties": {"vmSize": "A"}}, {"properties": {"vmSize": "B"}}
    )

    assert change.refusal == "Azure does not change it once it is made"


def test_only_what_is_kept_is_set_right_and_all_else_stays() -> None:
    found = {
        "unknown": {"x": 1},
        "properties": {"count": 5, "mode": "System", "extra": "on", "list": ["a"]},
        "ids": {"/s/A": {"principalId": "p"}},
    }
    kept = {
        "properties": {"count": 3, "extra": None, "mode": "System", "new": {"y": 2}},
        "ids": {"/S/a": {}},
    }

    assert overlay(found, kept) == {
        "unknown": {"x": 1},
        "properties": {"count": 3, "mode": "System", "list": ["a"], "new": {"y": 2}},
        "ids": {"/s/A": {"principalId": "p"}},
    }


def test_what_was_no_object_becomes_one() -> None:
    assert overlay({"a": "text"}, {"a": {"b": 1}}) == {"a": {"b": 1}}
