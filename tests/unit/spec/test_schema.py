import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bascule.spec.schema import (
    gateway_schema,
    known_keys,
    plain_path,
    platform_schema,
    prices_schema,
    upgrade_schema,
)

SCHEMAS = pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("gateway", gateway_schema()),
        ("platform", platform_schema()),
        ("upgrade", upgrade_schema()),
    ],
)


@SCHEMAS
def test_the_schema_refuses_unknown_keys_everywhere(
    name: str, schema: Mapping[str, object]
) -> None:
    definitions = schema["$defs"]

    assert isinstance(definitions, dict), name
    objects = [schema, *(d for d in definitions.values() if d["type"] == "object")]
    assert [part["additionalProperties"] for part in objects] == [False] * len(objects)


@SCHEMAS
def test_every_key_is_described(name: str, schema: Mapping[str, object]) -> None:
    definitions = schema["$defs"]

    assert isinstance(definitions, dict), name
    objects = [schema, *(d for d in definitions.values() if d["type"] == "object")]
    for part in objects:
        properties = part["properties"]
        assert isinstance(properties, dict)
        assert [name for name, value in properties.items() if "description" not in value] == []


def test_the_keys_of_a_place_are_known() -> None:
    schema = gateway_schema()

    assert "ingressClasses" in known_keys(schema, ())
    assert known_keys(schema, ("clusters", "blue")) == ("awaited", "context", "kubeconfig")
    assert "tls" in known_keys(schema, ("listeners", 0))


def test_the_keys_of_a_file_of_prices_are_known() -> None:
    assert known_keys(prices_schema(), ()) == ("currency", "machines", "tiers")


def test_a_place_that_is_no_mapping_has_no_keys() -> None:
    schema = gateway_schema()

    assert known_keys(schema, ("name",)) == ()
    assert known_keys(schema, ("name", "deeper", 0)) == ()
    assert known_keys({}, ()) == ()


def test_the_keys_of_one_of_several_kinds_are_known_by_its_tag() -> None:
    schema = upgrade_schema()

    assert "query" in known_keys(schema, ("analysis", "checks", 0, "prometheus"))
    assert "query" not in known_keys(schema, ("analysis", "checks", 0, "http"))
    assert known_keys(schema, ("preview",)) == ("header", "hosts")


def test_tags_are_left_out_of_a_path_and_keys_of_their_names_are_not() -> None:
    schema = upgrade_schema()

    path = plain_path(schema, ("notify", 1, "command", "command", "run", 0))

    assert path == ("notify", 1, "command", "run", 0)


def test_preview_may_be_off_and_the_gateway_a_path() -> None:
    properties = upgrade_schema()["properties"]

    assert isinstance(properties, dict)
    assert {"enum": [False, "off"]} in properties["preview"]["anyOf"]
    assert {"type": "string", "minLength": 1} in properties["gateway"]["anyOf"]


@SCHEMAS
def test_the_published_schema_is_current(name: str, schema: Mapping[str, object]) -> None:
    published = Path(__file__).parents[3] / "docs" / "reference" / f"{name}.schema.json"

    assert json.loads(published.read_text()) == schema, "run scripts/build_schema.py"


def test_a_schema_is_built_once() -> None:
    assert prices_schema() is prices_schema()
    assert prices_schema.__wrapped__() == prices_schema()
