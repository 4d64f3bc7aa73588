from typing import Any

import pytest

from bascule.lab.kubeapi.objects import strict
from bascule.lab.kubeapi.objects.schema import Gvk, Schema, load_catalog, parse_custom_schema

CATALOG = load_catalog("1.36")


def schema_of(api_version: str, kind: str) -> Schema:
    schema = CATALOG.schema_of(Gvk.parse(api_version, kind))
    assert schema is not None
    return schema


CANNOT = "json: cannot unmarshal"
POD = schema_of("v1", "Pod")
DEPLOYMENT = schema_of("apps/v1", "Deployment")


def test_unknown_fields_are_named_with_their_places() -> None:
    pod = {"spec": {"foo": 1, "containers": [{"name": "a", "bar": 2}]}, "metadata": {"baz": 3}}

    assert list(strict.list_unknown(pod, POD)) == [
        "spec.foo",
        "spec.containers[0].bar",
        "metadata.baz",
    ]
    assert strict.strip_unknown(pod, POD) == {
        "spec": {"containers": [{"name": "a"}]},
        "metadata": {},
    }


def test_embedded_objects_may_have_metadata_and_free_ones_anything() -> None:
    schema = parse_custom_schema(
        {
            "type": "object",
            "properties": {
                "inner": {"type": "object", "x-kubernetes-embedded-resource": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "list": {"type": "array", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        CATALOG,
    )
    obj = {"inner": {"kind": "X", "foo": 1}, "free": {"a": {"b": 1}}, "list": [{"a": 1}]}

    assert list(strict.list_unknown(obj, schema)) == ["inner.foo"]
    assert strict.strip_unknown(obj, schema) == {**obj, "inner": {"kind": "X"}}


def test_keys_that_stand_twice_are_found_in_json() -> None:
    body = b'{"a":1,"list":[{"b":1,"b":2}],"a":3}'

    assert list(strict.list_json_duplicates(body)) == ["a", "list[0].b"]
    assert list(strict.list_json_duplicates(b"{")) == []


def test_keys_that_stand_twice_are_found_in_yaml() -> None:
    body = b"a: 1\nlist:\n  - b: 1\n    b: 2\na: 3\n"

    assert list(strict.list_yaml_duplicates(body)) == [
        'line 4: key "b" already set in map',
        'line 5: key "a" already set in map',
    ]
    assert list(strict.list_yaml_duplicates(b"a: [")) == []


@pytest.mark.parametrize(
    ("value", "schema", "fault"),
    [
        ({"spec": {"replicas": 1}}, DEPLOYMENT, None),
        ({"spec": {"replicas": 1.0}}, DEPLOYMENT, None),
        ({"spec": {"replicas": None}}, DEPLOYMENT, None),
        (
            {"spec": {"replicas": "x"}},
            DEPLOYMENT,
            (f"{CANNOT} string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ),
        (
            {"spec": {"replicas": 1.5}},
            DEPLOYMENT,
            (
                f"{CANNOT} number 1.5 into Go struct field DeploymentSpec.spec.replicas "
                "of type int32"
            ),
        ),
        (
            {"spec": {"containers": {"a": 1}}},
            POD,
            (
                f"{CANNOT} object into Go struct field PodSpec.spec.containers of type "
                "[]v1.Container"
            ),
        ),
        (
            {"spec": {"containers": [{"tty": "yes"}]}},
            POD,
            (f"{CANNOT} string into Go struct field Container.spec.containers.tty of type bool"),
        ),
        (
            {"metadata": {"labels": ["a"]}},
            POD,
            (
                f"{CANNOT} array into Go struct field ObjectMeta.metadata.labels of type "
                "map[string]string"
            ),
        ),
        (
            {"metadata": {"labels": {"a": 1}}},
            POD,
            (f"{CANNOT} number into Go struct field ObjectMeta.metadata.labels.a of type string"),
        ),
        (
            {"spec": 1},
            POD,
            f"{CANNOT} number into Go struct field Pod.spec of type v1.PodSpec",
        ),
        (
            {"spec": {"strategy": {"rollingUpdate": {"maxSurge": True}}}},
            DEPLOYMENT,
            "json: cannot unmarshal bool into Go value of type int32",
        ),
        ("text", POD, "json: cannot unmarshal string into Go value of type v1.Pod"),
        ({"spec": {"strategy": {"rollingUpdate": {"maxSurge": "25%"}}}}, DEPLOYMENT, None),
        ({"spec": {"containers": [{"resources": {"limits": {"cpu": 1}}}]}}, POD, None),
        (
            {"metadata": {"creationTimestamp": "now"}},
            POD,
            'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
        ),
        ({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}}, POD, None),
    ],
)
def test_wrong_types_are_told_in_the_words_of_go(
    value: Any, schema: Schema, fault: str | None
) -> None:
    assert strict.find_type_fault(value, schema) == fault


def test_a_quantity_must_look_like_one() -> None:
    pod = {"spec": {"containers": [{"resources": {"limits": {"cpu": "much"}}}]}}

    fault = strict.find_type_fault(pod, POD)

    assert fault is not None
    assert fault.startswith("quantities must match the regular expression")


def test_types_of_custom_fields_have_names_too() -> None:
    schema = parse_custom_schema(
        {
            "type": "object",
            "properties": {
                "n": {"type": "number"},
                "m": {"type": "object"},
                "l": {"type": "array"},
            },
        },
        CATALOG,
    )

    assert strict.find_type_fault({"n": 1}, schema) is None
    for key, kind in (("n", "float64"), ("m", "map[string]interface {}"), ("l", "[]interface {}")):
        fault = strict.find_type_fault({key: "x"}, schema)
        assert fault == f"{CANNOT} string into Go struct field {key} of type {kind}"
