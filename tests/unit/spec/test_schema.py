import json
from pathlib import Path

from bascule.spec.schema import gateway_schema, known_keys


def test_the_schema_refuses_unknown_keys_everywhere() -> None:
    schema = gateway_schema()
    definitions = schema["$defs"]

    assert isinstance(definitions, dict)
    objects = [schema, *(d for d in definitions.values() if d["type"] == "object")]
    assert [part["additionalProperties"] for part in objects] == [False] * len(objects)


def test_every_key_is_described() -> None:
    schema = gateway_schema()
    definitions = schema["$defs"]

    assert isinstance(definitions, dict)
    objects = [schema, *(d for d in definitions.values() if d["type"] == "object")]
    for part in objects:
        properties = part["properties"]
        assert isinstance(properties, dict)
        assert [name for name, value in properties.items() if "description" not in value] == []


def test_the_keys_of_a_place_are_known() -> None:
    schema = gateway_schema()

    assert "ingressClasses" in known_keys(schema, ())
    assert known_keys(schema, ("clusters", "blue")) == ("context", "kubeconfig")
    assert "tls" in known_keys(schema, ("listeners", 0))


def test_a_place_that_is_no_mapping_has_no_keys() -> None:
    schema = gateway_schema()

    assert known_keys(schema, ("name",)) == ()
    assert known_keys(schema, ("name", "deeper", 0)) == ()
    assert known_keys({}, ()) == ()


def test_the_published_schema_is_current() -> None:
    published = Path(__file__).parents[3] / "docs" / "reference" / "gateway.schema.json"

    assert json.loads(published.read_text()) == gateway_schema(), "run scripts/build_schema.py"
