from typing import Any

import pytest

from bascule.lab.kubeapi.objects.json_patch import (
    OPERATIONS_MAX,
    apply_json_patch,
    diff_json_patch,
)
from bascule.lab.kubeapi.objects.statuses import StatusError


@pytest.mark.parametrize(
    ("document", "operation", "expected"),
    [
        # Examples of appendix A of RFC 6902.
        ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": 1}, {"foo": "bar", "baz": 1}),
        ({"foo": ["a", "b"]}, {"op": "add", "path": "/foo/1", "value": 1}, {"foo": ["a", 1, "b"]}),
        ({"foo": ["a"]}, {"op": "add", "path": "/foo/-", "value": ["b"]}, {"foo": ["a", ["b"]]}),
        ({"baz": 1, "foo": 2}, {"op": "remove", "path": "/baz"}, {"foo": 2}),
        ({"foo": ["a", "b", "c"]}, {"op": "remove", "path": "/foo/1"}, {"foo": ["a", "c"]}),
        ({"baz": 1, "foo": 2}, {"op": "replace", "path": "/baz", "value": 3}, {"baz": 3, "foo": 2}),
        ({"foo": ["a"]}, {"op": "replace", "path": "/foo/0", "value": "b"}, {"foo": ["b"]}),
        (
            {"foo": {"bar": 1, "waldo": 2}, "qux": {}},
            {"op": "move", "from": "/foo/waldo", "path": "/qux/thud"},
            {"foo": {"bar": 1}, "qux": {"thud": 2}},
        ),
        (
            {"foo": ["all", "grass", "cows", "eat"]},
            {"op": "move", "from": "/foo/1", "path": "/foo/3"},
            {"foo": ["all", "cows", "eat", "grass"]},
        ),
        (
            {"a": {"b": 1}},
            {"op": "copy", "from": "/a", "path": "/c"},
            {"a": {"b": 1}, "c": {"b": 1}},
        ),
        ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"/": 9, "~1": 10}),
        ({"a": 1}, {"op": "test", "path": "/b", "value": None}, {"a": 1}),
        ({"a": 1}, {"op": "replace", "path": "", "value": {"b": 2}}, {"b": 2}),
        ({"a": 1}, {"op": "add", "path": "", "value": {"b": 2}}, {"b": 2}),
        ({"a": 1}, {"op": "remove", "path": ""}, None),
    ],
)
def test_operations_do_what_the_standard_says(
    document: Any, operation: dict[str, Any], expected: Any
) -> None:
    assert apply_json_patch(document, [operation]) == expected


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ({"op": "test", "path": "/a", "value": 2}, 422),
        ({"op": "test", "path": "/b", "value": 2}, 422),
        ({"op": "remove", "path": "/b"}, 422),
        ({"op": "replace", "path": "/b", "value": 1}, 422),
        ({"op": "add", "path": "/a/b/c", "value": 1}, 422),
        ({"op": "add", "path": "/a/b", "value": 1}, 422),
        ({"op": "add", "path": "/list/3", "value": 1}, 422),
        ({"op": "add", "path": "/list/01", "value": 1}, 422),
        ({"op": "add", "path": "/list/x", "value": 1}, 422),
        ({"op": "add", "path": "list", "value": 1}, 422),
        ({"op": "add", "path": "/x"}, 422),
        ({"op": "add", "value": 1}, 422),
        ({"op": "move", "path": "/x"}, 422),
        ({"op": "move", "from": "/list", "path": "/list/0"}, 422),
        ({"op": "spin", "path": "/x"}, 422),
        ("not an operation", 400),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(operation: Any, code: int) -> None:
    with pytest.raises(StatusError) as caught:
        apply_json_patch({"a": 1, "list": [1]}, [operation])

    assert caught.value.code == code


def test_nothing_is_changed_when_a_later_operation_fails() -> None:
    document = {"a": 1}
    operations = [{"op": "replace", "path": "/a", "value": 2}, {"op": "remove", "path": "/b"}]

    with pytest.raises(StatusError):
        apply_json_patch(document, operations)

    assert document == {"a": 1}


def test_a_patch_must_be_a_list() -> None:
    with pytest.raises(StatusError) as caught:
        apply_json_patch({}, {"op": "add"})

    assert caught.value.code == 400


def test_too_many_operations_are_refused() -> None:
    operations = [{"op": "add", "path": "/a", "value": 1}] * (OPERATIONS_MAX + 1)

    with pytest.raises(StatusError) as caught:
        apply_json_patch({}, operations)

    assert caught.value.code == 413


def test_a_difference_leads_to_the_target() -> None:
    source = {"a/b": 1, "c": {"d": 1, "e": 2}, "f~": [1]}
    target = {"c": {"d": 3, "e": 2}, "f~": [2], "g": 4}

    operations = diff_json_patch(source, target)

    assert [operation["op"] for operation in operations] == ["remove", "replace", "replace", "add"]
    assert apply_json_patch(source, operations) == target
