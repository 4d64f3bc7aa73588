"""The algebra of patches: what a difference says, applying it does."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.lab.kubeapi.objects.json_patch import apply_json_patch, diff_json_patch
from bascule.lab.kubeapi.objects.merge_patch import (
    apply_merge_patch,
    diff_merge_patch,
    is_same,
)
from bascule.lab.kubeapi.objects.schema import Gvk, load_catalog
from bascule.lab.kubeapi.objects.strategic import apply_strategic_patch

CALM = settings(max_examples=60, deadline=None)

KEYS = st.sampled_from(["a", "b", "c/d", "e~f", "$x", ""])
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab/~é", max_size=3)
NO_NULLS = st.booleans() | st.integers(-3, 3) | st.text("ab/~é", max_size=3)


def documents(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=12,
    )


OBJECTS = st.dictionaries(KEYS, documents(SCALARS), max_size=4)
OBJECTS_WITHOUT_NULLS = st.dictionaries(KEYS, documents(NO_NULLS), max_size=4)
POD = load_catalog("1.36").schema_of(Gvk.parse("v1", "Pod"))


@CALM
@given(OBJECTS, OBJECTS)
def test_a_json_patch_of_a_difference_gives_the_target(
    source: dict[str, Any], target: dict[str, Any]
) -> None:
    assert is_same(apply_json_patch(source, diff_json_patch(source, target)), target)


@CALM
@given(OBJECTS_WITHOUT_NULLS, OBJECTS_WITHOUT_NULLS)
def test_a_merge_patch_of_a_difference_gives_the_target(
    source: dict[str, Any], target: dict[str, Any]
) -> None:
    assert is_same(apply_merge_patch(source, diff_merge_patch(source, target)), target)


@CALM
@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(source: dict[str, Any], patch: dict[str, Any]) -> None:
    once = apply_merge_patch(source, patch)

    assert is_same(apply_merge_patch(once, patch), once)


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)
IMAGES = st.sampled_from(["x:1", "x:2"])


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(NAMES)
    return {"spec": {"containers": [{"name": n, "image": draw(IMAGES)} for n in names]}}


@CALM
@given(pods(), pods())
def test_a_strategic_merge_keeps_one_item_per_name_and_takes_the_new_value(
    live: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert POD is not None
    merged = apply_strategic_patch(live, patch, POD)["spec"]["containers"]
    images = {c["name"]: c["image"] for c in merged}

    before = {c["name"]: c["image"] for c in live["spec"]["containers"]}
    wanted = {c["name"]: c["image"] for c in patch["spec"]["containers"]}
    assert len(merged) == len(images)
    assert images == before | wanted


@CALM
@given(pods(), pods())
def test_a_strategic_merge_twice_is_one(live: dict[str, Any], patch: dict[str, Any]) -> None:
    assert POD is not None
    once = apply_strategic_patch(live, patch, POD)

    assert apply_strategic_patch(once, patch, POD) == once


@CALM
@given(pods(), st.data())
def test_a_set_order_is_the_order_of_what_it_names(
    live: dict[str, Any], data: st.DataObject
) -> None:
    assert POD is not None
    names = [c["name"] for c in live["spec"]["containers"]]
    order = data.draw(st.permutations(names))
    patch = {"spec": {"$setElementOrder/containers": [{"name": name} for name in order]}}

    merged = apply_strategic_patch(live, patch, POD)

    assert [c["name"] for c in merged["spec"]["containers"]] == list(order)
