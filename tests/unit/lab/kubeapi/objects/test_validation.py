from typing import Any

import pytest

from bascule.lab.kubeapi.objects.schema import Gvk, Schema, load_catalog, parse_custom_schema
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.objects.validation import (
    check_types,
    find_causes,
    find_duplicate_fields,
    find_unknown_fields,
    find_update_causes,
    strip_unknown_fields,
)

CATALOG = load_catalog("1.36")
CUSTOM = parse_custom_schema(
    {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    },
    CATALOG,
)


def schema_of(api_version: str, kind: str) -> Schema:
    schema = CATALOG.schema_of(Gvk.parse(api_version, kind))
    assert schema is not None
    return schema


DEPLOYMENT = schema_of("apps/v1", "Deployment")


def deployment(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": spec,
    }


def test_unknown_and_double_fields_are_told_as_strict_decoding_does() -> None:
    obj = deployment(foo=1)

    assert find_unknown_fields(obj, DEPLOYMENT) == ('unknown field "spec.foo"',)
    assert strip_unknown_fields(obj, DEPLOYMENT) == deployment()
    assert find_duplicate_fields(b'{"a":1,"a":2}') == ('duplicate field "a"',)
    assert find_duplicate_fields(b"a: 1\na: 2", is_yaml=True) == (
        'line 2: key "a" already set in map',
    )


def test_a_value_of_a_wrong_type_is_a_bad_request() -> None:
    with pytest.raises(StatusError) as caught:
        check_types(deployment(replicas="x"), DEPLOYMENT)

    assert caught.value.code == 400
    assert caught.value.message.startswith(
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal'
    )
    check_types(deployment(replicas=1), DEPLOYMENT)


def test_a_custom_kind_is_judged_by_its_schema_as_a_whole() -> None:
    obj = {"apiVersion": "a/v1", "kind": "X", "metadata": {"name": "A"}, "spec": {"n": "x"}}

    check_types(obj, CUSTOM)

    assert [cause.field for cause in find_causes(obj, CUSTOM)] == ["metadata.name", "spec.n"]


def test_a_built_in_kind_is_judged_by_its_rules() -> None:
    causes = find_causes(deployment())

    assert [cause.field for cause in causes] == ["spec.selector", "spec.template"]


def test_updates_are_judged_against_what_was_there() -> None:
    old, new = deployment(selector={"a": 1}), deployment(selector={"a": 2})

    assert [cause.field for cause in find_update_causes(old, new)] == ["spec.selector"]
