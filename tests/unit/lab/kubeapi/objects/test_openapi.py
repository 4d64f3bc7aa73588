from typing import Any

from bascule.lab.kubeapi.objects.openapi import ServedKind, build_document, build_index
from bascule.lab.kubeapi.objects.schema import load_catalog

CATALOG = load_catalog("1.36")
META = "io.k8s.apimachinery.pkg.apis.meta.v1"


def kind(name: str, plural: str, **fields: Any) -> ServedKind:
    return ServedKind(kind=name, plural=plural, **{"group": "apps", "version": "v1", **fields})


APPS = build_document([kind("Deployment", "deployments")], CATALOG)
SCHEMAS = APPS["components"]["schemas"]


def test_the_index_points_to_documents_by_hash() -> None:
    assert build_index({"apis/apps/v1": "abc"}) == {
        "paths": {"apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=abc"}}
    }


def test_a_document_stands_alone() -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(references, value))
        if not isinstance(value, dict):
            return set()
        found = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*(references(inner) for inner in value.values()))

    names = {name.removeprefix("#/components/schemas/") for name in references(APPS)}

    assert names <= set(SCHEMAS)
    assert "io.k8s.api.core.v1.Container" in SCHEMAS


def test_types_are_single_and_references_stand_in_all_of() -> None:
    deployment = SCHEMAS["io.k8s.api.apps.v1.Deployment"]

    assert deployment["type"] == "object"
    assert deployment["properties"]["spec"]["allOf"] == [
        {"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"}
    ]
    assert "enum" not in deployment["properties"]["kind"]
    assert deployment["x-kubernetes-group-version-kind"] == [
        {"group": "apps", "kind": "Deployment", "version": "v1"}
    ]
    assert SCHEMAS["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] == {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    }


def test_patches_say_that_fields_can_be_validated() -> None:
    path = APPS["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]

    parameters = {parameter["name"] for parameter in path["patch"]["parameters"]}
    assert {"fieldValidation", "dryRun", "fieldManager", "force"} <= parameters
    assert path["patch"]["x-kubernetes-group-version-kind"]["kind"] == "Deployment"
    assert "application/apply-patch+yaml" in path["patch"]["requestBody"]["content"]
    assert "/apis/apps/v1/deployments" in APPS["paths"]


def test_the_core_group_lies_under_api() -> None:
    nodes = kind("Node", "nodes", group="", namespaced=False)

    document = build_document([nodes], CATALOG)

    assert set(document["paths"]) == {"/api/v1/nodes", "/api/v1/nodes/{name}"}


def test_a_property_called_ref_is_a_property() -> None:
    definitions = kind(
        "CustomResourceDefinition", "customresourcedefinitions", group="apiextensions.k8s.io"
    )

    schemas = build_document([definitions], CATALOG)["components"]["schemas"]

    name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
    assert schemas[name]["properties"]["$ref"] == {"type": "string"}


def test_a_custom_kind_is_described_by_its_own_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {"ports": {"type": "array", "items": {"type": "integer"}}},
                "additionalProperties": True,
                "anyOf": [{"required": ["ports"]}],
            }
        },
    }
    tab = kind("CronTab", "crontabs", group="stable.example.com", schema=schema)

    document = build_document([tab], CATALOG)
    described = document["components"]["schemas"]["com.example.stable.v1.CronTab"]

    assert described["properties"]["spec"] == schema["properties"]["spec"]  # type: ignore[index] # a literal of mixed types
    assert described["properties"]["metadata"]["allOf"] == [
        {"$ref": f"#/components/schemas/{META}.ObjectMeta"}
    ]
    assert "com.example.stable.v1.CronTabList" in document["components"]["schemas"]
    assert "/apis/stable.example.com/v1/crontabs" in document["paths"]


def test_a_custom_kind_takes_no_strategic_merge_patch() -> None:
    tab = kind("CronTab", "crontabs", group="stable.example.com", schema={"type": "object"})

    paths = build_document([tab], CATALOG)["paths"]

    path = paths["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"]
    assert set(path["patch"]["requestBody"]["content"]) == {
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
    }


def test_a_quantity_is_a_text_or_a_number() -> None:
    quantity = SCHEMAS["io.k8s.apimachinery.pkg.api.resource.Quantity"]

    assert quantity["oneOf"] == [{"type": "string"}, {"type": "number"}]
