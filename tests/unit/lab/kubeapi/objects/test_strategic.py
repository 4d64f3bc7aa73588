from typing import Any

import pytest

from bascule.lab.kubeapi.objects.schema import Gvk, Schema, load_catalog
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.objects.strategic import apply_strategic_patch


def schema_of(api_version: str, kind: str) -> Schema:
    schema = load_catalog("1.36").schema_of(Gvk.parse(api_version, kind))
    assert schema is not None
    return schema


DEPLOYMENT = schema_of("apps/v1", "Deployment")
POD = schema_of("v1", "Pod")


def in_template(spec: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def patched(spec: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = apply_strategic_patch(in_template(spec), in_template(patch), DEPLOYMENT)
    result: dict[str, Any] = merged["spec"]["template"]["spec"]
    return result


CONTAINERS = {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}


def test_items_are_matched_by_their_merge_key() -> None:
    merged = patched(CONTAINERS, {"containers": [{"name": "b", "image": "b:2"}]})

    assert {c["name"]: c["image"] for c in merged["containers"]} == {"a": "a:1", "b": "b:2"}


def test_new_items_are_added_without_directives_and_nulls() -> None:
    new = {"name": "c", "image": "c:1", "command": None, "env": [{"name": "x", "$patch": "delete"}]}

    merged = patched(CONTAINERS, {"containers": [new]})

    assert {"name": "c", "image": "c:1", "env": []} in merged["containers"]


def test_an_item_is_deleted_by_directive() -> None:
    merged = patched(CONTAINERS, {"containers": [{"name": "a", "$patch": "delete"}]})

    assert merged == {"containers": [{"name": "b", "image": "b:1"}]}


def test_a_list_is_replaced_by_directive() -> None:
    patch = {"containers": [{"name": "c", "image": "c:1"}, {"$patch": "replace"}]}

    assert patched(CONTAINERS, patch) == {"containers": [{"name": "c", "image": "c:1"}]}


def test_the_order_that_is_asked_for_is_kept() -> None:
    patch = {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}],
        "containers": [{"name": "c", "image": "c:1"}],
    }

    merged = patched(CONTAINERS, patch)

    assert [container["name"] for container in merged["containers"]] == ["b", "c", "a"]


def test_items_that_only_the_server_has_keep_their_place() -> None:
    live = {"containers": [{"name": "side"}, {"name": "a"}, {"name": "b"}]}
    patch = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}

    merged = patched(live, patch)

    assert [container["name"] for container in merged["containers"]] == ["side", "b", "a"]


def test_a_patch_against_its_own_order_is_refused() -> None:
    patch = {
        "$setElementOrder/containers": [{"name": "a"}, {"name": "b"}],
        "containers": [{"name": "b"}, {"name": "a"}],
    }

    with pytest.raises(StatusError, match="doesn't match"):
        patched(CONTAINERS, patch)


def test_an_ordered_list_can_be_set_to_null() -> None:
    patch: dict[str, Any] = {"$setElementOrder/containers": [], "containers": None}

    assert patched(CONTAINERS, patch) == {}


def test_a_null_removes_a_field() -> None:
    assert patched({"hostNetwork": True, "dnsPolicy": "None"}, {"hostNetwork": None}) == {
        "dnsPolicy": "None"
    }


def test_keys_that_are_not_retained_go() -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}

    merged = apply_strategic_patch(live, patch, DEPLOYMENT)

    assert merged == {"spec": {"strategy": {"type": "Recreate"}}}


def test_a_key_outside_of_the_retained_ones_is_refused() -> None:
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}}

    with pytest.raises(StatusError, match="retainKeys"):
        apply_strategic_patch({"spec": {"strategy": {}}}, patch, DEPLOYMENT)


def test_primitives_are_merged_and_deleted_by_value() -> None:
    live = {"metadata": {"finalizers": ["a", "b", "c"]}}
    patch = {
        "metadata": {
            "$deleteFromPrimitiveList/finalizers": ["b"],
            "$setElementOrder/finalizers": ["d", "a", "c"],
            "finalizers": ["d"],
        }
    }

    merged = apply_strategic_patch(live, patch, POD)

    assert merged == {"metadata": {"finalizers": ["d", "a", "c"]}}


def test_primitives_can_be_deleted_without_an_order() -> None:
    live = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b", "x"]}}

    merged = apply_strategic_patch(live, patch, POD)

    assert merged == {"metadata": {"finalizers": ["a"]}}


def test_atomic_lists_are_replaced() -> None:
    live = {"containers": [{"name": "a", "args": ["1", "2"]}]}

    merged = patched(live, {"containers": [{"name": "a", "args": ["3"]}]})

    assert merged["containers"][0]["args"] == ["3"]


def test_a_map_is_replaced_or_deleted_by_directive() -> None:
    live = {"nodeSelector": {"a": "b"}, "securityContext": {"runAsUser": 1}}
    patch = {
        "nodeSelector": {"$patch": "replace", "c": "d"},
        "securityContext": {"$patch": "delete"},
        "affinity": {"$patch": "delete"},
    }

    assert patched(live, patch) == {"nodeSelector": {"c": "d"}, "securityContext": {}}


def test_a_selector_with_the_replace_strategy_is_not_merged() -> None:
    schema = schema_of("policy/v1", "PodDisruptionBudget")
    live = {"spec": {"selector": {"matchLabels": {"a": "b"}}}}
    patch = {"spec": {"selector": {"matchLabels": {"c": "d"}}}}

    assert apply_strategic_patch(live, patch, schema) == patch


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"containers": [{"image": "x"}]}, "does not contain declared merge key"),
        ({"containers": [{"name": "a", "$patch": "spin"}]}, "unknown patch type"),
        ({"nodeSelector": {"$patch": "spin"}}, "unknown patch type"),
        ({"$setElementOrder/containers": {}}, "is not a list"),
        ({"$deleteFromPrimitiveList/containers": "x"}, "is not a list"),
    ],
)
def test_patches_that_make_no_sense_are_refused(patch: dict[str, Any], message: str) -> None:
    live = {**CONTAINERS, "nodeSelector": {"a": "b"}}

    with pytest.raises(StatusError, match=message):
        patched(live, patch)


def test_fields_that_the_schema_does_not_know_are_merged_like_json() -> None:
    merged = apply_strategic_patch({"other": {"a": 1}}, {"other": {"b": [1]}}, POD)

    assert merged == {"other": {"a": 1, "b": [1]}}


def test_maps_in_a_list_of_primitives_cannot_be_merged() -> None:
    live = {"metadata": {"finalizers": ["a"]}}

    with pytest.raises(StatusError, match="without merge key"):
        apply_strategic_patch(live, {"metadata": {"finalizers": [{"name": "b"}]}}, POD)


def test_neither_argument_is_changed() -> None:
    live, patch = (
        in_template(CONTAINERS),
        in_template({"containers": [{"name": "a", "image": "z"}]}),
    )

    apply_strategic_patch(live, patch, DEPLOYMENT)

    assert live == in_template(CONTAINERS)
    assert patch == in_template({"containers": [{"name": "a", "image": "z"}]})
