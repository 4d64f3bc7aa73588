from typing import Any

import pytest

from bascule.lab.kubeapi.objects import typed
from bascule.lab.kubeapi.objects.field_paths import Path, render_path
from bascule.lab.kubeapi.objects.schema import Gvk, Schema, load_catalog

CATALOG = load_catalog("1.36")


def schema_of(api_version: str, kind: str) -> Schema:
    schema = CATALOG.schema_of(Gvk.parse(api_version, kind))
    assert schema is not None
    return schema


POD = schema_of("v1", "Pod")
SERVICE = schema_of("v1", "Service")


def fields(value: Any, schema: Schema | None = POD) -> set[str]:
    return {render_path(path) for path in typed.list_fields(value, schema)}


def rendered(paths: set[Path]) -> set[str]:
    return {render_path(path) for path in paths}


def test_leaves_and_items_are_fields() -> None:
    pod = {
        "metadata": {"labels": {"a": "b"}, "finalizers": ["x"], "annotations": {}},
        "spec": {
            "containers": [{"name": "a", "args": ["1"], "ports": [{"containerPort": 80}]}],
            "nodeName": None,
        },
    }

    assert fields(pod) == {
        ".metadata.labels.a",
        '.metadata.finalizers[="x"]',
        ".metadata.annotations",
        '.spec.containers[name="a"]',
        '.spec.containers[name="a"].name',
        '.spec.containers[name="a"].args',
        '.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"]',
        '.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].containerPort',
    }


def test_atomic_maps_are_one_field() -> None:
    schema = schema_of("apps/v1", "Deployment")

    assert fields({"spec": {"selector": {"matchLabels": {"a": "b"}}}}, schema) == {".spec.selector"}


def test_without_a_schema_maps_are_granular_and_lists_are_not() -> None:
    assert fields({"a": {"b": [1, 2]}}, None) == {".a", ".a.b"}


def test_a_comparison_tells_what_was_added_changed_and_removed() -> None:
    old = {"spec": {"nodeName": "a", "containers": [{"name": "x", "image": "1"}, {"name": "y"}]}}
    new = {"spec": {"nodeName": "b", "containers": [{"name": "x", "image": "1"}, {"name": "z"}]}}

    found = typed.compare(old, new, POD)

    assert rendered(found.modified) == {".spec.nodeName"}
    assert rendered(found.added) == {
        '.spec.containers[name="z"]',
        '.spec.containers[name="z"].name',
    }
    assert rendered(found.removed) == {
        '.spec.containers[name="y"]',
        '.spec.containers[name="y"].name',
    }


def test_new_containers_of_fields_count_as_fields() -> None:
    found = typed.compare({}, {"metadata": {"labels": {"a": "b"}}, "spec": {}}, POD)

    assert rendered(found.added) == {".metadata.labels", ".metadata.labels.a", ".spec"}


def test_another_type_is_a_removal_and_an_addition() -> None:
    found = typed.compare({"a": {"b": 1}}, {"a": "text"}, None)

    assert rendered(found.removed) == {".a", ".a.b"}
    assert rendered(found.added) == {".a"}
    assert typed.compare({"a": 1}, {"a": "1"}, None).modified == {("f:a",)}


def test_null_is_the_same_as_absent() -> None:
    found = typed.compare({"spec": {"nodeName": None}}, {"spec": {}}, POD)

    assert found == typed.Comparison()


def test_a_merge_keeps_what_is_not_named() -> None:
    live = {"spec": {"a": 1, "containers": [{"name": "x", "image": "1", "tty": True}]}}
    config = {"spec": {"containers": [{"name": "x", "image": "2"}], "nodeName": None}}

    assert typed.merge(live, config, POD) == {
        "spec": {"a": 1, "containers": [{"name": "x", "image": "2", "tty": True}]}
    }


def test_a_merge_takes_the_order_of_the_configuration() -> None:
    live = {"spec": {"containers": [{"name": n} for n in ("side", "a", "b", "last")]}}
    config = {"spec": {"containers": [{"name": n} for n in ("b", "new", "a", "end")]}}

    merged = typed.merge(live, config, POD)

    names = [container["name"] for container in merged["spec"]["containers"]]
    assert names == ["side", "b", "new", "a", "last", "end"]


def test_fields_and_items_are_removed() -> None:
    value = {"spec": {"nodeName": "x", "containers": [{"name": "a"}, {"name": "b", "tty": True}]}}
    gone = {
        path
        for path in typed.list_fields(value, POD)
        if render_path(path)
        in {".spec.nodeName", '.spec.containers[name="a"]', '.spec.containers[name="b"].tty'}
    }

    assert typed.remove(value, frozenset(gone), POD) == {"spec": {"containers": [{"name": "b"}]}}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"spec": {"foo": 1}}, ".spec.foo: field not declared in schema"),
        (
            {"spec": {"containers": [{"name": "a", "imagee": "x"}]}},
            '.spec.containers[name="a"].imagee: field not declared in schema',
        ),
        (
            {"spec": {"tolerations": [{"foo": 1}]}},
            ".spec.tolerations[0].foo: field not declared in schema",
        ),
        (
            {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}},
            '.spec.containers: duplicate entries for key [name="a"]',
        ),
        (
            {"spec": {"containers": [{"image": "a"}]}},
            (
                ".spec.containers: element 0: associative list with keys has an element that "
                'omits key field "name" (and doesn\'t have default value)'
            ),
        ),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(value: dict[str, Any], message: str) -> None:
    with pytest.raises(typed.TypedError) as caught:
        typed.check_typed(value, POD)

    assert str(caught.value) == message


def test_what_fits_the_schema_passes() -> None:
    typed.check_typed({"spec": {"ports": [{"port": 80}, {"port": 443}]}}, SERVICE)
    typed.check_typed({"anything": 1}, None)
