import pytest

from bascule.errors import SpecError
from bascule.lab.kubeapi.objects.schema import (
    Gvk,
    Schema,
    load_catalog,
    parse_custom_schema,
)

CATALOG = load_catalog("1.36")


def at(api_version: str, kind: str, *names: str) -> Schema:
    schema = CATALOG.schema_of(Gvk.parse(api_version, kind))
    for name in names:
        assert schema is not None
        schema = schema.items if name == "[]" else schema.field(name)
    assert schema is not None
    return schema


@pytest.mark.parametrize("version", ["1.25", "1.30", "1.37"])
def test_the_versions_run_from_1_25_to_1_37(version: str) -> None:
    catalog = load_catalog(version)

    assert catalog.version == version
    assert catalog.schema_of(Gvk.parse("networking.k8s.io/v1", "Ingress")) is not None


def test_a_version_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(SpecError) as caught:
        load_catalog("1.19")

    assert "1.33" in caught.value.remedy


def test_a_catalog_is_read_once() -> None:
    assert load_catalog("1.36") is CATALOG


def test_each_version_knows_the_kinds_of_its_time() -> None:
    autoscaler = Gvk.parse("autoscaling/v2beta2", "HorizontalPodAutoscaler")

    assert load_catalog("1.25").schema_of(autoscaler) is not None
    assert CATALOG.schema_of(autoscaler) is None
    assert CATALOG.name_of(Gvk.parse("apps/v1", "Deployment")) == "io.k8s.api.apps.v1.Deployment"
    assert Gvk.parse("v1", "Pod") in CATALOG.kinds


def test_a_kind_of_the_core_group_has_no_slash() -> None:
    assert Gvk.parse("v1", "Pod").api_version == "v1"
    assert Gvk.parse("apps/v1", "Deployment").api_version == "apps/v1"


def test_lists_say_how_their_items_are_told_apart() -> None:
    containers = at("v1", "Pod", "spec", "containers")
    ports = at("v1", "Pod", "spec", "containers", "[]", "ports")

    assert (containers.list_type, containers.map_keys, containers.merge_key) == (
        "map",
        ("name",),
        "name",
    )
    assert ports.map_keys == ("containerPort", "protocol")
    assert ports.key_default("protocol") == "TCP"
    assert ports.key_default("containerPort") is None
    assert at("v1", "Pod", "metadata", "finalizers").list_type == "set"
    assert at("v1", "Pod", "spec", "containers", "[]", "args").list_type == "atomic"


def test_lists_of_older_releases_are_merged_as_their_patch_strategy_says() -> None:
    schema = load_catalog("1.25").schema_of(Gvk(group="", version="v1", kind="Pod"))
    assert schema is not None
    spec, metadata = schema.field("spec"), schema.field("metadata")
    assert spec is not None
    assert metadata is not None
    containers, finalizers = spec.field("containers"), metadata.field("finalizers")
    assert containers is not None
    assert finalizers is not None

    assert (containers.list_type, containers.map_keys) == ("map", ("name",))
    assert finalizers.list_type == "set"


def test_strategies_beside_a_reference_are_seen() -> None:
    strategy = at("apps/v1", "Deployment", "spec", "strategy")

    assert strategy.patch_strategies == {"retainKeys"}
    assert strategy.name == "io.k8s.api.apps.v1.DeploymentStrategy"


def test_types_do_not_mention_null() -> None:
    assert at("apps/v1", "Deployment", "spec", "replicas").types == {"integer"}
    surge = at("apps/v1", "Deployment", "spec", "strategy", "rollingUpdate", "maxSurge")
    assert surge.types == {"string", "integer"}
    limits = at("v1", "Pod", "spec", "containers", "[]", "resources", "limits")
    assert limits.is_map
    assert at("v1", "ResourceQuota", "spec", "hard", "cpu").is_quantity
    assert at("v1", "ResourceQuota", "spec", "hard", "cpu").types == {
        "string",
        "integer",
        "number",
    }


def test_selectors_belong_to_one_owner() -> None:
    assert at("apps/v1", "Deployment", "spec", "selector").is_atomic_map
    assert not at("v1", "Service", "spec", "ports", "[]").is_atomic_map


def test_a_field_that_is_not_there_is_none() -> None:
    assert at("v1", "Pod", "spec").field("foo") is None
    assert not at("v1", "Pod", "spec").preserves_unknown
    assert at("v1", "Pod", "spec").items is None


def test_a_custom_schema_has_real_metadata_and_drops_what_it_does_not_name() -> None:
    schema = parse_custom_schema(
        {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "required": ["port"],
                    "properties": {
                        "port": {"x-kubernetes-int-or-string": True},
                        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        "map": {"type": "object", "additionalProperties": True},
                    },
                }
            },
        },
        CATALOG,
    )
    spec = schema.field("spec")
    metadata = schema.field("metadata")

    assert spec is not None
    assert metadata is not None
    assert metadata.field("labels") is not None
    assert not spec.preserves_unknown
    assert spec.required == ("port",)
    port, free, mapping = spec.field("port"), spec.field("any"), spec.field("map")
    assert port is not None
    assert port.is_int_or_string
    assert free is not None
    assert free.preserves_unknown
    assert mapping is not None
    assert mapping.field("x") is not None
    assert spec.items is None


def test_schemas_can_be_combined() -> None:
    schema = parse_custom_schema(
        {"anyOf": [{"type": "object"}, {"type": "string"}], "not": {"type": "array"}}, CATALOG
    )

    assert [option.types for option in schema.options("anyOf")] == [{"object"}, {"string"}]
    assert [option.types for option in schema.options("not")] == [{"array"}]
    assert schema.options("oneOf") == ()
