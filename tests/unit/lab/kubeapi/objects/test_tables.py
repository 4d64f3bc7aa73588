from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bascule.lab.kubeapi.objects.tables import (
    build_table,
    to_partial_metadata,
    to_partial_metadata_list,
)

GOLDEN = Path(__file__).resolve().parents[4] / "golden" / "tables"
NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {"containers": [{"name": "a"}]},
    "status": {"phase": "Succeeded"},
}


def render(table: dict[str, Any]) -> list[str]:
    """Show a table as `kubectl get -o wide` does, with a bar between the columns."""
    header = " | ".join(column["name"].upper() for column in table["columnDefinitions"])
    rows = [" | ".join(str(cell) for cell in row["cells"]) for row in table["rows"]]
    return [header, *rows]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.in.yaml")), ids=lambda path: path.name)
def test_each_kind_is_shown_in_its_own_columns(path: Path) -> None:
    given = yaml.safe_load(path.read_text())
    expected = yaml.safe_load((path.parent / path.name.replace(".in.", ".out.")).read_text())

    table = build_table(given["objects"], resource=given["resource"], now=NOW)

    assert render(table) == expected


def test_a_table_names_its_type_and_the_version_of_the_list() -> None:
    table = build_table([POD], resource="pods", now=NOW, metadata={"resourceVersion": "7"})

    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert table["metadata"] == {"resourceVersion": "7"}
    assert table["columnDefinitions"][0] == {
        "name": "Name",
        "type": "string",
        "format": "name",
        "description": "",
        "priority": 0,
    }
    assert [c["priority"] for c in table["columnDefinitions"]] == [0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_a_row_says_when_a_pod_is_over() -> None:
    (row,) = build_table([POD], resource="pods", now=NOW)["rows"]

    assert row["conditions"] == [
        {
            "type": "Completed",
            "status": "True",
            "reason": "Succeeded",
            "message": "The pod has completed successfully.",
        }
    ]


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("Object", POD),
        (
            "Metadata",
            {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": POD["metadata"],
            },
        ),
        ("None", None),
    ],
)
def test_a_row_carries_what_was_asked_for(include: str, expected: Any) -> None:
    table = build_table([POD], resource="pods", now=NOW, include_object=include)

    assert table["rows"][0].get("object") == expected


def test_a_custom_kind_is_shown_in_the_columns_of_its_definition() -> None:
    columns: list[dict[str, Any]] = [
        {"name": "Spec", "type": "string", "jsonPath": ".spec.cron", "description": "The spec"},
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas", "priority": 1},
        {"name": "Load", "type": "number", "jsonPath": ".spec.load"},
        {"name": "On", "type": "boolean", "jsonPath": ".spec.on"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Missing", "type": "string", "jsonPath": ".spec.nothing"},
        {"name": "List", "type": "string", "jsonPath": ".spec.flags[*]"},
    ]
    good = {"cron": "* * *", "replicas": 3, "load": 1.5, "on": True, "flags": [True, 2]}
    odd = {"cron": 5, "replicas": "x", "load": "x", "on": "x", "flags": []}
    objects = [{"metadata": POD["metadata"], "spec": spec} for spec in (good, odd)]

    table = build_table(objects, resource="x.y", now=NOW, printer_columns=columns)

    assert [row["cells"] for row in table["rows"]] == [
        ["p", "* * *", 3, 1.5, True, "5m", None, "true 2"],
        ["p", "5", None, None, None, "5m", None, None],
    ]
    assert table["columnDefinitions"][2]["priority"] == 1


def test_a_custom_kind_without_columns_shows_its_age() -> None:
    table = build_table([POD], resource="x.y", now=NOW, printer_columns=[])

    assert render(table) == ["NAME | AGE", "p | 5m"]


def test_metadata_alone_is_a_type_of_its_own() -> None:
    listed = to_partial_metadata_list([POD], {"resourceVersion": "7"})

    assert listed == {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "7"},
        "items": [to_partial_metadata(POD)],
    }
