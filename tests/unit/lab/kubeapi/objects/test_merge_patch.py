from typing import Any

import pytest

from bascule.lab.kubeapi.objects.merge_patch import (
    apply_merge_patch,
    diff_merge_patch,
    is_same,
)


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        # The table in appendix A of RFC 7386.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_patches_merge_as_the_standard_says(target: Any, patch: Any, expected: Any) -> None:
    assert apply_merge_patch(target, patch) == expected


def test_the_target_is_not_changed() -> None:
    target = {"a": {"b": 1}}

    apply_merge_patch(target, {"a": {"b": 2, "c": 3}})

    assert target == {"a": {"b": 1}}


def test_a_difference_names_only_what_differs() -> None:
    source = {"a": 1, "b": {"c": 1, "d": 2}, "e": [1], "same": {"x": 1}}
    target = {"b": {"c": 3, "d": 2}, "e": [1, 2], "f": True, "same": {"x": 1}}

    patch = diff_merge_patch(source, target)

    assert patch == {"a": None, "b": {"c": 3}, "e": [1, 2], "f": True}
    assert apply_merge_patch(source, patch) == target


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ([1, {"a": True}], [1, {"a": True}], True),
        ([1, {"a": True}], [1, {"a": 1}], False),
        ([1], [1, 2], False),
        ({"a": 1}, {"b": 1}, False),
        (None, None, True),
    ],
)
def test_true_is_not_one(left: Any, right: Any, *, expected: bool) -> None:
    assert is_same(left, right) is expected
