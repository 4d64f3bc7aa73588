"""The Table that kubectl prints, and metadata-only answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bascule.lab.kubeapi.objects.cluster_columns import CLUSTER_COLUMNS
from bascule.lab.kubeapi.objects.columns import DEFAULT_COLUMNS, Column
from bascule.lab.kubeapi.objects.core_columns import CORE_COLUMNS
from bascule.lab.kubeapi.objects.durations import render_age
from bascule.lab.kubeapi.objects.json_path import find_by_path
from bascule.lab.kubeapi.objects.workload_columns import WORKLOAD_COLUMNS

_COLUMNS_BY_RESOURCE: Final = {**CORE_COLUMNS, **WORKLOAD_COLUMNS, **CLUSTER_COLUMNS}
_NAME_DESCRIPTION: Final = "Name must be unique within a namespace."
_CUSTOM_AGE: Final[Mapping[str, Any]] = {
    "name": "Age",
    "type": "date",
    "jsonPath": ".metadata.creationTimestamp",
}
_FINISHED: Final = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


def build_table(
    objects: Sequence[dict[str, Any]],
    *,
    resource: str,
    now: datetime,
    printer_columns: Sequence[Mapping[str, Any]] | None = None,
    include_object: str = "Metadata",
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a meta.k8s.io/v1 Table of objects of one resource such as `deployments.apps`.

    `printer_columns` are a custom kind's `additionalPrinterColumns` (empty for none; None for a
    built-in kind); `include_object` is None, Metadata or Object; `metadata` is that of the list
    (resourceVersion, continue, ...).
    """
    if printer_columns is None:
        columns = _COLUMNS_BY_RESOURCE.get(resource, DEFAULT_COLUMNS)
    else:
        columns = _custom_columns(printer_columns)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(metadata or {}),
        "columnDefinitions": [_define(column) for column in columns],
        "rows": [
            {
                "cells": [column.cell(obj, now) for column in columns],
                **_conditions(obj, resource),
                **_included(obj, include_object),
            }
            for obj in objects
        ],
    }


def to_partial_metadata(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the PartialObjectMetadata of an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": obj.get("metadata", {}),
    }


def to_partial_metadata_list(
    objects: Sequence[Mapping[str, Any]], metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the PartialObjectMetadataList of a list of objects; `metadata` is the list's."""
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(metadata),
        "items": [to_partial_metadata(obj) for obj in objects],
    }


def _define(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _conditions(obj: Mapping[str, Any], resource: str) -> dict[str, Any]:
    phase = (obj.get("status") or {}).get("phase") if resource == "pods" else None
    if phase not in _FINISHED:
        return {}
    condition = {"type": "Completed", "status": "True", "reason": phase}
    return {"conditions": [{**condition, "message": _FINISHED[phase]}]}


def _included(obj: Mapping[str, Any], include_object: str) -> dict[str, Any]:
    if include_object == "None":
        return {}
    return {"object": obj if include_object == "Object" else to_partial_metadata(obj)}


def _custom_columns(printer_columns: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    name = Column(
        name="Name",
        format="name",
        description=_NAME_DESCRIPTION,
        cell=lambda obj, _now: obj.get("metadata", {}).get("name", ""),
    )
    return (name, *(_custom_column(raw) for raw in printer_columns or (_CUSTOM_AGE,)))


def _custom_column(raw: Mapping[str, Any]) -> Column:
    path, kind = str(raw.get("jsonPath") or raw.get("JSONPath") or ""), str(raw.get("type", ""))
    return Column(
        name=str(raw.get("name", "")),
        type=kind,
        format=str(raw.get("format", "")),
        description=str(raw.get("description", "")),
        priority=int(raw.get("priority", 0)),
        cell=lambda obj, now: _custom_cell(find_by_path(obj, path), kind, now),
    )


def _custom_cell(found: Sequence[Any], kind: str, now: datetime) -> Any:
    if not found or found[0] is None:
        return None
    value = found[0]
    match kind:
        case "date":
            return render_age(value, now)
        case "integer":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return int(value) if is_number else None
        case "number":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return value if is_number else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case _:
            return value if isinstance(value, str) else _join(found)


def _join(found: Sequence[Any]) -> str:
    return " ".join(str(v).lower() if isinstance(v, bool) else str(v) for v in found)
