from typing import Any

import pytest

from bascule.lab.kubeapi.objects.custom_rules import check_schema
from bascule.lab.kubeapi.objects.schema import load_catalog, parse_custom_schema

CATALOG = load_catalog("1.36")


def faults(value: Any, **schema: Any) -> list[str]:
    root = parse_custom_schema(
        {"type": "object", "properties": {"spec": {"type": "object", "properties": {"x": schema}}}},
        CATALOG,
    )
    obj = {"apiVersion": "a/v1", "kind": "X", "metadata": {"name": 1}, "spec": {"x": value}}
    return [f"{cause.field}: {cause.message}" for cause in check_schema(obj, root)]


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (3, {"type": "integer", "minimum": 3, "maximum": 3}),
        (3, {"type": "number"}),
        (2.5, {"type": "number", "multipleOf": 0.5}),
        ("a", {"type": "string", "enum": ["a"], "minLength": 1, "maxLength": 1}),
        (None, {"type": "string", "nullable": True}),
        (True, {"type": "boolean"}),
        (1, {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}]}),
        ("abc", {"type": "string", "pattern": "b"}),
        ("abc", {"type": "string", "pattern": "("}),
        ([1, 2], {"type": "array", "x-kubernetes-list-type": "set"}),
        ({"a": 1}, {"type": "object", "additionalProperties": {"type": "integer"}}),
    ],
)
def test_what_the_schema_allows_passes(value: Any, schema: dict[str, Any]) -> None:
    assert faults(value, **schema) == []


@pytest.mark.parametrize(
    ("value", "schema", "text"),
    [
        (
            "a",
            {"type": "integer"},
            'Invalid value: "string": spec.x in body must be of type integer: "string"',
        ),
        (
            None,
            {"type": "integer"},
            'Invalid value: "null": spec.x in body must be of type integer: "null"',
        ),
        ("c", {"type": "string", "enum": ["a", "b"]}, None),
        (3, {"enum": [1, 2]}, 'Unsupported value: 3: supported values: "1", "2"'),
        (
            1,
            {"type": "integer", "minimum": 2},
            "Invalid value: 1: spec.x in body should be greater than or equal to 2",
        ),
        (
            2,
            {"type": "integer", "minimum": 2, "exclusiveMinimum": True},
            "Invalid value: 2: spec.x in body should be greater than 2",
        ),
        (
            3,
            {"type": "integer", "maximum": 2},
            "Invalid value: 3: spec.x in body should be less than or equal to 2",
        ),
        (
            2,
            {"type": "integer", "maximum": 2, "exclusiveMaximum": True},
            "Invalid value: 2: spec.x in body should be less than 2",
        ),
        (
            3,
            {"type": "integer", "multipleOf": 2},
            "Invalid value: 3: spec.x in body should be a multiple of 2",
        ),
        (
            "a",
            {"type": "string", "minLength": 2},
            'Invalid value: "a": spec.x in body should be at least 2 chars long',
        ),
        ("abc", {"type": "string", "maxLength": 2}, "Too long: may not be more than 2 bytes"),
        (
            "x",
            {"type": "string", "pattern": "^[0-9]+$"},
            "Invalid value: \"x\": spec.x in body should match '^[0-9]+$'",
        ),
        (
            [],
            {"type": "array", "minItems": 1},
            "Invalid value: 0: spec.x in body should have at least 1 items",
        ),
        ([1, 2], {"type": "array", "maxItems": 1}, "Too many: 2: must have at most 1 items"),
        (
            {},
            {"type": "object", "minProperties": 1},
            "Invalid value: 0: spec.x in body should have at least 1 properties",
        ),
        (
            {"a": 1, "b": 2},
            {"type": "object", "maxProperties": 1},
            "Too many: 2: must have at most 1 items",
        ),
        (
            True,
            {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            'Invalid value: true: "spec.x" must validate at least one schema (anyOf)',
        ),
        (
            1,
            {"oneOf": [{"type": "integer"}, {"type": "number"}]},
            'Invalid value: 1: "spec.x" must validate one and only one schema (oneOf)',
        ),
        (
            1,
            {"not": {"type": "integer"}},
            'Invalid value: 1: "spec.x" must not validate the schema (not)',
        ),
        (
            1,
            {"allOf": [{"minimum": 2}]},
            "Invalid value: 1: spec.x in body should be greater than or equal to 2",
        ),
    ],
)
def test_what_the_schema_does_not_allow_is_told(
    value: Any, schema: dict[str, Any], text: str | None
) -> None:
    wanted = text or 'Unsupported value: "c": supported values: "a", "b"'

    assert faults(value, **schema) == [f"spec.x: {wanted}"]


def test_required_fields_and_items_are_looked_at_inside() -> None:
    item = {"type": "object", "required": ["name"], "properties": {"n": {"type": "integer"}}}

    assert faults([{"n": "x"}], type="array", items=item) == [
        "spec.x[0].name: Required value",
        (
            'spec.x[0].n: Invalid value: "string": spec.x[0].n in body must be of type integer: '
            '"string"'
        ),
    ]


def test_items_of_sets_and_maps_are_unique() -> None:
    keyed = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }

    assert faults(["a", "a"], type="array", **{"x-kubernetes-list-type": "set"}) == [
        'spec.x[1]: Duplicate value: "a"'
    ]
    assert faults([{"name": "a"}, "odd", {"name": "a", "b": 1}], **keyed) == [
        'spec.x[2]: Duplicate value: {"name":"a"}'
    ]


def test_a_whole_object_of_a_wrong_type_is_told() -> None:
    root = parse_custom_schema({"type": "object", "required": ["spec"]}, CATALOG)

    assert [cause.field for cause in check_schema([], root)] == ["<nil>"]
    assert [cause.field for cause in check_schema({}, root)] == ["spec"]
